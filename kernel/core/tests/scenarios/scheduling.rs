//! Who runs.

use crate::machine::Machine;
use crate::machine::system::System;
use rtos_abi::call::{self, NEVER};

/// `high` at 30, `mid` and `twin` at 20, `low` at 10; each may notify the others with any of eight bits.
fn four() -> System {
    let mut system = System::new();
    for (name, priority) in [("low.main", 10), ("mid.main", 20), ("twin.main", 20), ("high.main", 30)] {
        system.thread(name, priority);
    }
    for from in ["low", "mid", "twin", "high"] {
        for to in ["low.main", "mid.main", "twin.main", "high.main"] {
            system.notify(from, to, 0xff);
        }
    }
    system
}

/// Lets the running thread wait for a notification.
fn wait(m: &mut Machine) {
    m.blocks(call::WAIT, &[1, NEVER]);
    m.check();
}

#[test]
fn the_most_urgent_ready_thread_runs() {
    let mut m = Machine::running(&four());
    m.check_memory();
    for name in ["high.main", "mid.main", "twin.main", "low.main"] {
        m.runs(name);
        wait(&mut m);
    }
    m.idles();
}

#[test]
fn a_more_urgent_thread_preempts_at_once_and_the_other_goes_on_where_it_was() {
    let mut m = Machine::running(&four());
    for _ in 0..3 {
        wait(&mut m);
    }
    m.runs("low.main");
    m.live.x[25] = 0x2525;
    m.blocks(call::NOTIFY, &[3, 1]);
    assert_eq!(m.woke("high.main")[0], 1);
    m.check();
    wait(&mut m);
    m.woke("low.main");
    assert_eq!(m.live.x[25], 0x2525);
    assert_eq!(m.thread("low.main").record.preemptions, 1);
}

#[test]
fn a_less_or_equally_urgent_thread_does_not_preempt() {
    let mut m = Machine::running(&four());
    for _ in 0..3 {
        wait(&mut m);
    }
    m.blocks(call::NOTIFY, &[1, 1]);
    m.runs("mid.main");
    m.ok(call::NOTIFY, &[2, 1]);
    m.runs("mid.main");
    assert!(m.is_ready("twin.main") && m.is_ready("low.main"));
    m.check();
}

#[test]
fn equals_run_in_the_order_they_became_ready() {
    let mut m = Machine::running(&four());
    for _ in 0..3 {
        wait(&mut m);
    }
    m.blocks(call::NOTIFY, &[3, 1]);
    m.runs("high.main");
    m.ok(call::NOTIFY, &[2, 1]);
    m.ok(call::NOTIFY, &[1, 1]);
    wait(&mut m);
    m.runs("twin.main");
    wait(&mut m);
    m.runs("mid.main");
}

#[test]
fn a_yield_lets_the_next_equal_run_and_returns_alone() {
    let mut m = Machine::running(&four());
    m.ok(call::YIELD, &[]);
    wait(&mut m);
    m.runs("mid.main");
    m.blocks(call::YIELD, &[]);
    m.runs("twin.main");
    m.blocks(call::YIELD, &[]);
    m.woke("mid.main");
    m.check();
}

#[test]
fn a_preempted_thread_stays_the_first_of_its_level() {
    let mut m = Machine::running(&four());
    wait(&mut m);
    m.runs("mid.main");
    m.blocks(call::NOTIFY, &[3, 1]);
    m.runs("high.main");
    wait(&mut m);
    m.runs("mid.main");
}

#[test]
fn slices_rotate_equals_and_nobody_else() {
    let mut system = four();
    for (name, thread) in &mut system.threads {
        thread.slice_us = if name == "mid.main" || name == "twin.main" { 50 } else { 0 };
    }
    let mut m = Machine::running(&system);
    m.tick(200);
    m.runs("high.main");
    wait(&mut m);
    let start = m.now;
    for n in 0..4 {
        m.runs(if n % 2 == 0 { "mid.main" } else { "twin.main" });
        m.tick(49);
        m.runs(if n % 2 == 0 { "mid.main" } else { "twin.main" });
        m.tick(1);
        m.check();
    }
    assert_eq!(m.now, start + 200);
    wait(&mut m);
    m.runs("twin.main");
    m.tick(500);
    m.runs("twin.main");
    m.check();
}

#[test]
fn timers_of_less_urgent_threads_interrupt_a_thread_once_however_many_they_are() {
    let mut system = four();
    for n in 0..10 {
        system.thread(&format!("sleeper{n}.main"), 5);
    }
    system.irq("high.main", 40, 0, 0);
    let mut m = Machine::running(&system);
    m.runs("high.main");
    m.ok(call::IRQ_DONE, &[0]);
    for _ in 0..4 {
        wait(&mut m);
    }
    for n in 0..10 {
        m.runs(&format!("sleeper{n}.main"));
        m.blocks(call::SLEEP_UNTIL, &[m.now + 100 + 10 * n]);
    }
    m.tick(5);
    m.raise(40);
    m.runs("high.main");
    let before = m.timer_interrupts;
    m.tick(1500);
    m.runs("high.main");
    assert_eq!(m.timer_interrupts, before + 1, "the first of ten is seen, the others concern nobody here");
    m.check();
    wait(&mut m);
    for n in 0..10 {
        m.woke(&format!("sleeper{n}.main"));
        m.blocks(call::WAIT, &[0, NEVER]);
    }
}

#[test]
fn the_timer_of_an_equal_is_seen_while_less_urgent_ones_are_not() {
    let mut m = Machine::running(&four());
    wait(&mut m);
    m.runs("mid.main");
    m.blocks(call::YIELD, &[]);
    m.runs("twin.main");
    m.blocks(call::SLEEP_UNTIL, &[m.now + 200]);
    m.runs("mid.main");
    m.blocks(call::SLEEP_UNTIL, &[m.now + 10]);
    m.runs("low.main");
    m.blocks(call::SLEEP_UNTIL, &[m.now + 100]);
    m.idles();
    m.tick(150);
    m.runs("mid.main");
    m.tick(60);
    m.blocks(call::YIELD, &[]);
    m.woke("twin.main");
}
