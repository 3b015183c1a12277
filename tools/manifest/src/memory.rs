//! Where a partition's memory is, and how many pages it takes.

use rtos_abi::layout::{PROGRAM_BASE, PROGRAM_END, STACK_BASE};
use rtos_abi::limits::PAGE_BYTES;

use crate::partition::{Level, Partition, Pin};

/// Address space for a program with its heap, bytes.
pub const PROGRAM_BYTES: u64 = PROGRAM_END - PROGRAM_BASE;
const PAGE: u64 = PAGE_BYTES as u64;
/// What one table page maps, bytes.
pub const TABLE_BYTES: u64 = 512 * PAGE;

/// Pages that are reserved for a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pages {
    /// Program, heap, stacks and, for a program, its arguments.
    pub memory: u64,
    /// Page tables, the root included.
    pub tables: u64,
}

impl Pages {
    /// All of them.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.memory + self.tables
    }
}

/// Bytes of image and heap.
#[must_use]
pub fn program_bytes(manifest: &Partition) -> u64 {
    let memory = manifest.memory.get_ref();
    (u64::from(memory.image_kib) * 1024).next_multiple_of(PAGE) + heap_bytes(manifest)
}

/// Bytes of heap, whole pages.
#[must_use]
pub fn heap_bytes(manifest: &Partition) -> u64 {
    (u64::from(manifest.memory.get_ref().heap_kib) * 1024).next_multiple_of(PAGE)
}

/// Lowest address and one past the highest of each thread's stack; the page below each stays unmapped.
#[must_use]
pub fn stacks(manifest: &Partition) -> Vec<(u64, u64)> {
    let mut at = STACK_BASE;
    let place = |thread: &crate::partition::Thread| {
        let bottom = at + PAGE;
        at = bottom + u64::from(*thread.stack_kib.get_ref()) * 1024;
        (bottom, at)
    };
    manifest.thread.iter().map(place).collect()
}

/// Pages that are reserved for a partition. The table pages for the bundle, which only `init` maps, are not counted.
#[must_use]
pub fn pages(manifest: &Partition) -> Pages {
    let stacks: u64 = stacks(manifest).iter().map(|(bottom, top)| (top - bottom) / PAGE).sum();
    let arguments = 1;
    let program = program_bytes(manifest);
    // The root, those of the program, and one for the window with stacks, devices and rings.
    let tables = 1 + program.div_ceil(TABLE_BYTES).max(1) + 1;
    Pages { memory: program / PAGE + stacks + arguments, tables }
}

/// Register writes that make a pin safe on a board with one setup write, as all have.
#[must_use]
pub const fn pin_writes(pin: &Pin) -> usize {
    match pin.safe {
        Level::Low => 2,
        Level::High => 3,
    }
}

/// Register writes that put a partition's pins into their safe state.
#[must_use]
pub fn safe_writes(manifest: &Partition) -> usize {
    manifest.pins.iter().map(pin_writes).sum()
}
