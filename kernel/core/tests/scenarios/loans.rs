//! A client lends a range of its memory for the length of a call.

use crate::machine::Machine;
use crate::machine::system::{DATA, System};
use rtos_abi::call::{self, LOAN_READABLE, LOAN_WRITABLE, NEVER};
use rtos_abi::layout::PROGRAM_BASE;
use rtos_abi::{Error, Misuse};

/// `client` at 20 lends to `server` at 50, which has all of its own data to use; an operator.
fn lender() -> Machine {
    let mut system = System::new();
    system.thread("client.main", 20);
    system.thread("server.main", 50).server = 1;
    system.call("client", "server.main");
    system.operator();
    let mut m = Machine::running(&system);
    m.blocks(call::RECEIVE, &[NEVER]);
    m.runs("client.main");
    m
}

/// The client lends, the server runs; answers the token.
fn lend(m: &mut Machine, address: u64, len: u64, kind: u64) -> u64 {
    m.blocks(call::CALL, &[0, NEVER, address, len | kind]);
    let [token, _, loan] = m.woke("server.main");
    assert_eq!(loan, len | kind);
    token
}

#[test]
fn a_server_reads_and_writes_what_it_was_lent() {
    let mut m = lender();
    let text: Vec<u8> = (0..5000).map(|n| n as u8).collect();
    m.write(DATA, &text).unwrap();
    let token = lend(&mut m, DATA, 5000, LOAN_READABLE | LOAN_WRITABLE);
    m.ok(call::LOAN_READ, &[token, 0, DATA + 100, 5000]);
    assert_eq!(m.read(DATA + 100, 5000).unwrap(), text);
    m.ok(call::LOAN_WRITE, &[token, 4990, PROGRAM_BASE, 10]);
    m.ok(call::LOAN_WRITE, &[token, 0, DATA + 100 + 1024, 2049]);
    m.check();
    m.blocks(call::REPLY_RECEIVE, &[token, NEVER]);
    m.woke("client.main");
    assert_eq!(m.read(DATA, 2049).unwrap(), text[1024..3073]);
    assert_eq!(m.read(DATA + 2049, 2941).unwrap(), text[2049..4990]);
    assert_eq!(m.read(DATA + 4990, 10).unwrap(), m.read(DATA + 4990, 10).unwrap());
    let server = u64::from(m.slot("server").number());
    assert_eq!(m.read(DATA + 4990, 10).unwrap(), Machine::program(server, 10));
}

#[test]
fn a_loan_is_used_only_within_its_bounds_and_as_it_was_lent() {
    let mut m = lender();
    let token = lend(&mut m, DATA, 100, LOAN_READABLE);
    for (offset, len) in [(0, 101), (100, 1), (101, 0), (1, u64::MAX), (u64::MAX, 1)] {
        assert_eq!(m.error(call::LOAN_READ, &[token, offset, DATA, len]), Error::Refused, "{offset} {len}");
    }
    m.ok(call::LOAN_READ, &[token, 100, DATA, 0]);
    m.ok(call::LOAN_READ, &[token, 99, DATA, 1]);
    assert_eq!(m.error(call::LOAN_WRITE, &[token, 0, DATA, 1]), Error::Refused);
    m.blocks(call::REPLY_RECEIVE, &[token, NEVER]);
    let token = lend(&mut m, DATA, 100, LOAN_WRITABLE);
    assert_eq!(m.error(call::LOAN_READ, &[token, 0, DATA, 1]), Error::Refused);
    m.ok(call::LOAN_WRITE, &[token, 0, DATA, 100]);
}

#[test]
fn a_loan_ends_with_its_call() {
    let mut m = lender();
    let token = lend(&mut m, DATA, 100, LOAN_READABLE);
    m.ok(call::REPLY, &[token]);
    assert_eq!(m.error(call::LOAN_READ, &[token, 0, DATA, 1]), Error::Cancelled);
    for forged in [0, 1, token + 256, token << 8, u64::MAX] {
        assert_eq!(m.error(call::LOAN_READ, &[forged, 0, DATA, 1]), Error::Cancelled);
    }
}

#[test]
fn a_loan_of_what_the_client_may_not_use_itself_is_refused_to_the_server() {
    let data_end = DATA + 3 * 4096;
    for (address, len, kind) in [
        (PROGRAM_BASE, 16, LOAN_WRITABLE),
        (data_end - 8, 16, LOAN_READABLE),
        (0, 1, LOAN_READABLE),
        (rtos_abi::layout::INFO_PAGE, 8, LOAN_READABLE),
        (u64::MAX, 8, LOAN_READABLE),
    ] {
        let mut m = lender();
        let token = lend(&mut m, address, len, kind);
        let call = if kind == LOAN_READABLE { call::LOAN_READ } else { call::LOAN_WRITE };
        assert_eq!(m.error(call, &[token, 0, DATA, len]), Error::Refused, "{address:#x} {len:#x}");
        m.blocks(call::REPLY_RECEIVE, &[token, NEVER]);
        m.woke("client.main");
        m.check();
    }
}

#[test]
fn a_servers_own_range_must_be_its_own() {
    for (call, own) in [(call::LOAN_READ, PROGRAM_BASE), (call::LOAN_READ, 0), (call::LOAN_WRITE, 0x30_0000)] {
        let mut m = lender();
        let token = lend(&mut m, DATA, 100, LOAN_READABLE | LOAN_WRITABLE);
        m.call(call, &[token, 0, own, 10]);
        m.woke("init.main");
        assert_eq!(m.partition("server").death.misuse, Misuse::BadRange as u8, "{own:#x}");
        m.check();
        m.reap("server");
        m.failed("client.main", Error::PeerDead);
    }
}

#[test]
fn a_copy_is_cancelled_in_the_middle_when_the_client_dies() {
    let mut m = lender();
    m.write(DATA, &[7; 8192]).unwrap();
    let token = lend(&mut m, DATA, 8192, LOAN_READABLE);
    m.raise_after = Some((4, crate::machine::system::OPERATOR_LINE));
    assert!(m.call(call::LOAN_READ, &[token, 0, DATA, 8192]).is_none());
    m.woke("operator.main");
    m.lower(crate::machine::system::OPERATOR_LINE);
    let client = u64::from(m.slot("client").number());
    m.blocks(call::KILL, &[client, 0]);
    m.supervisor_waits();
    m.failed("server.main", Error::Cancelled);
    let copied = m.read(DATA, 8192).unwrap().iter().filter(|byte| **byte == 7).count();
    assert!((1024..8192).contains(&copied), "{copied} bytes");
    m.check();
    assert_eq!(m.error(call::LOAN_READ, &[token, 0, DATA, 10]), Error::Cancelled);
}

#[test]
fn a_copy_that_is_interrupted_anywhere_copies_every_byte_once() {
    for n in 1..9 {
        let mut m = lender();
        let text: Vec<u8> = (0..6000).map(|n| (n / 3) as u8).collect();
        m.write(DATA, &text).unwrap();
        let token = lend(&mut m, DATA, 6000, LOAN_READABLE);
        m.raise_after = Some((n, crate::machine::system::OPERATOR_LINE));
        let returned = m.call(call::LOAN_READ, &[token, 0, DATA + 1, 6000]);
        if returned.is_none() {
            m.woke("operator.main");
            m.lower(crate::machine::system::OPERATOR_LINE);
            m.ok(call::IRQ_DONE, &[0]);
            m.blocks(call::WAIT, &[1, NEVER]);
        }
        m.woke("server.main");
        assert_eq!(m.read(DATA + 1, 6000).unwrap(), text, "interrupted after step {n}");
        m.check();
    }
}

#[test]
fn a_copy_moves_a_kilobyte_a_step() {
    let mut m = lender();
    let token = lend(&mut m, DATA, 8192, LOAN_READABLE);
    let before = m.steps;
    m.ok(call::LOAN_READ, &[token, 0, DATA, 8192]);
    assert!((7..=9).contains(&(m.steps - before)), "two steps find the ranges");
}
