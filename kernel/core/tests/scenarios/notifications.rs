//! Notification bits.

use crate::machine::Machine;
use crate::machine::system::System;
use rtos_abi::Error;
use rtos_abi::call::{self, NEVER, POLL};

/// `waiter` at 30 with a second thread, `sender` at 20 with an edge for the low four bits.
fn pair() -> Machine {
    let mut system = System::new();
    system.thread("sender.main", 20);
    system.thread("waiter.main", 30);
    system.thread("waiter.aux", 25);
    system.notify("sender", "waiter.main", 0b1111);
    let m = Machine::running(&system);
    m.runs("waiter.main");
    m
}

#[test]
fn a_wait_takes_the_bits_it_asked_for_and_leaves_the_others() {
    let mut m = pair();
    m.blocks(call::WAIT, &[0b1100, NEVER]);
    m.ok(call::NOTIFY, &[0, 0b0001]);
    m.check();
    m.blocks(call::NOTIFY, &[0, 0b0110]);
    assert_eq!(m.woke("waiter.main")[0], 0b0100);
    assert_eq!(m.ok(call::WAIT, &[u64::MAX, NEVER])[0], 0b0011);
    assert_eq!(m.error(call::WAIT, &[u64::MAX, POLL]), Error::WouldBlock);
    m.check();
}

#[test]
fn bits_add_up_until_they_are_taken() {
    let mut m = pair();
    m.blocks(call::SLEEP_UNTIL, &[m.now + 50]);
    for bit in [1, 2, 2, 8] {
        m.ok(call::NOTIFY, &[0, bit]);
    }
    m.tick(50);
    m.woke("waiter.main");
    assert_eq!(m.ok(call::WAIT, &[0xff, POLL])[0], 11);
}

#[test]
fn a_wait_ends_at_its_deadline_and_bits_that_come_later_stay() {
    let mut m = pair();
    let end = m.now + 40;
    m.blocks(call::WAIT, &[1, end]);
    m.tick(39);
    m.runs("sender.main");
    m.tick(1);
    m.failed("waiter.main", Error::TimedOut);
    m.check();
    m.blocks(call::SLEEP_UNTIL, &[end + 10]);
    m.ok(call::NOTIFY, &[0, 1]);
    m.tick(10);
    assert_eq!(m.ok(call::WAIT, &[1, NEVER])[0], 1);
    assert_eq!(m.error(call::WAIT, &[1, end]), Error::TimedOut, "a deadline in the past");
}

#[test]
fn a_wait_that_ended_by_bits_is_not_ended_by_its_deadline_again() {
    let mut m = pair();
    let end = m.now + 40;
    m.blocks(call::WAIT, &[1, end]);
    m.tick(10);
    m.blocks(call::NOTIFY, &[0, 1]);
    m.woke("waiter.main");
    m.check();
    m.blocks(call::WAIT, &[1, NEVER]);
    m.tick(100);
    m.runs("sender.main");
    m.check();
}

#[test]
fn own_threads_are_notified_without_an_edge() {
    let mut m = pair();
    m.start_thread("waiter.aux");
    m.runs("waiter.main");
    m.blocks(call::WAIT, &[1 << 63, NEVER]);
    m.runs("waiter.aux");
    m.blocks(call::NOTIFY_OWN, &[0, 1 << 63 | 1]);
    assert_eq!(m.woke("waiter.main")[0], 1 << 63);
    m.ok(call::NOTIFY_OWN, &[0, 2]);
    assert_eq!(m.ok(call::WAIT, &[u64::MAX, POLL])[0], 3);
    m.check();
}

#[test]
fn a_peer_that_never_started_is_dead_and_its_first_start_is_no_restart() {
    let mut system = System::new();
    system.thread("early.main", 20);
    system.thread("late.main", 10);
    system.notify("early", "late.main", 1);
    let mut m = Machine::boot(&system);
    m.build_and_start(1);
    m.blocks(call::SLEEP_UNTIL, &[m.now + 100]);
    m.runs("early.main");
    assert_eq!(m.error(call::NOTIFY, &[0, 1]), Error::PeerDead);
    m.check();
    m.tick(100);
    m.runs("init.main");
    m.build_and_start(2);
    m.blocks(call::WAIT, &[1, NEVER]);
    m.runs("early.main");
    m.ok(call::NOTIFY, &[0, 1]);
    m.blocks(call::WAIT, &[1, NEVER]);
    m.runs("late.main");
    assert_eq!(m.ok(call::WAIT, &[1, POLL])[0], 1);
    m.check();
}

#[test]
fn init_is_a_peer_like_any_other() {
    let mut system = System::new();
    system.thread("app.main", 20);
    system.notify("app", "init.main", 1);
    let mut m = Machine::running(&system);
    m.ok(call::NOTIFY, &[0, 1]);
    m.call(call::EXIT, &[0]);
    m.runs("init.main");
    assert_eq!(m.ok(call::WAIT, &[1, POLL])[0], 1);
}
