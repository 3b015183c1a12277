//! Device lines become notification bits.

use crate::machine::Machine;
use crate::machine::system::System;
use rtos_abi::FaultReason;
use rtos_abi::call::{self, NEVER, POLL};
use rtos_abi::info::{self, kind};

/// `driver` at 50 with line 40 on bit 3, at most 400 a second: 4 in each window of 10 000 ticks.
fn driver(limit: u32) -> Machine {
    let mut system = System::new();
    system.thread("low.main", 10);
    system.thread("driver.main", 50);
    system.irq("driver.main", 40, 3, limit);
    let mut m = Machine::running(&system);
    m.runs("driver.main");
    m.ok(call::IRQ_DONE, &[0]);
    m
}

#[test]
fn a_line_sets_its_bit_and_the_driver_runs_at_once() {
    let mut m = driver(0);
    m.blocks(call::WAIT, &[8, NEVER]);
    m.runs("low.main");
    m.live.x[7] = 7;
    m.raise(40);
    assert_eq!(m.woke("driver.main")[0], 8);
    m.check();
    m.lower(40);
    m.ok(call::IRQ_DONE, &[0]);
    m.blocks(call::WAIT, &[8, NEVER]);
    m.runs("low.main");
    assert_eq!(m.live.x[7], 7);
}

#[test]
fn a_line_interrupts_once_until_irq_done() {
    let mut m = driver(0);
    m.blocks(call::WAIT, &[8, NEVER]);
    m.raise(40);
    m.woke("driver.main");
    m.tick(50);
    m.raise(40);
    assert_eq!(m.kernel.irqs[0].count, 1);
    assert!(m.kernel.irqs[0].masked);
    m.ok(call::IRQ_DONE, &[0]);
    assert_eq!(m.kernel.irqs[0].count, 2, "still asserted, so it comes again at once");
    assert_eq!(m.ok(call::WAIT, &[8, NEVER])[0], 8);
}

#[test]
fn an_interrupt_for_a_less_urgent_thread_does_not_preempt() {
    let mut system = System::new();
    system.thread("driver.main", 10);
    system.thread("high.main", 50);
    system.irq("driver.main", 40, 0, 0);
    let mut m = Machine::running(&system);
    m.blocks(call::SLEEP_UNTIL, &[m.now + 10]);
    m.ok(call::IRQ_DONE, &[0]);
    m.blocks(call::WAIT, &[1, NEVER]);
    m.tick(10);
    m.runs("high.main");
    m.raise(40);
    m.runs("high.main");
    assert!(m.is_ready("driver.main"));
    m.check();
}

#[test]
fn an_idle_core_is_woken_by_a_line() {
    let mut m = driver(0);
    m.blocks(call::WAIT, &[8, NEVER]);
    m.blocks(call::WAIT, &[1, NEVER]);
    m.idles();
    m.tick(77);
    m.raise(40);
    m.woke("driver.main");
    m.check();
}

#[test]
fn a_line_within_its_limit_goes_on_for_ever() {
    let mut m = driver(400);
    for _ in 0..5 {
        for _ in 0..4 {
            m.blocks(call::WAIT, &[8, NEVER]);
            m.raise(40);
            m.lower(40);
            m.woke("driver.main");
            m.ok(call::IRQ_DONE, &[0]);
        }
        m.tick(10_000);
    }
    assert_eq!(m.kernel.irqs[0].count, 20);
}

#[test]
fn a_storm_stops_the_owner_and_leaves_its_line_masked() {
    let mut m = driver(400);
    for _ in 0..4 {
        m.raise(40);
        m.lower(40);
        m.runs("driver.main");
        m.ok(call::IRQ_DONE, &[0]);
    }
    m.tick(9_999);
    m.raise(40);
    m.woke("init.main");
    m.check();
    assert!(!m.port.lines[&40].enabled);
    let fault: info::Fault = m.record(kind::FAULT, u64::from(m.slot("driver").number())).unwrap();
    assert_eq!(fault.reason, FaultReason::IrqStorm as u8);
}

#[test]
fn a_line_of_a_dead_owner_disturbs_nobody() {
    let mut m = driver(0);
    m.call(call::EXIT, &[0]);
    m.runs("init.main");
    m.supervisor_waits();
    m.runs("low.main");
    m.raise(40);
    m.runs("low.main");
    m.check();
    assert_eq!(m.kernel.irqs[0].count, 1);
    assert!(!m.port.lines[&40].enabled, "it came once");
}

#[test]
fn unknown_and_spurious_interrupts_are_counted_and_change_nothing() {
    let mut m = driver(0);
    m.interrupt(kernel_core::event::Event::Irq(77));
    m.interrupt(kernel_core::event::Event::SpuriousIrq);
    m.interrupt(kernel_core::event::Event::Irq(511));
    m.runs("driver.main");
    m.check();
    assert_eq!((m.kernel.unknown_count, m.kernel.spurious_count, m.kernel.last_unknown), (2, 1, 511));
    assert_eq!(m.call(call::WAIT, &[u64::MAX, POLL]).unwrap()[0], 4);
}
