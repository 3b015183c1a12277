//! Threads of one partition: start, end, join; floating point.

use crate::machine::Machine;
use crate::machine::system::System;
use rtos_abi::call::{self, NEVER, POLL};
use rtos_abi::layout::PROGRAM_BASE;
use rtos_abi::{Error, Misuse};

/// `app` with a main thread at 20, a worker below and an urgent one above it; `low` at 5.
fn app() -> Machine {
    let mut system = System::new();
    system.thread("low.main", 5);
    system.thread("app.main", 20);
    system.thread("app.worker", 10);
    system.thread("app.urgent", 30);
    Machine::running(&system)
}

#[test]
fn a_partition_starts_with_its_first_thread_alone() {
    let mut m = app();
    m.runs("app.main");
    assert_eq!((m.live.pc, m.live.x[0]), (PROGRAM_BASE, 7000 + u64::from(m.slot("app").number())));
    assert_eq!(m.live.sp, m.kernel.facts[m.tid("app.main").index()].stack_top);
    m.write(m.live.sp - 8, &[1; 8]).unwrap();
    m.fetch(m.live.pc).unwrap();
    m.blocks(call::WAIT, &[1, NEVER]);
    m.runs("low.main");
}

#[test]
fn a_started_thread_begins_at_its_entry_with_its_argument_and_stack() {
    let mut m = app();
    assert_eq!(m.call(call::THREAD_START, &[2, PROGRAM_BASE + 64, 0x55]), None);
    m.runs("app.urgent");
    assert_eq!((m.live.pc, m.live.x[0]), (PROGRAM_BASE + 64, 0x55));
    assert_eq!(m.live.sp, m.kernel.facts[m.tid("app.urgent").index()].stack_top);
    m.check();
    m.blocks(call::THREAD_EXIT, &[]);
    m.woke("app.main");
    m.ok(call::THREAD_START, &[1, PROGRAM_BASE, 1]);
    assert_eq!(m.error(call::THREAD_START, &[1, PROGRAM_BASE, 1]), Error::BadState, "it runs already");
    assert_eq!(m.error(call::THREAD_START, &[0, PROGRAM_BASE, 1]), Error::BadState, "it is the caller");
    m.check();
}

#[test]
fn an_ended_thread_can_be_started_again() {
    let mut m = app();
    for round in 0..3 {
        m.call(call::THREAD_START, &[2, PROGRAM_BASE, round]);
        m.runs("app.urgent");
        assert_eq!(m.live.x[0], round);
        m.live.x[19] = 0xdead;
        m.blocks(call::THREAD_EXIT, &[]);
        m.check();
    }
}

#[test]
fn a_join_returns_when_the_thread_ends_and_at_once_if_it_has() {
    let mut m = app();
    m.ok(call::THREAD_JOIN, &[1, NEVER]);
    m.start_thread("app.worker");
    assert_eq!(m.error(call::THREAD_JOIN, &[1, POLL]), Error::WouldBlock);
    m.blocks(call::THREAD_JOIN, &[1, NEVER]);
    m.check();
    m.runs("app.worker");
    m.blocks(call::THREAD_EXIT, &[]);
    m.woke("app.main");
    m.check();
}

#[test]
fn a_join_times_out_and_leaves_no_trace() {
    let mut m = app();
    m.start_thread("app.worker");
    m.blocks(call::THREAD_JOIN, &[1, m.now + 30]);
    m.tick(30);
    m.failed("app.main", Error::TimedOut);
    m.check();
    m.blocks(call::WAIT, &[1, m.now + 50]);
    m.runs("app.worker");
    m.blocks(call::THREAD_EXIT, &[]);
    m.runs("low.main");
    m.tick(50);
    m.failed("app.main", Error::TimedOut);
}

#[test]
fn a_join_with_a_deadline_that_is_kept_has_no_second_end() {
    let mut m = app();
    m.start_thread("app.worker");
    m.blocks(call::THREAD_JOIN, &[1, m.now + 30]);
    m.tick(10);
    m.blocks(call::THREAD_EXIT, &[]);
    m.woke("app.main");
    m.check();
    m.blocks(call::WAIT, &[1, NEVER]);
    m.tick(100);
    m.runs("low.main");
    m.check();
}

#[test]
fn only_one_thread_joins_another() {
    let mut m = app();
    m.start_thread("app.worker");
    m.blocks(call::SLEEP_UNTIL, &[m.now + 10]);
    m.runs("app.worker");
    m.call(call::THREAD_START, &[2, PROGRAM_BASE, 0]);
    m.runs("app.urgent");
    m.blocks(call::THREAD_JOIN, &[1, NEVER]);
    m.tick(10);
    m.woke("app.main");
    assert_eq!(m.error(call::THREAD_JOIN, &[1, NEVER]), Error::BadState);
    m.call(call::THREAD_JOIN, &[0, NEVER]);
    let death = m.partition("app").death;
    assert_eq!(death.misuse, Misuse::NotAllowed as u8, "a thread cannot wait for itself");
}

#[test]
fn floating_point_registers_belong_to_the_threads_that_declared_them() {
    let mut system = System::new();
    system.thread("one.main", 20).fp = 1;
    system.thread("two.main", 20).fp = 1;
    system.thread("plain.main", 20);
    let mut m = Machine::running(&system);
    for round in 1..4 {
        for (name, value) in [("one.main", 0x11), ("two.main", 0x22), ("plain.main", 0)] {
            m.runs(name);
            if value != 0 {
                m.live.fp = value * round;
            }
            m.blocks(call::YIELD, &[]);
        }
        assert_eq!(m.live.fp, 0x11 * round);
    }
}

#[test]
fn a_new_life_finds_no_floating_point_registers_of_the_old_one() {
    let mut system = System::new();
    system.thread("one.main", 20).fp = 1;
    system.operator();
    let mut m = Machine::running(&system);
    m.live.fp = 0x1234;
    m.kill("one");
    m.restart("one");
    m.runs("one.main");
    assert_eq!(m.live.fp, 0);
}
