//! Calls: limits, death on either side, and what a forged token comes to.

use super::calls::{call_server, sleep, three_clients};
use crate::machine::Machine;
use crate::machine::system::{DATA, System};
use rtos_abi::Error;
use rtos_abi::call::{self, LOAN_READABLE, NEVER};

#[test]
fn an_edge_allows_its_calls_in_each_window() {
    let mut system = three_clients();
    let edge = &mut system.calls[2].1;
    (edge.limit, edge.window_us) = (2, 100);
    let mut m = Machine::running(&system);
    m.blocks(call::REPLY_RECEIVE, &[0, NEVER]);
    for window in 0..3 {
        m.tick_to(1000 + window * 100);
        for _ in 0..2 {
            m.runs("high.main");
            call_server(&mut m, NEVER, 1);
            let [token, ..] = m.woke("server.main");
            m.blocks(call::REPLY_RECEIVE, &[token, NEVER]);
        }
        m.runs("high.main");
        assert_eq!(m.error(call::CALL, &[0, NEVER, 0, 0]), Error::CallLimit);
        m.tick(99);
        assert_eq!(m.error(call::CALL, &[0, NEVER, 0, 0]), Error::CallLimit);
    }
    m.tick(1);
    call_server(&mut m, NEVER, 1);
}

#[test]
fn the_calls_of_a_dead_server_end_when_it_is_reaped() {
    let mut m = Machine::running(&three_clients());
    m.blocks(call::RECEIVE, &[NEVER]);
    m.runs("high.main");
    call_server(&mut m, NEVER, 1);
    sleep(&mut m, "server.main", 50);
    m.runs("mid.main");
    call_server(&mut m, 1000, 2);
    m.runs("low.main");
    m.tick(50);
    m.runs("server.main");
    m.call(call::EXIT, &[3]);
    m.check();
    m.reap("server");
    m.failed("high.main", Error::PeerDead);
    assert_eq!(m.error(call::CALL, &[0, NEVER, 0, 0]), Error::PeerDead);
    m.blocks(call::WAIT, &[1, NEVER]);
    m.failed("mid.main", Error::PeerDead);
    m.tick(2000);
    m.runs("mid.main");
    m.check();
}

#[test]
fn a_restarted_server_is_told_of_once() {
    let mut m = Machine::running(&three_clients());
    m.call(call::EXIT, &[0]);
    m.restart("server");
    m.runs("server.main");
    m.blocks(call::REPLY_RECEIVE, &[0, NEVER]);
    m.runs("high.main");
    assert_eq!(m.error(call::CALL, &[0, NEVER, 0, 0]), Error::PeerRestarted);
    call_server(&mut m, NEVER, 11);
    m.woke("server.main");
    m.has_message(11);
}

#[test]
fn a_client_that_starts_after_its_servers_restart_hears_nothing_of_it() {
    let mut m = Machine::running(&three_clients());
    m.call(call::EXIT, &[0]);
    m.restart("server");
    m.blocks(call::REPLY_RECEIVE, &[0, NEVER]);
    m.runs("high.main");
    m.call(call::EXIT, &[0]);
    m.restart("high");
    m.runs("high.main");
    call_server(&mut m, NEVER, 12);
    m.woke("server.main");
}

#[test]
fn a_reply_to_a_dead_caller_is_cancelled_also_after_its_restart() {
    let mut m = Machine::running(&three_clients());
    m.blocks(call::RECEIVE, &[NEVER]);
    m.runs("high.main");
    call_server(&mut m, 500, 1);
    let [token, ..] = m.woke("server.main");
    m.blocks(call::SLEEP_UNTIL, &[m.now + 10]);
    m.runs("mid.main");
    m.kill("high");
    m.check();
    m.restart("high");
    m.tick(10);
    m.runs("server.main");
    assert_eq!(m.error(call::REPLY, &[token]), Error::Cancelled);
    m.blocks(call::RECEIVE, &[NEVER]);
    m.runs("high.main");
    call_server(&mut m, NEVER, 2);
    let [again, ..] = m.woke("server.main");
    assert_ne!(token, again);
    m.check();
}

#[test]
fn a_queued_caller_that_dies_leaves_the_queue() {
    let mut m = Machine::running(&three_clients());
    sleep(&mut m, "server.main", 50);
    m.runs("high.main");
    call_server(&mut m, NEVER, 1);
    m.runs("mid.main");
    call_server(&mut m, NEVER, 2);
    m.kill("high");
    m.reap("high");
    m.tick(50);
    m.runs("server.main");
    m.ok(call::RECEIVE, &[NEVER]);
    m.has_message(2);
    m.check();
}

#[test]
fn a_server_cannot_answer_a_call_it_did_not_receive() {
    let mut m = Machine::running(&three_clients());
    sleep(&mut m, "server.main", 50);
    m.runs("high.main");
    call_server(&mut m, NEVER, 1);
    let queued = m.thread("high.main").token;
    m.tick(50);
    m.runs("server.main");
    assert_eq!(m.error(call::REPLY, &[queued]), Error::Cancelled);
    assert_eq!(m.ok(call::RECEIVE, &[NEVER])[0], queued);
    m.check();
}

#[test]
fn a_client_more_urgent_than_the_reaper_runs_as_soon_as_its_call_has_ended() {
    let mut system = System::new();
    system.thread("client.main", 120);
    system.thread("server.main", 130).server = 1;
    system.call("client", "server.main");
    let mut m = Machine::running(&system);
    m.blocks(call::RECEIVE, &[NEVER]);
    m.runs("client.main");
    call_server(&mut m, NEVER, 1);
    m.woke("server.main");
    m.call(call::EXIT, &[0]);
    m.woke("init.main");
    m.start_thread("init.loader");
    m.supervisor_waits();
    m.runs("init.loader");
    let before = m.steps;
    m.blocks(call::PART_REAP, &[u64::from(m.slot("server").number())]);
    m.failed("client.main", Error::PeerDead);
    assert!(m.steps - before <= 1 + u64::from(m.tid("client.main").0), "the rest of the reaping waits");
    m.check();
    m.blocks(call::WAIT, &[1, NEVER]);
    m.woke("init.loader");
    assert_eq!(m.partition("server").life, kernel_core::partition::Life::Empty);
    m.check_memory();
}

#[test]
fn a_server_cannot_answer_or_use_another_servers_call() {
    let mut system = three_clients();
    system.thread("thief.main", 60).server = 1;
    let mut m = Machine::running(&system);
    m.blocks(call::SLEEP_UNTIL, &[m.now + 10]);
    m.runs("server.main");
    m.blocks(call::RECEIVE, &[NEVER]);
    m.runs("high.main");
    m.blocks(call::CALL, &[0, NEVER, DATA, 100 | LOAN_READABLE]);
    let [token, ..] = m.woke("server.main");
    m.tick(10);
    m.woke("thief.main");
    assert_eq!(m.error(call::LOAN_READ, &[token, 0, DATA, 10]), Error::Cancelled);
    assert_eq!(m.error(call::REPLY, &[token]), Error::Cancelled);
    m.blocks(call::REPLY_RECEIVE, &[token, NEVER]);
    m.check();
    m.runs("server.main");
    m.ok(call::REPLY, &[token]);
}
