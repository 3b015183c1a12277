//! The boards' device trees say what their board files say, read back by another crate.

use std::path::{Path, PathBuf};
use std::process::Command;

use dtoolkit::fdt::{Fdt, FdtNode};
use dtoolkit::{Node, Property};

/// Why a helper may give up.
const EXPECT: &str = "our own files are well formed";
const BOARDS: [&str; 2] = ["rpi3", "rpi4"];

fn file(board: &str, kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../bsp-rpi/boards/{board}.{kind}"))
}

fn compiled(board: &str) -> Vec<u8> {
    let source = std::fs::read_to_string(file(board, "dts")).expect(EXPECT);
    dts::compile(&source).unwrap_or_else(|error| panic!("{board}.dts: {error}"))
}

fn board_file(board: &str) -> toml::Table {
    std::fs::read_to_string(file(board, "toml")).expect(EXPECT).parse().expect(EXPECT)
}

fn number(table: &toml::Table, section: &str, key: &str) -> u64 {
    table[section][key].as_integer().expect(EXPECT).try_into().expect(EXPECT)
}

/// The child of `/soc` that is compatible with `wanted`.
fn device<'a>(fdt: Fdt<'a>, wanted: &str) -> FdtNode<'a> {
    let soc = fdt.find_node("/soc").expect(EXPECT);
    let found = soc.children().find(|node| node.compatible().is_some_and(|mut all| all.any(|one| one == wanted)));
    found.unwrap_or_else(|| panic!("no {wanted}"))
}

/// Its n-th register block's address as the cores see it.
fn address(fdt: Fdt<'_>, node: FdtNode<'_>, index: usize) -> u64 {
    let bus: u64 = node.reg().expect(EXPECT).expect(EXPECT).nth(index).expect(EXPECT).address().expect(EXPECT);
    let mut ranges = fdt.find_node("/soc").expect(EXPECT).ranges().expect(EXPECT).expect(EXPECT);
    let within = ranges.find_map(|range| {
        let from: u64 = range.child_bus_address().expect(EXPECT);
        let bytes: u64 = range.length().expect(EXPECT);
        (from..from + bytes).contains(&bus).then(|| bus - from + range.parent_bus_address::<u64>().expect(EXPECT))
    });
    within.expect(EXPECT)
}

fn cells(node: FdtNode<'_>, property: &str) -> Vec<u32> {
    let property = node.property(property).expect(EXPECT);
    property.value().chunks(4).map(|cell| u32::from_be_bytes(cell.try_into().expect(EXPECT))).collect()
}

#[test]
fn each_tree_chooses_its_own_board_file() {
    for board in BOARDS {
        let bytes = compiled(board);
        let fdt = Fdt::new(&bytes).unwrap();
        let table = board_file(board);
        let known = table["compatible"].as_array().unwrap();
        let mut root = fdt.root().compatible().unwrap();
        assert!(root.any(|one| known.iter().any(|other| other.as_str() == Some(one))), "{board}");
    }
}

#[test]
fn devices_are_where_the_board_file_says() {
    for (board, controllers) in [
        ("rpi3", [("brcm,bcm2836-l1-intc", 0), ("brcm,bcm2836-armctrl-ic", 0)]),
        ("rpi4", [("arm,gic-400", 0), ("arm,gic-400", 1)]),
    ] {
        let bytes = compiled(board);
        let fdt = Fdt::new(&bytes).unwrap();
        let table = board_file(board);
        let at = |compatible, index| address(fdt, device(fdt, compatible), index);
        assert_eq!(at("arm,pl011", 0), number(&table, "uart", "base"), "{board}");
        assert_eq!(at("brcm,bcm2835-pm-wdt", 0), number(&table, "reset", "base"), "{board}");
        for ((compatible, index), key) in controllers.into_iter().zip(["base0", "base1"]) {
            assert_eq!(at(compatible, index), number(&table, "controller", key), "{board} {key}");
        }
    }
}

#[test]
fn interrupts_are_the_lines_of_the_board_file() {
    // The kernel's timer is the second of the timer node, the virtual one the third.
    for board in BOARDS {
        let bytes = compiled(board);
        let fdt = Fdt::new(&bytes).unwrap();
        let table = board_file(board);
        let role = |name: &str| table["role"][name]["line"].as_integer().unwrap();
        let timers = cells(fdt.find_node("/timer").unwrap(), "interrupts");
        let uart = cells(device(fdt, "arm,pl011"), "interrupts");
        let (kernel, virtual_timer, console) = match board {
            // Bit of the source register; bank (1 and 2 are the pending registers) and bit.
            "rpi3" => (80 + timers[2], 80 + timers[4], (uart[0] - 1) * 32 + uart[1]),
            // Kind (1 private, 0 shared), number, flags.
            _ => (16 + timers[4], 16 + timers[7], 32 + uart[1]),
        };
        assert_eq!(u64::from(kernel), number(&table, "timer", "line"), "{board}");
        assert_eq!(i64::from(virtual_timer), role("virtual_timer"), "{board}");
        assert_eq!(i64::from(console), role("console_uart"), "{board}");
    }
}

#[test]
fn waiting_cores_are_released_where_the_board_file_says() {
    for board in BOARDS {
        let bytes = compiled(board);
        let fdt = Fdt::new(&bytes).unwrap();
        let table = board_file(board);
        let release = table["core_start"]["release"].as_array().unwrap();
        for (index, expected) in release.iter().enumerate() {
            let node = fdt.find_node(&format!("/cpus/cpu@{}", index + 1)).unwrap();
            let cells = cells(node, "cpu-release-addr");
            assert_eq!(
                (cells[0], i64::from(cells[1])),
                (0, expected.as_integer().unwrap()),
                "{board} core {}",
                index + 1
            );
        }
    }
}

#[test]
fn the_reference_compiler_makes_the_same_bytes_where_it_is_installed() {
    for board in BOARDS {
        let run = Command::new("dtc").args(["-q", "-I", "dts", "-O", "dtb"]).arg(file(board, "dts")).output();
        match run {
            Ok(output) => assert_eq!(compiled(board), output.stdout, "{board}"),
            Err(error) => eprintln!("dtc did not run ({error}); tests/language.rs compares with stored output"),
        }
    }
}
