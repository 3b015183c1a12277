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
        let mut tree = Self { memory: Ranges::new(), reserved: Ranges::new(), semihosting: false, release: [0; 3] };
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
