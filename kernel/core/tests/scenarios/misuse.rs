//! A call that no correct program makes stops its partition, with the reason, and disturbs nobody else.

use crate::machine::Machine;
use crate::machine::system::System;
use rtos_abi::call::{self, NEVER, right};
use rtos_abi::info::{self, kind};
use rtos_abi::{FaultReason, Misuse};

/// `bad` at 60, which has an edge to `low`, to a server below it and to one above it; `good` at 20.
fn system() -> System {
    let mut system = System::new();
    system.thread("low.main", 10);
    system.thread("good.main", 20).server = 1;
    system.thread("bad.main", 60);
    system.thread("bad.aux", 61);
    system.thread("equal.main", 60).server = 1;
    system.notify("bad", "low.main", 0b11);
    system.call("bad", "good.main");
    system.call("bad", "equal.main");
    system.irq("bad.main", 40, 0, 0);
    let grant = rtos_abi::bundle::Grant {
        partition: system.slot("bad"),
        perm: call::perm::WRITE,
        width: 4,
        address: 0x100,
        mask: 0b110,
        ..rtos_abi::bundle::Grant::default()
    };
    system.grants.push(grant);
    system
}

/// Every misuse by a thread without rights: call, arguments, what it is named.
const CASES: &[(u8, &[u64], Misuse)] = &[
    (29, &[], Misuse::UnknownCall),
    (200, &[], Misuse::UnknownCall),
    (255, &[], Misuse::UnknownCall),
    (call::NOTIFY, &[1, 1], Misuse::UnknownHandle),
    (call::NOTIFY, &[32, 1], Misuse::UnknownHandle),
    (call::NOTIFY, &[u64::MAX, 1], Misuse::UnknownHandle),
    (call::NOTIFY, &[0, 0b100], Misuse::BadValue),
    (call::NOTIFY_OWN, &[2, 1], Misuse::UnknownHandle),
    (call::NOTIFY_OWN, &[8, 1], Misuse::UnknownHandle),
    (call::CALL, &[0, NEVER, 0, 0], Misuse::NotUphill),
    (call::CALL, &[1, NEVER, 0, 0], Misuse::NotUphill),
    (call::CALL, &[2, NEVER, 0, 0], Misuse::UnknownHandle),
    (call::CALL, &[8, NEVER, 0, 0], Misuse::UnknownHandle),
    (call::RECEIVE, &[NEVER], Misuse::NotAllowed),
    (call::REPLY, &[77], Misuse::BadToken),
    (call::REPLY, &[0], Misuse::BadToken),
    (call::REPLY_RECEIVE, &[0, NEVER], Misuse::NotAllowed),
    (call::WAIT_PERIOD, &[0], Misuse::NotAllowed),
    (call::IRQ_DONE, &[1], Misuse::UnknownHandle),
    (call::IRQ_DONE, &[8], Misuse::UnknownHandle),
    (call::THREAD_START, &[2, 0, 0], Misuse::UnknownHandle),
    (call::THREAD_START, &[u64::MAX, 0, 0], Misuse::UnknownHandle),
    (call::THREAD_JOIN, &[5, 0], Misuse::UnknownHandle),
    (call::THREAD_JOIN, &[0, NEVER], Misuse::NotAllowed),
    (call::REG_READ, &[0], Misuse::UnknownHandle),
    (call::REG_READ, &[16], Misuse::UnknownHandle),
    (call::REG_WRITE, &[1, 0], Misuse::UnknownHandle),
    (call::REG_WRITE, &[0, 1], Misuse::BadValue),
    (call::REG_WRITE, &[0, 1 << 32], Misuse::BadValue),
    (call::INFO, &[kind::SYSTEM, 0], Misuse::MissingRight),
    (call::INFO, &[99, 0], Misuse::MissingRight),
    (call::KILL, &[1, 0], Misuse::MissingRight),
    (call::SHUTDOWN, &[0], Misuse::MissingRight),
    (call::PART_MAP, &[1, 0, 0, 0], Misuse::MissingRight),
    (call::PART_WRITE, &[1, 0, 0, 0], Misuse::MissingRight),
    (call::PART_SEAL, &[1], Misuse::MissingRight),
    (call::PART_START, &[1, 0, 0], Misuse::MissingRight),
    (call::PART_REAP, &[1], Misuse::MissingRight),
];

#[test]
fn every_misuse_stops_the_caller_with_its_name_and_nobody_else() {
    for (number, args, misuse) in CASES {
        let mut m = Machine::running(&system());
        m.start_thread("bad.aux");
        m.runs("bad.aux");
        m.blocks(call::WAIT, &[1, NEVER]);
        m.runs("bad.main");
        assert!(m.call(*number, args).is_none(), "call {number} {args:?} returned");
        m.woke("init.main");
        m.check();
        let fault: info::Fault = m.record(kind::FAULT, u64::from(m.slot("bad").number())).unwrap();
        assert_eq!(fault.reason, FaultReason::Misuse as u8, "call {number} {args:?}");
        assert_eq!(
            fault.misuse,
            *misuse as u8,
            "call {number} {args:?} is {:?}",
            Misuse::from_number(fault.misuse.into())
        );
        m.reap("bad");
        m.runs("equal.main");
        m.blocks(call::WAIT, &[1, NEVER]);
        m.runs("good.main");
        m.blocks(call::WAIT, &[1, NEVER]);
        m.runs("low.main");
    }
}

#[test]
fn a_builder_misuses_too() {
    let mut system = system();
    let bad = usize::from(system.slot("bad"));
    system.partitions[bad].rights = right::BUILD;
    let mut m = Machine::running(&system);
    m.runs("bad.main");
    m.call(call::PART_MAP, &[1, 0x20_0000, 1, 8]);
    m.woke("init.main");
    assert_eq!(m.partition("bad").death.misuse, Misuse::BadValue as u8);
    m.restart("bad");
    m.runs("equal.main");
    m.check();
}

#[test]
fn a_builder_that_copies_from_where_it_has_nothing_misuses() {
    let mut system = system();
    let bad = usize::from(system.slot("bad"));
    system.partitions[bad].rights = right::BUILD;
    system.partition("spare");
    let spare = u64::from(system.slot("spare"));
    let mut m = Machine::boot(&system);
    m.build_and_start(bad as u64);
    m.supervisor_waits();
    m.runs("bad.main");
    m.ok(call::PART_MAP, &[spare, 0x20_0000, 1, 3]);
    m.call(call::PART_WRITE, &[spare, 0x20_0000, 0x3000_0000, 8]);
    m.woke("init.main");
    assert_eq!(m.partition("bad").death.misuse, Misuse::BadRange as u8);
    m.check_memory();
}

#[test]
fn a_register_grant_touches_its_bits_alone() {
    let mut system = system();
    let grant = rtos_abi::bundle::Grant {
        write: rtos_abi::bundle::write_kind::MODIFY,
        perm: call::perm::WRITE | call::perm::READ,
        number: 1,
        ..system.grants[0]
    };
    let ones = rtos_abi::bundle::Grant { number: 2, write: rtos_abi::bundle::write_kind::ONES, ..grant };
    let zeros = rtos_abi::bundle::Grant {
        number: 3,
        write: rtos_abi::bundle::write_kind::ZEROS | rtos_abi::bundle::write_kind::MODIFY,
        ..grant
    };
    system.grants.extend([grant, ones, zeros]);
    let mut m = Machine::running(&system);
    m.runs("bad.main");
    m.port.registers.insert(0x100, 0b1011);
    m.ok(call::REG_WRITE, &[1, 0b100]);
    assert_eq!(m.port.registers[&0x100], 0b1101);
    assert_eq!(m.ok(call::REG_READ, &[1])[0], 0b100);
    m.ok(call::REG_WRITE, &[0, 0b010]);
    assert_eq!(m.port.registers[&0x100], 0b010, "a plain write is the masked value");
    m.port.registers.insert(0x100, 0b1000);
    m.ok(call::REG_WRITE, &[2, 0]);
    assert_eq!(m.port.registers[&0x100], 0b110, "a pin's set ignores the value");
    m.port.registers.insert(0x100, 0b1111);
    m.ok(call::REG_WRITE, &[3, u64::MAX]);
    assert_eq!(m.port.registers[&0x100], 0b1001);
}
