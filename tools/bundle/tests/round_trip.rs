//! What goes into an image comes out of it, as the kernel and `init` read it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use bundle::{Error, Inputs, build, build_bundle, kernel_hash};
use manifest::System;
use manifest::source::{Disk, Overlay};
use rtos_abi::bundle as records;
use rtos_abi::bundle::{Bundle, region_kind};
use rtos_abi::call::perm;
use rtos_abi::layout::PROGRAM_BASE;
use rtos_abi::record::{Record, name_text};

const INIT: &str = r#"
name = "init"
rights = ["build", "supervise"]
memory = { image_kib = 64 }
[[thread]]
name = "supervisor"
priority = 250
budget = { amount_us = 100, period_us = 10000 }
stack_kib = 8
"#;

const CONSOLE: &str = r#"
name = "console"
memory = { image_kib = 64 }
devices = ["console_uart"]
[[irq]]
role = "console_uart"
bit = "uart"
thread = "driver"
[[thread]]
name = "driver"
priority = 120
budget = { amount_us = 100, period_us = 1000 }
stack_kib = 8
server = true
bits = ["uart", "stdio"]
"#;

const HELLO: &str = r#"
name = "hello"
stdio = true
memory = { image_kib = 64 }
pins = [{ role = "status_led", safe = "low" }]
[[call]]
to = "console.driver"
[[thread]]
name = "main"
priority = 50
budget = { amount_us = 100, period_us = 1000 }
stack_kib = 8
"#;

const SYSTEM: &str = "name = \"small\"\npartitions = [\"init\", \"console\", \"hello\"]\n";

/// A small system on the real boards.
fn system() -> System {
    let disk = Disk::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    let files = [
        ("apps/init/partition.toml", INIT),
        ("apps/console/partition.toml", CONSOLE),
        ("apps/hello/partition.toml", HELLO),
        ("apps/systems/small.toml", SYSTEM),
    ];
    let files = files.into_iter().map(|(path, text)| (path.into(), text.to_string())).collect();
    manifest::load_system_from(&Overlay { files, below: Some(&disk) }, "small").unwrap()
}

/// A loadable segment: address, flags, contents, bytes in memory.
type Load<'a> = (u64, u32, &'a [u8], u64);

const CODE: u32 = 5;
const DATA: u32 = 6;

fn elf(entry: u64, segments: &[Load<'_>]) -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    file.extend([2, 0, 183, 0, 1, 0, 0, 0]);
    for word in [entry, 64, 0] {
        file.extend(word.to_le_bytes());
    }
    let count = u8::try_from(segments.len()).unwrap();
    file.extend([0, 0, 0, 0, 64, 0, 56, 0, count, 0, 64, 0, 0, 0, 0, 0]);
    let mut offset = 64 + 56 * segments.len() as u64;
    for (address, flags, contents, memory) in segments {
        file.extend(1u32.to_le_bytes());
        file.extend(flags.to_le_bytes());
        for word in [offset, *address, *address, contents.len() as u64, *memory, 4096] {
            file.extend(word.to_le_bytes());
        }
        offset += contents.len() as u64;
    }
    segments.iter().for_each(|(_, _, contents, _)| file.extend(*contents));
    file
}

/// A program that says its number.
fn program(number: u8) -> Vec<u8> {
    let code = [number; 5000];
    elf(PROGRAM_BASE + 4, &[(PROGRAM_BASE, CODE, &code, 5000), (PROGRAM_BASE + 0x2000, DATA, &[1, 2, 3, 0, 0], 9000)])
}

fn programs(system: &System) -> Vec<Vec<u8>> {
    (0..system.members().len()).map(|n| program(u8::try_from(n).unwrap() + 1)).collect()
}

fn kernel() -> Vec<u8> {
    let mut kernel = vec![0xa5; 3 * 4096];
    kernel[16..24].fill(0);
    kernel[40..48].copy_from_slice(&0x1_2340u64.to_le_bytes());
    kernel[48..56].fill(0);
    kernel[56..60].copy_from_slice(b"ARM\x64");
    kernel
}

fn read<R: Record + 'static>(bundle: &Bundle<'_>, off: u32, count: u32) -> Vec<R> {
    bundle.table(off, count).collect()
}

fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

#[test]
fn the_kernel_is_unchanged_but_for_its_size_and_hash() {
    let system = system();
    let file = build(&Inputs { kernel: &kernel(), system: &system, programs: &programs(&system) }).unwrap();
    assert_eq!(word(&file, 16), file.len() as u64 + 0x1_2340);
    assert_eq!(word(&file, 48), kernel_hash(&kernel()));
    let mut first = file[..3 * 4096].to_vec();
    first[16..24].fill(0);
    first[48..56].fill(0);
    assert_eq!(first, kernel());
    assert!(Bundle::new(&file[3 * 4096..]).is_ok());
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let system = system();
    let make = || build(&Inputs { kernel: &kernel(), system: &system, programs: &programs(&system) }).unwrap();
    assert_eq!(make(), make());
}

#[test]
fn every_board_has_the_tables_that_were_resolved() {
    let system = system();
    let bytes = build_bundle(&system, &programs(&system)).unwrap();
    let bundle = Bundle::new(&bytes).unwrap();
    assert_eq!(bundle.header().total_len as usize, bytes.len());
    let names: Vec<_> = bundle.boards().map(|b| name_text(&b.name).to_string()).collect();
    assert_eq!(names, ["rpi3", "rpi4", "rpi5", "virt"]);
    for (board, tables) in bundle.boards().zip(&system.tables) {
        let b = &board;
        assert_eq!(read::<records::Thread>(&bundle, b.threads_off, b.thread_count), tables.threads);
        assert_eq!(read::<records::Budget>(&bundle, b.budgets_off, b.budget_count), tables.budgets);
        assert_eq!(read::<records::CallEdge>(&bundle, b.call_edges_off, b.call_edge_count), tables.call_edges);
        assert_eq!(read::<records::NotifyEdge>(&bundle, b.notify_edges_off, b.notify_edge_count), tables.notify_edges);
        assert_eq!(read::<records::IrqBinding>(&bundle, b.irqs_off, b.irq_count), tables.irqs);
        assert_eq!(read::<records::Grant>(&bundle, b.grants_off, b.grant_count), tables.grants);
        assert_eq!(read::<records::SafeWrite>(&bundle, b.safe_writes_off, b.safe_write_count), tables.safe_writes);
        assert_eq!(read::<records::Ring>(&bundle, b.rings_off, b.ring_count), tables.rings);
    }
}

#[test]
fn boards_that_agree_share_their_tables() {
    let system = system();
    let bytes = build_bundle(&system, &programs(&system)).unwrap();
    let boards: Vec<_> = Bundle::new(&bytes).unwrap().boards().collect();
    assert!(boards.iter().all(|b| b.threads_off == boards[0].threads_off));
    assert_ne!(boards[0].grants_off, boards[3].grants_off, "their pins are other registers");
}

#[test]
fn init_is_given_the_bundle_and_the_tables_to_map_it() {
    let system = system();
    let bytes = build_bundle(&system, &programs(&system)).unwrap();
    let bundle = Bundle::new(&bytes).unwrap();
    for (board, tables) in bundle.boards().zip(&system.tables) {
        let regions = read::<records::Region>(&bundle, board.regions_off, board.region_count);
        let views: Vec<_> = regions.iter().filter(|r| r.kind == region_kind::BUNDLE).collect();
        assert_eq!(views.len(), 1);
        assert_eq!((views[0].partition, views[0].pages as usize * 4096), (0, bytes.len()));
        let partitions = read::<records::Partition>(&bundle, board.partitions_off, board.partition_count);
        assert_eq!(partitions[0].table_pages, tables.partitions[0].table_pages + 1);
        assert_eq!(partitions[1..], tables.partitions[1..]);
    }
}

#[test]
fn programs_come_out_as_they_went_in() {
    let system = system();
    let bytes = build_bundle(&system, &programs(&system)).unwrap();
    let bundle = Bundle::new(&bytes).unwrap();
    for (slot, member) in system.members().iter().enumerate() {
        let image = bundle.image(u16::try_from(slot).unwrap()).unwrap();
        assert_eq!(name_text(&image.name), member.file.name());
        assert_eq!(image.entry, PROGRAM_BASE + 4);
        let segments: Vec<_> = bundle.segments(&image).collect();
        let placed: Vec<_> = segments.iter().map(|s| (s.address, s.memory_len, s.perm)).collect();
        let expected = [
            (PROGRAM_BASE, 0x2000, perm::READ | perm::EXECUTE),
            (PROGRAM_BASE + 0x2000, 0x3000, perm::READ | perm::WRITE),
        ];
        assert_eq!(placed, expected);
        assert_eq!(bundle.contents(&segments[0]), [u8::try_from(slot).unwrap() + 1; 5000]);
        assert_eq!(bundle.contents(&segments[1]), [1, 2, 3], "zeros at the end take no room");
        assert!(segments.iter().all(|s| s.file_off % 4096 == 0));
    }
}

#[test]
fn a_changed_table_is_seen_by_the_checksum() {
    let system = system();
    let mut bytes = build_bundle(&system, &programs(&system)).unwrap();
    bytes[records::Header::BYTES + 3] ^= 1;
    assert_eq!(Bundle::new(&bytes).map(|_| ()), Err(records::BundleError::Checksum));
}

#[test]
fn programs_that_cannot_be_loaded_are_refused_in_words() {
    let system = system();
    let refusal = |file: Vec<u8>| {
        let mut all = programs(&system);
        all[2] = file;
        match build_bundle(&system, &all).unwrap_err() {
            Error::Program { partition, why } if partition == "hello" => why,
            other => panic!("{other}"),
        }
    };
    let base = PROGRAM_BASE;
    let code = &[1u8; 16][..];
    let cases = [
        (elf(base, &[(base, 7, code, 16)]), "the segment at 0x200000 is both writable and executable"),
        (elf(base, &[(base, CODE, code, 65537)]), "needs image_kib = 68, but its partition.toml gives 64"),
        (b"text".to_vec(), "not an ELF file"),
    ];
    for (file, expected) in cases {
        assert_eq!(refusal(file), expected);
    }
}

#[test]
fn a_kernel_that_no_firmware_would_start_is_refused() {
    let system = system();
    let programs = programs(&system);
    let result = |kernel: &[u8]| build(&Inputs { kernel, system: &system, programs: &programs });
    assert_eq!(result(&[0; 4096]), Err(Error::Kernel("does not begin with an arm64 Image header")));
    assert_eq!(
        result(&kernel()[..5000]),
        Err(Error::Kernel("is not whole pages, so the bundle would not be found after it"))
    );
    let missing = build_bundle(&system, &programs[1..]);
    assert_eq!(missing, Err(Error::ProgramCount { partitions: 3, programs: 2 }));
}
