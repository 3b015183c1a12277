//! Calls: what every program relies on.

use crate::machine::Machine;
use crate::machine::system::System;
use rtos_abi::Error;
use rtos_abi::call::{self, LOAN_NONE, NEVER, POLL};

/// `server` at 50; `low`, `mid`, `high` at 10, 20, 30 may call it, `bystander` at 5.
pub fn three_clients() -> System {
    let mut system = System::new();
    system.thread("bystander.main", 5);
    for (name, priority) in [("low", 10), ("mid", 20), ("high", 30)] {
        system.thread(&format!("{name}.main"), priority);
    }
    system.thread("server.main", 50).server = 1;
    for name in ["low", "mid", "high"] {
        system.call(name, "server.main");
    }
    system.operator();
    system
}

/// Calls the server without a loan, and with a deadline so many ticks from now.
pub fn call_server(m: &mut Machine, within: u64, message: u64) {
    m.set_message(message);
    let deadline = if within == NEVER { NEVER } else { m.now + within };
    m.blocks(call::CALL, &[0, deadline, 0, LOAN_NONE]);
    m.check();
}

/// Lets a thread, which runs, sleep.
pub fn sleep(m: &mut Machine, name: &str, ticks: u64) {
    m.runs(name);
    m.blocks(call::SLEEP_UNTIL, &[m.now + ticks]);
}

#[test]
fn a_call_carries_sixty_four_bytes_there_and_back() {
    let mut m = Machine::running(&three_clients());
    m.blocks(call::RECEIVE, &[NEVER]);
    m.runs("high.main");
    call_server(&mut m, NEVER, 1000);
    let [token, badge, loan] = m.woke("server.main");
    m.has_message(1000);
    assert_eq!((badge, loan), (100 + u64::from(m.slot("high").number()), 0));
    m.set_message(2000);
    m.ok(call::REPLY, &[token]);
    m.check();
    m.set_message(3000);
    m.blocks(call::RECEIVE, &[NEVER]);
    m.woke("high.main");
    m.has_message(2000);
}

#[test]
fn a_server_loop_replies_and_receives_in_one_call() {
    let mut m = Machine::running(&three_clients());
    m.blocks(call::REPLY_RECEIVE, &[0, NEVER]);
    for round in 0..5 {
        m.runs("high.main");
        call_server(&mut m, if round % 2 == 0 { NEVER } else { 1000 }, round * 100);
        let [token, ..] = m.woke("server.main");
        m.has_message(round * 100);
        m.set_message(round * 100 + 50);
        m.blocks(call::REPLY_RECEIVE, &[token, NEVER]);
        m.check();
        m.woke("high.main");
        m.has_message(round * 100 + 50);
    }
}

#[test]
fn calls_to_a_busy_server_queue_by_priority() {
    let mut m = Machine::running(&three_clients());
    let end = m.now + 100;
    sleep(&mut m, "server.main", 100);
    sleep(&mut m, "high.main", 20);
    sleep(&mut m, "mid.main", 10);
    m.runs("low.main");
    call_server(&mut m, NEVER, 100);
    m.tick(10);
    m.runs("mid.main");
    call_server(&mut m, NEVER, 200);
    m.tick(10);
    m.runs("high.main");
    call_server(&mut m, NEVER, 300);
    m.runs("bystander.main");
    m.tick_to(end);
    let mut token = 0;
    for (message, badge) in [(300, "high"), (200, "mid"), (100, "low")] {
        m.runs("server.main");
        let [next, from, _] = m.ok(call::REPLY_RECEIVE, &[token, NEVER]);
        assert_eq!(from, 100 + u64::from(m.slot(badge).number()));
        m.has_message(message);
        m.check();
        m.set_message(message + 5);
        token = next;
    }
    m.blocks(call::REPLY_RECEIVE, &[token, NEVER]);
    for (name, message) in [("high.main", 305), ("mid.main", 205), ("low.main", 105)] {
        m.woke(name);
        m.has_message(message);
        m.blocks(call::WAIT, &[1, NEVER]);
    }
    m.runs("bystander.main");
}

#[test]
fn several_calls_can_be_open_and_answered_in_any_order() {
    let mut m = Machine::running(&three_clients());
    m.blocks(call::RECEIVE, &[NEVER]);
    m.runs("high.main");
    call_server(&mut m, NEVER, 300);
    let [high, ..] = m.woke("server.main");
    m.blocks(call::RECEIVE, &[NEVER]);
    m.runs("mid.main");
    call_server(&mut m, NEVER, 200);
    let [mid, ..] = m.woke("server.main");
    m.set_message(700);
    m.ok(call::REPLY, &[high]);
    m.set_message(800);
    m.ok(call::REPLY, &[mid]);
    assert_eq!(m.error(call::REPLY, &[mid]), Error::Cancelled, "a token is good once");
    m.blocks(call::RECEIVE, &[NEVER]);
    m.woke("high.main");
    m.has_message(700);
    m.blocks(call::WAIT, &[1, NEVER]);
    m.woke("mid.main");
    m.has_message(800);
    m.check();
}

#[test]
fn a_call_times_out_while_it_queues() {
    let mut m = Machine::running(&three_clients());
    sleep(&mut m, "server.main", 100);
    m.runs("high.main");
    call_server(&mut m, 30, 1);
    m.runs("mid.main");
    m.tick(29);
    m.runs("mid.main");
    m.tick(1);
    m.failed("high.main", Error::TimedOut);
    m.check();
    m.blocks(call::WAIT, &[1, NEVER]);
    m.tick(70);
    m.runs("server.main");
    assert_eq!(m.error(call::RECEIVE, &[POLL]), Error::WouldBlock);
}

#[test]
fn a_call_times_out_while_it_is_served_and_the_reply_is_told() {
    let mut m = Machine::running(&three_clients());
    m.blocks(call::RECEIVE, &[NEVER]);
    m.runs("high.main");
    call_server(&mut m, 30, 1);
    let [token, ..] = m.woke("server.main");
    assert_eq!(m.kernel.lazy, m.tid("high.main"), "one deadline stays out of the tree");
    m.tick(30);
    m.runs("server.main");
    m.check();
    assert!(m.is_ready("high.main"));
    assert_eq!(m.error(call::REPLY, &[token]), Error::Cancelled);
    m.blocks(call::RECEIVE, &[NEVER]);
    m.failed("high.main", Error::TimedOut);
}

#[test]
fn two_deadlines_of_served_calls_both_end_at_their_time() {
    for first_out in [true, false] {
        let mut m = Machine::running(&three_clients());
        m.blocks(call::RECEIVE, &[NEVER]);
        m.runs("high.main");
        let (early, late) = (m.now + 30, m.now + 60);
        call_server(&mut m, if first_out { 30 } else { 60 }, 1);
        m.runs("server.main");
        m.blocks(call::RECEIVE, &[NEVER]);
        m.runs("mid.main");
        call_server(&mut m, if first_out { 60 } else { 30 }, 2);
        m.runs("server.main");
        m.blocks(call::RECEIVE, &[NEVER]);
        sleep(&mut m, "low.main", 200);
        m.tick_to(early);
        let (now_out, later) = if first_out { ("high.main", "mid.main") } else { ("mid.main", "high.main") };
        m.failed(now_out, Error::TimedOut);
        m.check();
        m.blocks(call::WAIT, &[1, NEVER]);
        m.tick_to(late);
        m.failed(later, Error::TimedOut);
        m.check();
    }
}

#[test]
fn a_receive_ends_at_its_deadline() {
    let mut m = Machine::running(&three_clients());
    assert_eq!(m.error(call::RECEIVE, &[POLL]), Error::WouldBlock);
    let end = m.now + 25;
    m.blocks(call::RECEIVE, &[end]);
    m.tick(25);
    m.failed("server.main", Error::TimedOut);
    assert_eq!(m.error(call::RECEIVE, &[end]), Error::TimedOut);
    m.blocks(call::REPLY_RECEIVE, &[0, end + 25]);
    m.tick(25);
    m.failed("server.main", Error::TimedOut);
    m.check();
}

#[test]
fn a_call_that_does_not_wait_leaves_the_servers_own_deadline_in_place() {
    let mut m = Machine::running(&three_clients());
    let end = m.now + 25;
    m.blocks(call::RECEIVE, &[end]);
    m.runs("high.main");
    assert_eq!(m.error(call::CALL, &[0, POLL, 0, 0]), Error::WouldBlock);
    assert_eq!(m.error(call::CALL, &[0, m.now, 0, 0]), Error::TimedOut);
    m.check();
    m.tick(25);
    m.failed("server.main", Error::TimedOut);
}

#[test]
fn a_call_to_a_server_that_receives_with_a_deadline_disarms_it() {
    let mut m = Machine::running(&three_clients());
    m.blocks(call::RECEIVE, &[m.now + 25]);
    m.runs("high.main");
    call_server(&mut m, NEVER, 7);
    let [token, ..] = m.woke("server.main");
    m.blocks(call::REPLY_RECEIVE, &[token, NEVER]);
    m.tick(100);
    m.woke("high.main");
    m.check();
}

#[test]
fn a_client_that_is_called_back_while_less_urgent_ones_queue_is_not_delayed_by_them() {
    let mut m = Machine::running(&three_clients());
    m.blocks(call::RECEIVE, &[NEVER]);
    sleep(&mut m, "high.main", 10);
    m.runs("mid.main");
    call_server(&mut m, NEVER, 1);
    let [token, ..] = m.woke("server.main");
    m.tick(10);
    m.runs("server.main");
    m.set_message(55);
    m.blocks(call::REPLY_RECEIVE, &[token, NEVER]);
    m.woke("high.main");
    call_server(&mut m, NEVER, 2);
    let [token, ..] = m.woke("server.main");
    m.blocks(call::REPLY_RECEIVE, &[token, NEVER]);
    m.woke("high.main");
    m.blocks(call::WAIT, &[1, NEVER]);
    m.woke("mid.main");
    m.has_message(55);
}
