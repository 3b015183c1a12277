//! What the kernel relies on in the tables: numbers, addresses and bits.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use manifest::resolve::Tables;
use manifest::source::{Disk, Overlay};
use rtos_abi::bundle::{CallEdge, IrqBinding, NotifyEdge, Region, Ring, partition_flag, region_kind, write_kind};
use rtos_abi::call::{STDIO_BIT, perm, right};
use rtos_abi::layout::{DEVICE_BASE, RING_BASE, RING_STRIDE, STACK_BASE};
use rtos_abi::record::name_text;

/// The tables of the right system of the corpus, with some of its files changed.
fn tables(changed: &[(&str, &str)]) -> Tables {
    let good = Disk::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/good"));
    let files: BTreeMap<_, _> = changed.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_string())).collect();
    manifest::load_system_from(&Overlay { files, below: Some(&good) }, "test").unwrap().tables.remove(0)
}

const INIT: u8 = 0;
const CONSOLE: u8 = 1;
const APP: u8 = 2;

#[test]
fn threads_are_numbered_from_the_least_urgent() {
    let tables = tables(&[]);
    let order: Vec<_> = tables.threads.iter().map(|t| (t.partition, t.number, t.priority)).collect();
    assert_eq!(order, [(APP, 0, 50), (INIT, 1, 100), (CONSOLE, 0, 120), (INIT, 0, 250)]);
}

#[test]
fn among_equals_the_order_of_the_system_counts() {
    let app = "name = \"app\"\nmemory = { image_kib = 4 }\n[[thread]]\nname = \"main\"\npriority = 100\n\
               budget = { amount_us = 10, period_us = 1000 }\nstack_kib = 4\n";
    let order: Vec<_> = tables(&[("apps/app/partition.toml", app)]).threads.iter().map(|t| t.partition).collect();
    assert_eq!(order, [INIT, APP, CONSOLE, INIT]);
}

#[test]
fn every_thread_has_its_budget_and_a_stack_above_an_unmapped_page() {
    let tables = tables(&[]);
    let loader = tables.threads[1];
    let budget = tables.budgets[usize::from(loader.budget) - 1];
    assert_eq!((budget.amount_us, budget.period_us), (1000, 10000));
    let supervisor = tables.threads[3];
    let base = u32::try_from(STACK_BASE).unwrap();
    assert_eq!((supervisor.stack_bottom, supervisor.stack_top), (base + 0x1000, base + 0x3000));
    assert_eq!((loader.stack_bottom, loader.stack_top), (base + 0x4000, base + 0x6000));
    let main = tables.threads[0];
    assert_eq!((main.period_us, main.deadline_us, main.ceiling), (10000, 5000, 50));
}

#[test]
fn threads_that_share_a_budget_have_one_number() {
    let app = "name = \"app\"\nmemory = { image_kib = 4 }\n\
               [[budget]]\nname = \"all\"\namount_us = 10\nperiod_us = 1000\n\
               [[thread]]\nname = \"a\"\npriority = 1\nbudget = \"all\"\nstack_kib = 4\n\
               [[thread]]\nname = \"b\"\npriority = 2\nbudget = \"all\"\nstack_kib = 4\n";
    let tables = tables(&[("apps/app/partition.toml", app)]);
    assert_eq!(tables.threads[0].budget, tables.threads[1].budget);
    assert_eq!(tables.budgets.len(), 4);
}

#[test]
fn partitions_have_their_rights_and_memory() {
    let tables = tables(&[]);
    let [init, console, app] = tables.partitions[..] else { panic!("three partitions") };
    assert_eq!(name_text(&init.name), "init");
    assert_eq!(init.flags, partition_flag::INIT | partition_flag::AUTOSTART);
    assert_eq!(init.rights, right::BUILD | right::SUPERVISE);
    assert_eq!((init.restarts, app.restarts, app.restart_window_ms, app.backoff_ms), (0, 3, 1000, 10));
    assert_eq!((init.image, console.image, app.image), (0, 1, 2));
    // 64 KiB of image, 8 of stack, a page of arguments; a root, a table for the program, one for the window.
    assert_eq!((app.memory_pages, app.table_pages), (16 + 2 + 1, 3));
}

#[test]
fn edges_go_from_listed_to_implied_and_lead_both_ways() {
    let tables = tables(&[]);
    let driver = 3;
    let main = 1;
    let edge = |partition, number, thread, mask| NotifyEdge { partition, number, thread, spare: 0, mask };
    let mut edges = tables.notify_edges.clone();
    edges.sort_by_key(|e| (e.partition, e.number));
    let expected = [
        edge(CONSOLE, 0, main, 1 << 1), // room in the ring that it reads
        edge(CONSOLE, 1, main, STDIO_BIT),
        edge(APP, 0, driver, 1 << 2), // [[notify]]
        edge(APP, 1, driver, 1 << 2), // [[ring]]
        edge(APP, 2, driver, 1 << 1), // stdio
    ];
    assert_eq!(edges, expected);
    let call = CallEdge { partition: APP, number: 0, thread: 2, badge: APP, limit: 0, window_us: 0 };
    assert_eq!(tables.call_edges, [call]);
}

#[test]
fn standard_output_is_ring_0_and_input_ring_1() {
    let tables = tables(&[]);
    let address = |n: u64| u32::try_from(RING_BASE + n * RING_STRIDE).unwrap();
    let ring = |writer, reader, edges: (u8, u8), bits: (u8, u8), n| Ring {
        writer,
        reader,
        writer_edge: edges.0,
        reader_edge: edges.1,
        writer_bit: bits.0,
        reader_bit: bits.1,
        spare: 0,
        pages: 1,
        writer_address: address(n),
        reader_address: address(n),
    };
    let expected = [
        ring(APP, CONSOLE, (2, 1), (62, 1), 0),
        ring(CONSOLE, APP, (1, 2), (1, 62), 1),
        ring(APP, CONSOLE, (1, 0), (1, 2), 2),
    ];
    assert_eq!(tables.rings, expected);
}

#[test]
fn lines_and_devices_come_from_the_board() {
    let tables = tables(&[]);
    let lines: Vec<_> = tables.irqs.iter().map(|i| (name_text(&i.name), i.partition, i.line, i.bit)).collect();
    assert_eq!(lines, [("console_uart", CONSOLE, 33, 0), ("pwm", APP, 34, 0)]);
    let IrqBinding { number, thread, limit, .. } = tables.irqs[1];
    assert_eq!((number, thread, limit), (0, 1, 0));
    let device = |partition, pages, physical| Region {
        partition,
        kind: region_kind::DEVICE,
        perm: perm::READ | perm::WRITE,
        index: 0,
        address: u32::try_from(DEVICE_BASE).unwrap(),
        pages,
        physical,
    };
    let devices: Vec<_> = tables.regions.iter().filter(|r| r.kind == region_kind::DEVICE).copied().collect();
    assert_eq!(devices, [device(CONSOLE, 1, 0x0900_0000), device(APP, 2, 0x0901_0000)]);
}

#[test]
fn a_pin_is_set_cleared_and_read_by_its_three_grants_alone() {
    let tables = tables(&[]);
    let grants: Vec<_> = tables.grants.iter().map(|g| (g.partition, g.number, g.write, g.perm, g.mask)).collect();
    let expected = [
        (APP, 0, write_kind::PLAIN | write_kind::ONES, perm::WRITE, 0x20),
        (APP, 1, write_kind::PLAIN | write_kind::ZEROS, perm::WRITE, 0x20),
        (APP, 2, write_kind::PLAIN, perm::READ, 0x20),
    ];
    assert_eq!(grants, expected);
}

#[test]
fn a_pin_that_is_safe_high_never_shows_the_low_that_outputs_begin_with() {
    let writes = |changed: &[(&str, &str)]| -> Vec<_> {
        tables(changed).safe_writes.iter().map(|w| (w.address, w.mask, w.value, w.at_start, w.level_mask)).collect()
    };
    let (setup, low) = ((0x0903_0400, 0x20, 0x20, 1, 0), (0x0903_0080, 0x20, 0, 1, 0x20));
    assert_eq!(writes(&[]), [setup, low]);
    let app = "name = \"app\"\nmemory = { image_kib = 4 }\npins = [{ role = \"led\", safe = \"high\" }]\n\
               [[thread]]\nname = \"a\"\npriority = 1\nbudget = { amount_us = 10, period_us = 1000 }\nstack_kib = 4\n";
    let high = (0x0903_0080, 0x20, 0x20, 1, 0x20);
    assert_eq!(writes(&[("apps/app/partition.toml", app)]), [high, setup, high]);
}
