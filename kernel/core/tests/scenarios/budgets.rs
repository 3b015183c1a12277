//! Running time is limited in each period, from fixed boundaries.

use crate::machine::system::System;
use crate::machine::{BOOT, Machine};
use kernel_core::thread::State;
use rtos_abi::bundle::overrun;
use rtos_abi::call::{self, NEVER};
use rtos_abi::info::{self, kind};
use rtos_abi::{Error, FaultReason};

/// `worker` has 30 of every 100 ticks; `low` gets the rest.
fn limited(overrun: u8) -> System {
    let mut system = System::new();
    let budget = system.budget(30, 100);
    let thread = system.thread("worker.main", 120);
    (thread.budget, thread.overrun) = (budget, overrun);
    system.thread("low.main", 110);
    system
}

/// Boots at a boundary: `BOOT` is one, and no time has passed.
fn at_a_boundary(system: &System) -> Machine {
    let m = Machine::running(system);
    assert_eq!(m.now, BOOT);
    m.runs("worker.main");
    m
}

#[test]
fn a_throttled_thread_stops_at_the_exact_tick_and_goes_on_at_the_boundary() {
    let mut m = at_a_boundary(&limited(overrun::THROTTLE));
    for period in 0..4 {
        m.runs("worker.main");
        m.live.x[9] = period;
        m.tick(29);
        m.runs("worker.main");
        m.tick(1);
        m.runs("low.main");
        m.check();
        m.tick(69);
        m.runs("low.main");
        m.tick(1);
        m.runs("worker.main");
        assert_eq!(m.live.x[9], period, "its registers are untouched");
    }
    assert_eq!(m.kernel.budgets[m.thread("worker.main").budget.index()].exhausted, 4);
}

#[test]
fn what_is_not_used_is_lost_at_the_boundary() {
    let mut m = at_a_boundary(&limited(overrun::THROTTLE));
    m.tick(10);
    m.blocks(call::SLEEP_UNTIL, &[BOOT + 250]);
    m.tick_to(BOOT + 250);
    m.runs("worker.main");
    m.tick(30);
    m.runs("low.main");
    m.check();
    m.tick_to(BOOT + 300);
    m.runs("worker.main");
}

#[test]
fn a_boundary_that_passes_while_the_thread_runs_refills_without_an_interrupt() {
    let mut m = at_a_boundary(&limited(overrun::THROTTLE));
    m.blocks(call::SLEEP_UNTIL, &[BOOT + 90]);
    m.tick_to(BOOT + 90);
    let before = m.timer_interrupts;
    m.tick_to(BOOT + 119);
    assert_eq!(m.timer_interrupts, before);
    m.runs("worker.main");
    m.tick_to(BOOT + 129);
    m.runs("worker.main");
    m.tick(1);
    m.runs("low.main");
    m.check();
}

#[test]
fn a_run_over_a_boundary_is_charged_to_the_new_period_even_if_the_thread_stops_by_itself() {
    let mut m = at_a_boundary(&limited(overrun::THROTTLE));
    m.blocks(call::SLEEP_UNTIL, &[BOOT + 90]);
    m.tick_to(BOOT + 115);
    m.runs("worker.main");
    m.blocks(call::SLEEP_UNTIL, &[BOOT + 116]);
    m.tick_to(BOOT + 130);
    m.runs("worker.main");
    m.tick(1);
    m.runs("low.main");
    assert_eq!(m.ran[m.tid("worker.main").index()], 25 + 15, "10 before the boundary, 30 after it");
    m.check();
}

#[test]
fn a_fault_stops_the_partition_at_the_exact_tick() {
    let mut m = at_a_boundary(&limited(overrun::FAULT));
    m.tick(29);
    m.runs("worker.main");
    m.tick(1);
    m.woke("init.main");
    m.check();
    let fault: info::Fault = m.record(kind::FAULT, u64::from(m.slot("worker").number())).unwrap();
    assert_eq!(fault.reason, FaultReason::BudgetExceeded as u8);
    assert_eq!(fault.at, BOOT + 30);
}

#[test]
fn a_new_life_does_not_pay_for_the_budget_that_the_old_one_used_up() {
    let mut m = at_a_boundary(&limited(overrun::FAULT));
    m.tick(30);
    m.restart("worker");
    assert_eq!(m.thread("worker.main").state, State::THROTTLED);
    m.tick_to(BOOT + 100);
    m.runs("worker.main");
    m.tick(29);
    m.runs("worker.main");
    m.check();
}

#[test]
fn a_notice_tells_the_supervisor_once_a_period_and_lets_the_thread_run() {
    let mut m = at_a_boundary(&limited(overrun::NOTIFY));
    for _ in 0..2 {
        m.tick(30);
        m.woke("init.main");
        m.blocks(call::WAIT, &[call::SUPERVISOR_DEATH_BIT, NEVER]);
        m.check();
        m.runs("worker.main");
        m.tick(70);
        m.runs("worker.main");
        m.check();
    }
}

#[test]
fn threads_that_share_a_budget_share_its_time() {
    let mut system = System::new();
    let budget = system.budget(30, 100);
    system.thread("worker.main", 120).budget = budget;
    system.thread("other.main", 115).budget = budget;
    system.thread("low.main", 110);
    let mut m = at_a_boundary(&system);
    m.tick(20);
    m.blocks(call::SLEEP_UNTIL, &[BOOT + 100]);
    m.runs("other.main");
    m.tick(9);
    m.runs("other.main");
    m.tick(1);
    m.runs("low.main");
    m.check();
    m.tick_to(BOOT + 100);
    m.woke("worker.main");
    m.tick(30);
    m.runs("low.main");
    m.tick(1);
    m.runs("low.main");
    m.tick_to(BOOT + 200);
    m.runs("worker.main");
    m.blocks(call::WAIT, &[0, NEVER]);
    m.runs("other.main");
    m.check();
}

#[test]
fn waiting_costs_nothing_and_preemption_is_not_charged() {
    let mut system = limited(overrun::THROTTLE);
    system.thread("high.main", 130);
    let mut m = Machine::running(&system);
    m.runs("high.main");
    m.blocks(call::SLEEP_UNTIL, &[BOOT + 10]);
    m.runs("worker.main");
    m.tick(10);
    m.runs("high.main");
    m.tick(60);
    m.blocks(call::SLEEP_UNTIL, &[BOOT + 300]);
    m.runs("worker.main");
    m.tick(19);
    m.runs("worker.main");
    m.tick(1);
    m.runs("low.main");
    m.check();
}

#[test]
fn a_throttled_thread_is_not_woken_early_by_bits_and_finds_them_later() {
    let mut system = limited(overrun::THROTTLE);
    system.notify("low", "worker.main", 1);
    let mut m = at_a_boundary(&system);
    m.tick(30);
    m.runs("low.main");
    m.ok(call::NOTIFY, &[0, 1]);
    m.runs("low.main");
    m.tick(70);
    m.runs("worker.main");
    assert_eq!(m.ok(call::WAIT, &[1, call::POLL])[0], 1);
}

#[test]
fn a_budgets_sum_is_conserved_over_long_idle_times() {
    let mut m = at_a_boundary(&limited(overrun::THROTTLE));
    m.blocks(call::WAIT, &[1, BOOT + 12_345]);
    m.blocks(call::WAIT, &[0, NEVER]);
    m.idles();
    m.tick(12_345);
    m.failed("worker.main", Error::TimedOut);
    m.check();
    m.tick(55);
    m.runs("worker.main");
    assert_eq!(m.now, BOOT + 12_400, "30 ticks to the end of its amount, 25 throttled");
    m.check();
}
