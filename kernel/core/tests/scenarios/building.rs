//! How a partition is built, and everything that is refused.

use crate::machine::Machine;
use crate::machine::system::{DATA, System};
use kernel_core::partition::Life;
use rtos_abi::Error;
use rtos_abi::call::{self, perm};
use rtos_abi::layout::{DEVICE_BASE, INFO_PAGE, PROGRAM_BASE, USER_END, WINDOW_BASE};

const R: u64 = perm::READ as u64;
const RW: u64 = (perm::READ | perm::WRITE) as u64;
const RX: u64 = (perm::READ | perm::EXECUTE) as u64;

/// `init` runs; `app` in slot 1, with a device and a ring, is not built.
fn builder() -> Machine {
    Machine::boot(&with_app())
}

/// `app` and a peer for its ring.
fn with_app() -> System {
    let mut system = System::new();
    system.thread("app.main", 20);
    system.thread("app.aux", 15);
    system.thread("peer.main", 10);
    system.device("app", DEVICE_BASE, 0x3f20_1000);
    system.ring("app", "peer");
    system
}

/// The error of a mapping.
fn map_error(m: &mut Machine, va: u64, pages: u64, perms: u64) -> Error {
    let error = m.error(call::PART_MAP, &[1, va, pages, perms]);
    m.check();
    m.check_memory();
    error
}

#[test]
fn a_program_finds_its_code_data_stack_device_ring_and_facts() {
    let mut m = Machine::running(&with_app());
    m.check_memory();
    m.runs("app.main");
    assert_eq!(m.read(PROGRAM_BASE, 256).unwrap(), Machine::program(1, 256));
    assert_eq!(m.read(DATA, 100).unwrap(), Machine::program(1, 356)[256..]);
    assert_eq!(m.read(DATA + 1500, 1000).unwrap(), [0; 1000], "the rest is zero");
    let ring = rtos_abi::layout::RING_BASE;
    m.write(ring, b"ring").unwrap();
    let page: Vec<u8> = m.read(INFO_PAGE, 64).unwrap();
    let facts = <rtos_abi::info::InfoPage as rtos_abi::record::Record>::read(&page);
    assert_eq!((facts.abi_version, facts.ticks_per_second), (rtos_abi::ABI_VERSION, crate::machine::TICKS));
    assert!(m.write(INFO_PAGE, &[1]).is_err());
    let device = m.partition("app").regions[1];
    assert_eq!((device.va, device.at.0, device.device), (DEVICE_BASE, 0x3f20_1000, true));
    m.blocks(call::WAIT, &[1, call::NEVER]);
    m.runs("peer.main");
    assert_eq!(m.read(ring, 4).unwrap(), b"ring");
}

#[test]
fn a_page_is_never_writable_and_executable() {
    let mut m = builder();
    for perms in [7, 6, 0, 2, 4] {
        assert_eq!(map_error(&mut m, PROGRAM_BASE, 1, perms), Error::Refused, "{perms}");
    }
    assert_eq!(m.partition("app").life, Life::Empty);
}

#[test]
fn what_is_mapped_is_aligned_inside_the_program_space_and_overlaps_nothing() {
    let mut m = builder();
    for va in [PROGRAM_BASE + 8, PROGRAM_BASE - 4096, 0, USER_END, u64::MAX - 4095, USER_END - 4096] {
        let pages = if va == USER_END - 4096 { 2 } else { 1 };
        assert_eq!(map_error(&mut m, va, pages, RW), Error::Refused, "{va:#x}");
    }
    assert_eq!(map_error(&mut m, PROGRAM_BASE, 0, RW), Error::Refused);
    assert_eq!(map_error(&mut m, PROGRAM_BASE, u64::MAX, RW), Error::Refused);
    m.ok(call::PART_MAP, &[1, PROGRAM_BASE, 2, RX]);
    for (va, pages) in [(PROGRAM_BASE, 1), (PROGRAM_BASE + 4096, 3), (INFO_PAGE, 1), (DEVICE_BASE, 1)] {
        assert_eq!(map_error(&mut m, va, pages, RW), Error::Refused, "{va:#x}");
    }
    assert_eq!(map_error(&mut m, DEVICE_BASE - 4096, 2, RW), Error::Refused);
    m.ok(call::PART_MAP, &[1, DEVICE_BASE - 4096, 1, RW]);
    m.check_memory();
}

#[test]
fn a_slot_has_its_reserved_memory_and_not_a_page_more() {
    let mut m = builder();
    let pages = m.partition("app").memory_len / 4096;
    assert_eq!(map_error(&mut m, PROGRAM_BASE, pages + 1, RW), Error::NoMemory);
    m.ok(call::PART_MAP, &[1, PROGRAM_BASE, pages - 1, RW]);
    assert_eq!(map_error(&mut m, WINDOW_BASE, 2, RW), Error::NoMemory);
    m.ok(call::PART_MAP, &[1, WINDOW_BASE, 1, RW]);
    assert_eq!(map_error(&mut m, 0x800_0000, 1, RW), Error::NoMemory);
}

#[test]
fn page_tables_are_charged_and_a_mapping_that_runs_out_of_them_leaves_nothing_to_reuse() {
    let mut m = builder();
    let spare = u64::from(m.partition("app").table_pages) - 1;
    for n in 0..spare - 1 {
        m.ok(call::PART_MAP, &[1, PROGRAM_BASE + (n << 21), 1, R]);
    }
    let across = PROGRAM_BASE + (spare << 21) - 4096;
    assert_eq!(map_error(&mut m, across, 2, RX), Error::NoMemory);
    let used = m.partition("app").memory_used;
    m.ok(call::PART_MAP, &[1, PROGRAM_BASE + 0x8000, 1, RW]);
    assert_eq!(m.partition("app").memory_used, used + 4096);
    m.check_memory();
    assert_eq!(m.error(call::PART_SEAL, &[1]), Error::NoMemory, "the window for the info page needs one too");
}

#[test]
fn the_builders_order_is_kept() {
    let mut m = builder();
    let from = m.program_address(1);
    assert_eq!(m.error(call::PART_SEAL, &[1]), Error::BadState, "nothing is mapped");
    assert_eq!(m.error(call::PART_WRITE, &[1, PROGRAM_BASE, from, 8]), Error::BadState);
    assert_eq!(m.error(call::PART_START, &[1, PROGRAM_BASE, 0]), Error::BadState);
    assert_eq!(m.error(call::PART_REAP, &[1]), Error::BadState);
    m.build(1);
    assert_eq!(m.error(call::PART_MAP, &[1, 0x80_0000, 1, RW]), Error::BadState);
    assert_eq!(m.error(call::PART_WRITE, &[1, PROGRAM_BASE, from, 8]), Error::BadState, "sealed is frozen");
    assert_eq!(m.error(call::PART_SEAL, &[1]), Error::BadState);
    for entry in [0, DATA, PROGRAM_BASE + 2, PROGRAM_BASE + 4096, u64::MAX] {
        assert_eq!(m.error(call::PART_START, &[1, entry, 0]), Error::Refused, "{entry:#x} is no code");
    }
    m.ok(call::PART_START, &[1, PROGRAM_BASE, 0]);
    for call in [call::PART_SEAL, call::PART_START, call::PART_REAP] {
        assert_eq!(m.error(call, &[1, PROGRAM_BASE, 0]), Error::BadState, "it runs");
    }
    assert_eq!(m.error(call::PART_MAP, &[0, 0x80_0000, 1, RW]), Error::BadState, "so does the builder");
    for slot in [3, 63, 64, u64::MAX] {
        assert_eq!(m.error(call::PART_SEAL, &[slot]), Error::NotFound);
    }
}

#[test]
fn only_the_slots_own_memory_is_written() {
    let mut m = builder();
    let from = m.program_address(1);
    m.ok(call::PART_MAP, &[1, PROGRAM_BASE, 2, RX]);
    m.ok(call::PART_MAP, &[1, DATA + 4096, 1, RW]);
    let end = PROGRAM_BASE + 0x2000;
    for (to, len) in [(end - 8, 16), (DEVICE_BASE, 4), (INFO_PAGE, 4), (0, 1), (PROGRAM_BASE, u64::MAX)] {
        assert_eq!(m.error(call::PART_WRITE, &[1, to, from, len]), Error::Refused, "{to:#x}+{len:#x}");
    }
    m.ok(call::PART_WRITE, &[1, end - 16, from, 16]);
    m.ok(call::PART_WRITE, &[1, 0, from, 0]);
    m.check_memory();
}

#[test]
fn a_builder_that_gives_up_gets_its_slot_back() {
    let mut m = builder();
    m.ok(call::PART_MAP, &[1, PROGRAM_BASE, 2, RX]);
    m.ok(call::PART_REAP, &[1]);
    assert_eq!(m.partition("app").life, Life::Empty);
    m.check_memory();
    m.build(1);
    m.ok(call::PART_REAP, &[1]);
    m.build_and_start(1);
    m.check_memory();
    m.check();
}

#[test]
fn building_gives_way_to_interrupts_between_any_two_steps() {
    let mut system = with_app();
    system.thread("driver.main", 240);
    system.irq("driver.main", 40, 0, 0);
    // After the last step there is none to be interrupted: the line stays as it is.
    let mut interrupted = 0;
    for n in (1..).step_by(if cfg!(miri) { 9 } else { 1 }) {
        let mut m = prepared(&system);
        m.raise_after = Some((n, 40));
        m.step_ticks = 1;
        m.start_thread("init.loader");
        m.blocks(call::WAIT, &[1, call::NEVER]);
        while m.partition("app").life != Life::Running {
            let call = next_call(&m);
            if m.call(call.0, &call.1).is_none() {
                m.woke("driver.main");
                m.check();
                m.lower(40);
                m.ok(call::IRQ_DONE, &[0]);
                m.blocks(call::WAIT, &[1, call::NEVER]);
            }
            assert_eq!(m.woke("init.loader")[0], 0, "step {n}");
        }
        m.check_memory();
        if m.kernel.irqs[0].count == 0 {
            break;
        }
        interrupted += 1;
        m.blocks(call::WAIT, &[0, call::NEVER]);
        m.runs("app.main");
        assert_eq!(m.read(PROGRAM_BASE, 256).unwrap(), Machine::program(1, 256));
        m.fetch(PROGRAM_BASE).unwrap();
    }
    assert!(interrupted >= if cfg!(miri) { 3 } else { 30 });
}

/// The driver waits for its line, `init` runs.
fn prepared(system: &System) -> Machine {
    let mut m = Machine::boot(system);
    let driver = u64::from(m.slot("driver").number());
    m.build_and_start(driver);
    m.blocks(call::SLEEP_UNTIL, &[m.now + 1]);
    m.runs("driver.main");
    m.ok(call::IRQ_DONE, &[0]);
    m.blocks(call::WAIT, &[1, call::NEVER]);
    m.tick(1);
    m.runs("init.main");
    m
}

/// The next call of a loader that looks at what is done.
fn next_call(m: &Machine) -> (u8, Vec<u64>) {
    let app = m.partition("app");
    let from = m.program_address(1);
    match (app.life, app.memory_used / 4096, app.regions[3].len) {
        (Life::Empty, ..) => (call::PART_MAP, vec![1, PROGRAM_BASE, 1, RX]),
        (Life::Building, 1, _) if m.wrote_text(1) => (call::PART_MAP, vec![1, DATA, 3, RW]),
        (Life::Building, 1, _) => (call::PART_WRITE, vec![1, PROGRAM_BASE, from, 256]),
        (Life::Building, 4, _) => (call::PART_MAP, vec![1, rtos_abi::layout::STACK_BASE + 4096, 1, RW]),
        (Life::Building, ..) => (call::PART_SEAL, vec![1]),
        _ => (call::PART_START, vec![1, PROGRAM_BASE, 0]),
    }
}

impl Machine {
    /// Whether the slot's first page of memory holds its code already.
    fn wrote_text(&self, slot: usize) -> bool {
        self.port.memory.word(self.kernel.partitions[slot].memory().0 + 248) != 0
    }
}
