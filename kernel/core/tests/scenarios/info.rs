//! What the kernel tells of itself.

use crate::machine::system::System;
use crate::machine::{BOOT, Machine, TICKS};
use rtos_abi::Error;
use rtos_abi::call::{self, NEVER};
use rtos_abi::info::{self, kind, partition_state, thread_state};
use rtos_abi::record::name_text;

/// An inspector (`init` itself), a periodic loop at 20, a server at 30, a ring between them.
fn inspected() -> Machine {
    let mut system = System::new();
    let budget = system.budget(200, 1000);
    let thread = system.thread("loop.main", 20);
    (thread.period_us, thread.deadline_us, thread.budget, thread.fp) = (500, 400, budget, 1);
    system.thread("server.main", 30).server = 1;
    system.ring("loop", "server");
    system.irq("server.main", 40, 5, 100);
    let mut m = Machine::running(&system);
    m.blocks(call::RECEIVE, &[NEVER]);
    m.tick(30);
    m.blocks(call::WAIT_PERIOD, &[BOOT + 4]);
    m.idles();
    m.tick_to(BOOT + 300);
    m.interrupt(kernel_core::event::Event::SpuriousIrq);
    let id = m.tid("server.main");
    m.kernel.threads[id.index()].pending = 0;
    m
}

/// The supervisor runs, told of the server's death.
fn inspecting() -> Machine {
    let mut m = inspected();
    m.tick_to(BOOT + 500);
    m.runs("loop.main");
    m.tick(10);
    m.call(call::PANIC, &[0, 0, 7]);
    m.woke("init.main");
    m
}

#[test]
fn the_system_is_described() {
    let mut m = inspecting();
    let system: info::System = m.record(kind::SYSTEM, 0).unwrap();
    assert_eq!((system.abi_version, system.ticks_per_second), (rtos_abi::ABI_VERSION, TICKS));
    assert_eq!((system.partitions, system.threads, system.irqs, system.cores), (3, 5, 1, 1));
    assert_eq!((system.now, system.boot_ticks), (BOOT + 510, BOOT));
    assert_eq!(system.idle_ticks, 470, "all but the loop's 40 ticks");
    assert_eq!((name_text(&system.board), system.kernel_hash), ("host", 0x1234));
    let memory: info::Memory = m.record(kind::MEMORY, 0).unwrap();
    let used = memory.kernel + memory.bundle + memory.tables + memory.reserved;
    assert_eq!(memory.free, memory.total - used);
    assert_eq!(memory.table_pages, m.kernel.partitions.iter().map(|p| u64::from(p.tables_used)).sum());
    for kind in [kind::SYSTEM, kind::MEMORY, kind::IRQ_TOTALS] {
        assert_eq!(m.record::<info::System>(kind, 1), Err(Error::NotFound));
    }
}

#[test]
fn partitions_are_described() {
    let mut m = inspecting();
    let app: info::Partition = m.record(kind::PARTITION, 1).unwrap();
    assert_eq!((name_text(&app.name), app.state), ("loop", partition_state::DEAD));
    assert_eq!((app.generation, app.starts, app.exit_code, app.threads), (1, 1, 7, 1));
    assert_eq!(app.first_thread, u16::from(m.tid("loop.main").0));
    let init: info::Partition = m.record(kind::PARTITION, 0).unwrap();
    assert_eq!((init.state, init.threads, init.rights), (partition_state::RUNNING, 2, 31));
    assert_eq!(m.record::<info::Partition>(kind::PARTITION, 3), Err(Error::NotFound));
    assert_eq!(m.record::<info::Fault>(kind::FAULT, 0), Err(Error::NotFound), "init never died");
}

#[test]
fn threads_are_described() {
    let mut m = inspecting();
    let id = u64::from(m.tid("loop.main").0);
    let thread: info::Thread = m.record(kind::THREAD, id).unwrap();
    assert_eq!((thread.state, thread.priority, thread.fp, thread.running), (thread_state::FAULTED, 20, 1, 0));
    assert_eq!((thread.runs, thread.missed, thread.worst_response), (1, 0, 30));
    assert_eq!((thread.worst_wakeup, thread.cpu_ticks), (4, 40));
    assert_eq!((thread.period, thread.deadline), (500, 400));
    let times: info::ThreadTimes = m.record(kind::THREAD_TIMES, id).unwrap();
    assert_eq!((times.amount, times.period, times.left), (200, 1000, 160));
    assert_eq!((times.worst_execution, times.skipped, times.exhausted), (30, 0, 0));
    let name: info::ThreadName = m.record(kind::THREAD_NAME, id).unwrap();
    assert_eq!((name_text(&name.name), name_text(&name.partition), name.number), ("main", "loop", 0));
    let server: info::Thread = m.record(kind::THREAD, u64::from(m.tid("server.main").0)).unwrap();
    assert_eq!(server.state, thread_state::RECEIVING);
    let own: info::Thread = m.record(kind::THREAD, u64::from(m.tid("init.main").0)).unwrap();
    assert_eq!((own.state, own.running), (thread_state::READY, 1));
    let idle: info::Thread = m.record(kind::THREAD, 0).unwrap();
    assert_eq!(idle.priority, 0);
    assert_eq!(m.record::<info::Thread>(kind::THREAD, 5), Err(Error::NotFound));
}

#[test]
fn lines_paths_and_tables_are_described() {
    let mut m = inspecting();
    let irq: info::Irq = m.record(kind::IRQ, 0).unwrap();
    assert_eq!((irq.line, irq.bit, irq.masked, irq.limit, irq.count), (40, 5, 1, 100, 0));
    assert_eq!(irq.thread, m.tid("server.main").0);
    assert_eq!(m.record::<info::Irq>(kind::IRQ, 1), Err(Error::NotFound));
    let totals: info::IrqTotals = m.record(kind::IRQ_TOTALS, 0).unwrap();
    assert_eq!((totals.timer, totals.spurious, totals.unknown), (m.timer_interrupts, 1, 0));
    let path: info::Path = m.record(kind::PATH, info::path::TIMER).unwrap();
    assert_eq!(path.max, 1000 + info::path::TIMER);
    assert_eq!(m.record::<info::Path>(kind::PATH, info::path::COUNT as u64), Err(Error::NotFound));
    let mut tables = 0;
    while let Ok(table) = m.record::<info::Table>(kind::TABLE, tables) {
        assert!(table.used <= table.entries && table.bytes > 0, "{}", name_text(&table.name));
        tables += 1;
    }
    assert!(tables >= 10);
    assert_eq!(m.record::<info::System>(99, 0), Err(Error::NotFound));
    m.check();
}

#[test]
fn a_partition_without_rights_finds_its_own_rings() {
    let mut m = inspected();
    m.tick_to(BOOT + 500);
    m.runs("loop.main");
    let ring: info::Ring = m.record(kind::RING, 0).unwrap();
    assert_eq!((ring.address, ring.bytes, ring.writer), (rtos_abi::layout::RING_BASE, 4096, 1));
    assert_eq!((ring.peer, name_text(&ring.name)), (m.slot("server").number(), "server"));
    assert_eq!(m.record::<info::Ring>(kind::RING, 1), Err(Error::NotFound));
    assert_eq!(m.record::<info::Ring>(kind::RING, u64::MAX), Err(Error::NotFound));
    m.check();
}
