//! Releases, deadlines, sleeps: what happens when.

use crate::machine::Machine;
use crate::machine::system::System;
use rtos_abi::Error;
use rtos_abi::call::{self, NEVER};

/// A loop with a period of 100 and a deadline of 80, and an idle `low` below it.
fn one_loop() -> System {
    let mut system = System::new();
    let thread = system.thread("motor.loop", 200);
    (thread.period_us, thread.deadline_us) = (100, 80);
    system.thread("low.main", 10);
    system
}

/// The loop's record.
fn record(m: &Machine) -> kernel_core::thread::Record {
    m.thread("motor.loop").record
}

#[test]
fn releases_keep_their_exact_phase_whatever_the_work_takes() {
    let mut m = Machine::running(&one_loop());
    let start = m.now;
    for (k, work) in [3, 50, 1, 79, 0, 20].into_iter().enumerate() {
        m.tick(work);
        m.blocks(call::WAIT_PERIOD, &[0]);
        m.check();
        m.tick_to(start + 100 * (k as u64 + 1) - 1);
        m.runs("low.main");
        m.tick(1);
        assert_eq!(m.woke("motor.loop")[..2], [start + 100 * (k as u64 + 1), 0]);
    }
    assert_eq!(record(&m).runs, 6);
    assert_eq!(record(&m).worst_response, 79);
    assert_eq!(record(&m).worst_execution, 79);
    assert_eq!((record(&m).missed, record(&m).skipped), (0, 0));
}

#[test]
fn an_overrun_skips_releases_counts_them_and_keeps_the_phase() {
    let mut m = Machine::running(&one_loop());
    let start = m.now;
    m.tick(350);
    m.blocks(call::WAIT_PERIOD, &[0]);
    m.tick_to(start + 400);
    assert_eq!(m.woke("motor.loop")[..2], [start + 400, 3]);
    assert_eq!(record(&m).skipped, 3);
    m.blocks(call::WAIT_PERIOD, &[0]);
    m.tick_to(start + 500);
    assert_eq!(m.woke("motor.loop")[..2], [start + 500, 0], "the next one is as usual");
}

#[test]
fn a_missed_deadline_is_counted_once_and_when_it_passes() {
    let mut m = Machine::running(&one_loop());
    m.tick(79);
    assert_eq!(record(&m).missed, 0);
    m.tick(1);
    assert_eq!(record(&m).missed, 1, "seen at the deadline, not only when the job ends");
    m.tick(10);
    m.blocks(call::WAIT_PERIOD, &[0]);
    assert_eq!(record(&m).missed, 1);
    m.check();
    m.tick(20);
    m.tick(5);
    m.blocks(call::WAIT_PERIOD, &[0]);
    assert_eq!(record(&m).missed, 1, "a job in time is not counted");
}

#[test]
fn a_deadline_missed_while_the_thread_waits_is_counted() {
    let mut m = Machine::running(&one_loop());
    m.blocks(call::WAIT, &[1, m.now + 90]);
    m.tick(85);
    assert_eq!(record(&m).missed, 1);
    m.check();
    m.tick(5);
    m.failed("motor.loop", Error::TimedOut);
    m.check();
}

#[test]
fn the_wake_up_that_a_thread_measures_is_kept() {
    let mut m = Machine::running(&one_loop());
    m.blocks(call::WAIT_PERIOD, &[0]);
    m.tick(107);
    m.runs("motor.loop");
    let started = m.thread("motor.loop").release + 7;
    m.blocks(call::WAIT_PERIOD, &[started]);
    assert_eq!(record(&m).worst_wakeup, 7);
}

#[test]
fn a_sleep_ends_at_its_time_and_one_in_the_past_at_once() {
    let mut m = Machine::running(&one_loop());
    m.ok(call::SLEEP_UNTIL, &[m.now]);
    let end = m.now + 33;
    m.blocks(call::SLEEP_UNTIL, &[end]);
    m.tick(32);
    m.runs("low.main");
    m.tick(1);
    m.woke("motor.loop");
    assert_eq!(m.now, end);
    m.check();
}

#[test]
fn of_simultaneous_expiries_the_most_urgent_thread_runs_first() {
    let mut system = System::new();
    for (name, priority) in [("a.main", 40), ("b.main", 41), ("c.main", 42), ("d.main", 43)] {
        let thread = system.thread(name, priority);
        (thread.period_us, thread.deadline_us) = (1000, 1000);
    }
    let mut m = Machine::running(&system);
    for name in ["d.main", "c.main", "b.main", "a.main"] {
        m.runs(name);
        m.blocks(call::SLEEP_UNTIL, &[5000]);
    }
    m.tick_to(4999);
    m.idles();
    let before = m.timer_interrupts;
    m.tick(1);
    m.runs("d.main");
    assert!(m.timer_interrupts <= before + 2, "it does not wait behind the less urgent ones");
    for name in ["d.main", "c.main", "b.main", "a.main"] {
        m.woke(name);
        m.check();
        m.blocks(call::WAIT, &[1, NEVER]);
    }
}

#[test]
fn a_release_preempts_a_less_urgent_thread_at_its_tick() {
    let mut m = Machine::running(&one_loop());
    let start = m.now;
    m.blocks(call::WAIT_PERIOD, &[0]);
    m.runs("low.main");
    m.live.x.fill(0x77);
    m.live.psr = 0x6000_0000;
    m.tick(100);
    m.woke("motor.loop");
    assert_eq!(m.now, start + 100);
    m.blocks(call::WAIT_PERIOD, &[0]);
    m.runs("low.main");
    assert_eq!((m.live.x[18], m.live.psr), (0x77, 0x6000_0000), "an interrupted thread keeps every register");
}

#[test]
fn a_period_starts_anew_with_the_thread() {
    let mut system = one_loop();
    let thread = system.thread("motor.aux", 210);
    (thread.period_us, thread.deadline_us) = (100, 10);
    let mut m = Machine::running(&system);
    m.start_thread("motor.aux");
    m.runs("motor.aux");
    m.tick(15);
    assert_eq!(m.thread("motor.aux").record.missed, 1);
    m.blocks(call::THREAD_EXIT, &[]);
    m.runs("motor.loop");
    m.tick(30);
    m.start_thread("motor.aux");
    let start = m.now;
    assert_eq!(m.thread("motor.aux").record.missed, 0);
    m.tick(3);
    m.blocks(call::WAIT_PERIOD, &[0]);
    m.check();
    m.tick_to(start + 100);
    assert_eq!(m.woke("motor.aux")[0], start + 100);
    m.tick(10);
    assert_eq!(m.thread("motor.aux").record.missed, 1, "an earlier life's miss hides none");
}
