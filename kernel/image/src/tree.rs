//! What the device tree says: memory, what is taken of it, how to end, where the other cores wait. It is never
//! trusted: what is wrong in it is either ignored or an error in words.

use crate::ranges::Ranges;
use dtoolkit::fdt::{Fdt, FdtNode};
use dtoolkit::{Node, Property};

/// Largest device tree that is read; those of these boards are below 64 KiB.
pub const MAX_BYTES: u64 = 1 << 20;

/// What was found.
#[derive(Debug)]
pub struct Tree {
    /// RAM.
    pub memory: Ranges<16>,
    /// Parts of it that are not free.
    pub reserved: Ranges<48>,
    /// The boot arguments allow ending the emulator by semihosting.
    pub semihosting: bool,
    /// Where cores 1 to 3 read the address to start at; 0 for none.
    pub release: [u64; 3],
    /// How the firmware's power functions are called: `hvc` or `smc`, if it has any.
    pub psci: Psci,
}

/// The `method` of the `psci` node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Psci {
    /// There is none.
    Absent,
    /// `hvc`.
    Hvc,
    /// `smc`.
    Smc,
}

/// Bytes of the tree whose first eight bytes are these; `None` if it is none or too large.
pub fn length(head: [u8; 8]) -> Option<u64> {
    let [m0, m1, m2, m3, l0, l1, l2, l3] = head;
    let len = u64::from(u32::from_be_bytes([l0, l1, l2, l3]));
    (u32::from_be_bytes([m0, m1, m2, m3]) == 0xd00d_feed && len <= MAX_BYTES).then_some(len)
}

impl Tree {
    /// Reads a tree that was checked.
    ///
    /// # Errors
    /// In words: no memory, or more ranges than fit.
    pub fn read(fdt: Fdt<'_>) -> Result<Self, &'static str> {
        let (memory, reserved) = (Ranges::new(), Ranges::new());
        let mut tree = Self { memory, reserved, semihosting: false, release: [0; 3], psci: Psci::Absent };
        for child in fdt.root().children() {
            if child.name_without_address() == "memory" {
                each_range(child, |start, len| tree.memory.add(start, len));
            }
        }
        for entry in fdt.memory_reservations() {
            tree.reserved.add(entry.address(), entry.size());
        }
        for node in fdt.reserved_memory().into_iter().flatten() {
            each_range(*node, |start, len| tree.reserved.add(start, len));
        }
        if let Some(chosen) = fdt.find_node("/chosen") {
            tree.read_chosen(chosen);
        }
        tree.read_cores(fdt);
        let method = fdt.find_node("/psci").and_then(|node| node.property("method"));
        tree.psci = match method.as_ref().map(|method| method.value()) {
            Some(b"hvc\0") => Psci::Hvc,
            Some(b"smc\0") => Psci::Smc,
            _ => Psci::Absent,
        };
        if tree.memory.total() == 0 {
            return Err("the device tree names no memory");
        }
        if tree.memory.overflowed() || tree.reserved.overflowed() {
            return Err("the device tree has more memory ranges than the kernel has room for");
        }
        Ok(tree)
    }

    fn read_chosen(&mut self, chosen: FdtNode<'_>) {
        let arguments = chosen.property("bootargs");
        let arguments = arguments.as_ref().and_then(|p| p.value_as::<&str>().ok()).unwrap_or("");
        self.semihosting = arguments.split_ascii_whitespace().any(|word| word == "semihosting");
        // A ram disk that someone loaded is not ours to overwrite.
        let address = |name| {
            let property = chosen.property(name)?;
            match *property.value() {
                [a, b, c, d] => Some(u64::from(u32::from_be_bytes([a, b, c, d]))),
                [a, b, c, d, e, f, g, h] => Some(u64::from_be_bytes([a, b, c, d, e, f, g, h])),
                _ => None,
            }
        };
        if let (Some(start), Some(end)) = (address("linux,initrd-start"), address("linux,initrd-end")) {
            self.reserved.add(start, end.saturating_sub(start));
        }
    }

    fn read_cores(&mut self, fdt: Fdt<'_>) {
        let Some(cores) = fdt.find_node("/cpus") else { return };
        for core in cores.children() {
            let Ok(Some(mut reg)) = core.reg() else { continue };
            let number = reg.next().and_then(|reg| reg.address::<u64>().ok()).unwrap_or(0);
            let release = core.property("cpu-release-addr").and_then(|p| p.value_as::<u64>().ok());
            if let (Some(release), 1..=3) = (release, number) {
                self.release[number as usize - 1] = release;
            }
        }
    }
}

fn each_range(node: FdtNode<'_>, mut add: impl FnMut(u64, u64)) {
    let Ok(Some(ranges)) = node.reg() else { return };
    for range in ranges {
        if let (Ok(start), Ok(len)) = (range.address::<u64>(), range.size::<u64>()) {
            add(start, len);
        }
    }
}

/// Whether the root's compatible list has one of these.
pub fn is_compatible(fdt: Fdt<'_>, names: &[[u8; 32]]) -> bool {
    let Some(own) = fdt.root().property("compatible") else { return false };
    let own = own.value();
    names.iter().any(|name| {
        let name = name.split(|byte| *byte == 0).next().unwrap_or(&[]);
        !name.is_empty() && own.split(|byte| *byte == 0).any(|own| own == name)
    })
}

#[cfg(test)]
mod tests {
    use super::{MAX_BYTES, Psci, Tree, is_compatible, length};
    use dtoolkit::fdt::Fdt;

    fn board(name: &str) -> Vec<u8> {
        let path = format!("{}/../../bsp-rpi/boards/{name}.dts", env!("CARGO_MANIFEST_DIR"));
        dts::compile(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    fn source(body: &str) -> Vec<u8> {
        let head = "/dts-v1/; /memreserve/ 0x1000 0x2000; / { #address-cells = <2>; #size-cells = <1>;";
        dts::compile(&format!("{head} {body} }};")).unwrap()
    }

    fn read(bytes: &[u8]) -> Result<Tree, &'static str> {
        Tree::read(Fdt::new(bytes).unwrap())
    }

    const MEMORY: &str = "memory@0 { device_type = \"memory\"; reg = <0 0x0 0x1000000>, <0 0x40000000 0x2000000>; };";

    #[test]
    fn our_own_trees_name_memory_and_the_waiting_cores() {
        for name in ["rpi3", "rpi4"] {
            let tree = read(&board(name)).unwrap();
            assert!(tree.memory.total() >= 256 << 20, "{name}");
            assert_eq!(tree.release, [0xe0, 0xe8, 0xf0], "{name}");
            assert!(!tree.semihosting, "{name}");
        }
    }

    #[test]
    fn a_board_is_known_by_a_whole_name_of_the_root() {
        let bytes = board("rpi4");
        let fdt = Fdt::new(&bytes).unwrap();
        let names = |name: &str| {
            let mut names = [[0; 32]; 4];
            names[1][..name.len()].copy_from_slice(name.as_bytes());
            names
        };
        assert!(is_compatible(fdt, &names("brcm,bcm2711")));
        assert!(!is_compatible(fdt, &names("brcm,bcm271")));
        assert!(!is_compatible(fdt, &[[0; 32]; 4]), "an empty name matches nothing");
    }

    #[test]
    fn all_kinds_of_reservation_are_seen() {
        let bytes = source(&format!(
            "{MEMORY} reserved-memory {{ #address-cells = <2>; #size-cells = <1>; ranges;
                firmware@80000 {{ reg = <0 0x80000 0x10000>; no-map; }};
                pool {{ size = <0x1000>; }}; }};
             chosen {{ linux,initrd-start = <0x200000>; linux,initrd-end = <0x201000>; }};"
        ));
        let tree = read(&bytes).unwrap();
        let reserved: Vec<_> = tree.reserved.iter().collect();
        assert_eq!(reserved, [(0x1000, 0x3000), (0x80000, 0x90000), (0x200000, 0x201000)]);
        assert_eq!(tree.memory.total(), 0x300_0000);
    }

    #[test]
    fn semihosting_is_a_word_of_its_own() {
        let with = |arguments: &str| {
            read(&source(&format!("{MEMORY} chosen {{ bootargs = \"{arguments}\"; }};"))).unwrap().semihosting
        };
        assert!(with("quiet semihosting x=1"));
        assert!(!with("nosemihosting semihosting=0"));
    }

    #[test]
    fn the_way_to_the_firmware_is_known_only_by_its_names() {
        let with = |method: &str| read(&source(&format!("{MEMORY} psci {{ method = \"{method}\"; }};"))).unwrap().psci;
        assert_eq!((with("hvc"), with("smc"), with("hvcx")), (Psci::Hvc, Psci::Smc, Psci::Absent));
        assert_eq!(read(&source(MEMORY)).unwrap().psci, Psci::Absent);
    }

    #[test]
    fn a_tree_without_memory_is_refused_in_words() {
        assert_eq!(read(&source("")).map(|_| ()), Err("the device tree names no memory"));
    }

    #[test]
    fn the_length_is_believed_only_with_the_magic_and_in_bounds() {
        let head = |magic: u32, len: u32| {
            let mut head = [0; 8];
            head[..4].copy_from_slice(&magic.to_be_bytes());
            head[4..].copy_from_slice(&len.to_be_bytes());
            head
        };
        assert_eq!(length(head(0xd00d_feed, 4096)), Some(4096));
        assert_eq!(length(head(0xd00d_feed, MAX_BYTES as u32 + 1)), None);
        assert_eq!(length(head(0x5441_0001, 4096)), None, "ATAGS");
    }

    /// Those of an installed Linux kernel, or in the directory that `TINYOS_DEVICE_TREES` names. The firmware fills in the
    /// memory of a Pi 4, so a tree from a package may name none.
    #[test]
    fn real_trees_that_are_at_hand_are_read() {
        let named = std::env::var_os("TINYOS_DEVICE_TREES").map(std::path::PathBuf::from);
        let installed = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
        let directories = named.into_iter().chain(installed.map(|entry| entry.path().join("broadcom")));
        for directory in directories {
            for name in ["bcm2837-rpi-3-b.dtb", "bcm2711-rpi-4-b.dtb", "bcm2712-rpi-5-b.dtb"] {
                let Ok(bytes) = std::fs::read(directory.join(name)) else { continue };
                match read(&bytes) {
                    Ok(tree) => assert!(tree.memory.total() >= 512 << 20, "{name}"),
                    Err(text) => assert_eq!((name, text), ("bcm2711-rpi-4-b.dtb", "the device tree names no memory")),
                }
            }
        }
    }

    #[test]
    fn a_damaged_tree_never_panics() {
        let good = board("rpi3");
        let mut random = 1_u64;
        for _ in 0..20_000 {
            let mut bytes = good.clone();
            for _ in 0..4 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at = (random >> 33) as usize % bytes.len();
                bytes[at] = (random >> 20) as u8;
            }
            if let Ok(fdt) = Fdt::new(&bytes) {
                let _ = is_compatible(fdt, &[*b"brcm,bcm2837\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"; 4]);
                let _ = Tree::read(fdt).map(|tree| tree.release);
            }
        }
    }
}
