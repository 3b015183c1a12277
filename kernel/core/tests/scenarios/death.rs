//! Faults, exits, kills: one partition ends, nobody else is disturbed.

use crate::machine::Machine;
use crate::machine::system::System;
use rtos_abi::bundle::{SafeWrite, write_kind};
use rtos_abi::call::{self, NEVER, right};
use rtos_abi::info::{self, kind};
use rtos_abi::layout::STACK_BASE;
use rtos_abi::record::name_bytes;
use rtos_abi::{Error, FaultReason};

/// `victim` at 20 with a second thread at 15, `witness` at 10, an operator.
fn victims() -> System {
    let mut system = System::new();
    system.thread("witness.main", 10);
    system.thread("victim.main", 20);
    system.thread("victim.aux", 15);
    system.notify("witness", "victim.main", 1);
    system.operator();
    system
}

/// The fault record of a partition, read by the supervisor.
fn fault(m: &mut Machine, name: &str) -> info::Fault {
    m.runs("init.main");
    let slot = u64::from(m.slot(name).number());
    m.record(kind::FAULT, slot).unwrap()
}

#[test]
fn a_fault_names_its_reason_thread_and_registers() {
    let mut m = Machine::running(&victims());
    m.start_thread("victim.aux");
    m.live.x[5] = 0x55;
    m.live.pc = 0x20_0040;
    m.fault(FaultReason::WriteDenied, 0x20_0000);
    m.check();
    let record = fault(&mut m, "victim");
    assert_eq!(record.reason, FaultReason::WriteDenied as u8);
    assert_eq!((record.pc, record.address, record.syndrome), (0x20_0040, 0x20_0000, 0x77));
    assert_eq!((record.generation, record.at, record.thread), (0, m.now, m.tid("victim.main").0));
    assert_eq!(rtos_abi::record::name_text(&record.thread_name), "main");
    let slot = u64::from(m.slot("victim").number());
    let registers: info::FaultRegisters = m.record(kind::FAULT_REGISTERS, slot * 8).unwrap();
    assert_eq!(registers.x[5], 0x55);
    let registers: info::FaultRegisters = m.record(kind::FAULT_REGISTERS, slot * 8 + 4).unwrap();
    assert_eq!(registers.x[3..], [0; 4], "there is no x31");
    assert_eq!(m.record::<info::FaultRegisters>(kind::FAULT_REGISTERS, slot * 8 + 5), Err(Error::NotFound));
    m.supervisor_waits();
    m.runs("witness.main");
    assert_eq!(m.error(call::NOTIFY, &[0, 1]), Error::PeerDead);
}

#[test]
fn an_access_just_below_a_stack_is_a_stack_overflow_and_no_other_is() {
    let bottom = STACK_BASE + 0x1000;
    let cases = [
        (bottom - 1, FaultReason::WriteUnmapped, FaultReason::StackOverflow),
        (bottom - 4096, FaultReason::ReadUnmapped, FaultReason::StackOverflow),
        (bottom - 4097, FaultReason::WriteUnmapped, FaultReason::WriteUnmapped),
        (bottom + 4096, FaultReason::WriteUnmapped, FaultReason::WriteUnmapped),
        (bottom - 8, FaultReason::FetchUnmapped, FaultReason::FetchUnmapped),
        (u64::MAX, FaultReason::ReadUnmapped, FaultReason::ReadUnmapped),
        (0, FaultReason::ReadUnmapped, FaultReason::ReadUnmapped),
    ];
    for (address, seen, named) in cases {
        let mut m = Machine::running(&victims());
        m.runs("victim.main");
        m.fault(seen, address);
        assert_eq!(fault(&mut m, "victim").reason, named as u8, "{address:#x}");
    }
}

#[test]
fn the_guard_page_is_not_mapped_and_the_stack_is() {
    let mut m = Machine::running(&victims());
    m.runs("victim.main");
    let bottom = STACK_BASE + 0x1000;
    assert_eq!(m.write(bottom, &[1]), Ok(()));
    assert_eq!(m.write(bottom - 1, &[1]), Err(FaultReason::WriteUnmapped));
    assert_eq!(m.write(0x20_0000, &[1]), Err(FaultReason::WriteDenied));
    assert_eq!(m.fetch(0x20_1000), Err(FaultReason::FetchDenied));
}

#[test]
fn exit_and_panic_say_so_themselves() {
    let mut m = Machine::running(&victims());
    m.call(call::EXIT, &[42]);
    let record = fault(&mut m, "victim");
    assert_eq!((record.reason, record.code), (FaultReason::Exited as u8, 42));
    m.restart("victim");
    m.runs("victim.main");
    m.call(call::PANIC, &[0x20_1000, 12, 345]);
    let record = fault(&mut m, "victim");
    assert_eq!((record.reason, record.code), (FaultReason::Panicked as u8, 345));
    assert_eq!((record.address, record.syndrome, record.generation), (0x20_1000, 12, 1));
}

#[test]
fn all_threads_of_a_dead_partition_end_wherever_they_wait() {
    let mut system = victims();
    system.thread("victim.server", 60).server = 1;
    system.thread("victim.sleeper", 61);
    let periodic = system.thread("victim.loop", 62);
    (periodic.period_us, periodic.deadline_us) = (100, 100);
    let mut m = Machine::running(&system);
    for (name, call, args) in [
        ("victim.loop", call::WAIT_PERIOD, [0, 0]),
        ("victim.sleeper", call::SLEEP_UNTIL, [m.now + 50, 0]),
        ("victim.server", call::RECEIVE, [m.now + 70, 0]),
    ] {
        m.start_thread(name);
        m.runs(name);
        m.blocks(call, &args);
    }
    m.start_thread("victim.aux");
    m.runs("victim.main");
    m.tick(100);
    m.runs("victim.loop");
    let record = m.thread("victim.loop").record;
    m.kill("victim");
    m.check();
    m.supervisor_waits();
    m.runs("witness.main");
    m.tick(500);
    m.runs("witness.main");
    m.check();
    assert_eq!(m.thread("victim.loop").record.missed, record.missed, "the dead miss nothing");
}

#[test]
fn a_kill_needs_the_right_generation_and_spares_init() {
    let mut m = Machine::running(&victims());
    m.raise(crate::machine::system::OPERATOR_LINE);
    m.runs("operator.main");
    let victim = u64::from(m.slot("victim").number());
    assert_eq!(m.error(call::KILL, &[victim, 1]), Error::BadState);
    assert_eq!(m.error(call::KILL, &[0, 0]), Error::Refused);
    assert_eq!(m.error(call::KILL, &[63, 0]), Error::NotFound);
    assert_eq!(m.error(call::KILL, &[u64::MAX, 0]), Error::NotFound);
    m.check();
}

#[test]
fn safe_state_is_applied_in_order_at_death_and_read_back() {
    let mut system = victims();
    let partition = system.slot("victim");
    let write = |name: &str, write, at_start, address, mask, value| SafeWrite {
        name: name_bytes(name),
        partition,
        write,
        at_start,
        width: 4,
        address,
        mask,
        value,
        level_address: address,
        level_mask: mask,
    };
    system.safe.push(write("select", write_kind::MODIFY, 1, 0x10, 0xf0, 0x50));
    system.safe.push(write("clear", write_kind::PLAIN, 0, 0x20, 0xff, 0x104));
    let mut m = Machine::boot(&system);
    m.port.registers.insert(0x10, 0xabc);
    m.build_and_start(1);
    m.build_and_start(2);
    assert_eq!(m.port.writes, [(0x10, 0xa5c)], "only what prepares the pins");
    m.build_and_start(3);
    m.supervisor_waits();
    m.port.writes.clear();
    m.runs("victim.main");
    m.call(call::EXIT, &[0]);
    assert_eq!(m.port.writes, [(0x10, 0xa5c), (0x20, 0x04)]);
    let victim = u64::from(partition);
    assert_eq!(fault(&mut m, "victim").safe_writes, 2);
    let safe: info::Safe = m.record(kind::SAFE, victim * 8 + 1).unwrap();
    assert_eq!((safe.address, safe.applied, safe.read_back), (0x20, 1, 4));
    let safe: info::Safe = m.record(kind::SAFE, victim * 8).unwrap();
    assert_eq!((safe.applied, safe.read_back), (1, 0x50));
    assert_eq!(m.record::<info::Safe>(kind::SAFE, victim * 8 + 2), Err(Error::NotFound));
}

#[test]
fn a_restarted_partition_has_fresh_memory_and_finds_no_old_translation_or_code() {
    let mut m = Machine::running(&victims());
    m.runs("victim.main");
    let data = crate::machine::system::DATA;
    m.write(data + 2000, b"old secret").unwrap();
    m.fetch(0x20_0000).unwrap();
    m.kill("victim");
    m.restart("victim");
    m.runs("victim.main");
    assert_eq!(m.read(data + 2000, 10).unwrap(), [0; 10]);
    let slot = u64::from(m.slot("victim").number());
    assert_eq!(m.read(0x20_0000, 256).unwrap(), Machine::program(slot, 256));
    m.fetch(0x20_00fc).unwrap();
    assert_eq!(m.partition("victim").starts, 2);
}

#[test]
fn a_restarted_peer_is_told_of_once_to_those_who_notify() {
    let mut m = Machine::running(&victims());
    m.kill("victim");
    m.restart("victim");
    m.runs("victim.main");
    m.blocks(call::WAIT, &[1, NEVER]);
    m.runs("witness.main");
    assert_eq!(m.error(call::NOTIFY, &[0, 1]), Error::PeerRestarted);
    m.blocks(call::NOTIFY, &[0, 1]);
    m.woke("victim.main");
}

#[test]
fn the_machine_stops_only_for_those_with_the_right() {
    let mut system = victims();
    let witness = usize::from(system.slot("witness"));
    system.partitions[witness].rights = right::SHUTDOWN;
    let mut m = Machine::running(&system);
    m.runs("victim.main");
    m.call(call::SHUTDOWN, &[1]);
    assert_eq!(m.halted, None);
    m.reap("victim");
    m.runs("witness.main");
    m.call(call::SHUTDOWN, &[17]);
    assert_eq!(m.halted, Some(17));
}

#[test]
fn the_supervisors_death_stops_the_machine_so_that_it_restarts() {
    let mut m = Machine::running(&victims());
    m.runs("victim.main");
    m.fault(FaultReason::Undefined, 0);
    m.runs("init.main");
    assert_eq!(m.halted, None);
    m.fault(FaultReason::ReadUnmapped, 0x40);
    assert_eq!(m.halted, Some(kernel_core::decision::SUPERVISOR_DIED));
}

#[test]
fn a_death_keeps_nothing_of_what_was_said_at_the_one_before() {
    let mut m = Machine::running(&victims());
    m.runs("victim.main");
    m.call(call::EXIT, &[7]);
    assert_eq!(fault(&mut m, "victim").code, 7);
    m.restart("victim");
    m.runs("victim.main");
    m.fault(FaultReason::Undefined, 0);
    let now = fault(&mut m, "victim");
    assert_eq!((now.reason, now.code), (FaultReason::Undefined as u8, 0));
}
