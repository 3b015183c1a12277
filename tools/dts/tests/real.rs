//! Real device trees, where they are at hand, agree with the board files: those of an installed Linux kernel for these
//! boards, or in the directory that `TINYOS_DEVICE_TREES` names. They are not ours to keep in the tree.

use std::path::{Path, PathBuf};

use dtoolkit::Node;
use dtoolkit::fdt::{Fdt, FdtNode};

/// Why a step may not fail.
const WELL_FORMED: &str = "board files and published trees are well formed";
/// Names of the trees and of the boards they are for.
const TREES: [(&str, &str); 3] =
    [("bcm2837-rpi-3-b.dtb", "rpi3"), ("bcm2711-rpi-4-b.dtb", "rpi4"), ("bcm2712-rpi-5-b.dtb", "rpi5")];

/// Directories that may have them.
fn directories() -> Vec<PathBuf> {
    let named = std::env::var_os("TINYOS_DEVICE_TREES").map(PathBuf::from);
    let installed = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let installed = installed.filter(|entry| entry.file_name().to_string_lossy().starts_with("linux-image-"));
    named.into_iter().chain(installed.map(|entry| entry.path().join("broadcom"))).collect()
}

fn board_file(board: &str) -> toml::Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../bsp-rpi/boards/{board}.toml"));
    std::fs::read_to_string(path).expect(WELL_FORMED).parse().expect(WELL_FORMED)
}

/// Every register block of the devices below `/soc` that are compatible with `wanted`, as the cores see it.
fn addresses(fdt: Fdt<'_>, wanted: &str) -> Vec<u64> {
    let root = fdt.root();
    let soc = root.children().find(|node| node.name_without_address() == "soc").expect(WELL_FORMED);
    let is = |node: &FdtNode<'_>| node.compatible().is_some_and(|mut all| all.any(|one| one == wanted));
    let blocks = soc.children().filter(is).flat_map(|node| node.reg().expect(WELL_FORMED).expect(WELL_FORMED));
    blocks.filter_map(|block| to_core(soc, block.address().expect(WELL_FORMED))).collect()
}

fn to_core(soc: FdtNode<'_>, bus: u64) -> Option<u64> {
    soc.ranges().expect(WELL_FORMED).expect(WELL_FORMED).find_map(|range| {
        let from: u64 = range.child_bus_address().expect(WELL_FORMED);
        let bytes: u64 = range.length().expect(WELL_FORMED);
        (from..from + bytes).contains(&bus).then(|| bus - from + range.parent_bus_address::<u64>().expect(WELL_FORMED))
    })
}

fn agrees(bytes: &[u8], board: &str) {
    let fdt = Fdt::new(bytes).expect(WELL_FORMED);
    let table = board_file(board);
    let number = |section: &str, key: &str| table[section][key].as_integer().expect(WELL_FORMED) as u64;
    let known = table["compatible"].as_array().expect(WELL_FORMED);
    let mut root = fdt.root().compatible().expect(WELL_FORMED);
    assert!(root.any(|one| known.iter().any(|other| other.as_str() == Some(one))), "{board}");
    assert!(addresses(fdt, "arm,pl011").contains(&number("uart", "base")), "{board}");
    let (first, second) = match board {
        "rpi3" => ("brcm,bcm2836-l1-intc", "brcm,bcm2836-armctrl-ic"),
        _ => ("arm,gic-400", "arm,gic-400"),
    };
    assert!(addresses(fdt, first).contains(&number("controller", "base0")), "{board}");
    assert!(addresses(fdt, second).contains(&number("controller", "base1")), "{board}");
}

#[test]
fn real_trees_that_are_at_hand_agree_with_the_board_files() {
    for directory in directories() {
        for (name, board) in TREES {
            if let Ok(bytes) = std::fs::read(directory.join(name)) {
                agrees(&bytes, board);
                println!("{} agrees with {board}.toml", directory.join(name).display());
            }
        }
    }
}
