//! Where things are in a partition's address space: 1 GiB from 0, of which the first 2 MiB are never mapped.

/// One past the last address a partition can use (translation starts at level 2, `T0SZ` = 34).
pub const USER_END: u64 = 0x4000_0000;
/// Every program is linked here: text, read-only data, data, zeroed data, then its heap.
pub const PROGRAM_BASE: u64 = 0x0020_0000;
/// One past the last address of a program with its heap.
pub const PROGRAM_END: u64 = 0x1000_0000;
/// The window for stacks, devices, rings and the info page; it fits one 2 MiB table.
pub const WINDOW_BASE: u64 = 0x1000_0000;
/// Stacks, each with an unmapped guard page below it, packed upward from here.
pub const STACK_BASE: u64 = WINDOW_BASE;
/// Devices of the partition: the n-th device of its manifest is at `DEVICE_BASE + n * DEVICE_STRIDE`, on every board.
pub const DEVICE_BASE: u64 = WINDOW_BASE + 0x10_0000;
/// Distance between two devices, and the most one can take.
pub const DEVICE_STRIDE: u64 = 0x1_0000;
/// Shared rings of the partition: the n-th is at `RING_BASE + n * RING_STRIDE`.
pub const RING_BASE: u64 = WINDOW_BASE + 0x18_0000;
/// Distance between two rings, and the most one can take.
pub const RING_STRIDE: u64 = 0x4000;
/// The read-only page with a program's arguments: a 64-bit length, then that many bytes of text; written by the loader.
pub const ARGS_PAGE: u64 = WINDOW_BASE + 0x1f_e000;
/// The read-only page with the facts of this boot ([`InfoPage`](crate::info::InfoPage)).
pub const INFO_PAGE: u64 = WINDOW_BASE + 0x1f_f000;
/// Where `init` alone sees the boot bundle, read-only.
pub const BUNDLE_BASE: u64 = 0x2000_0000;
/// One past the last address at which the bundle may end.
pub const BUNDLE_END: u64 = 0x2400_0000;

/// Start of the kernel's own image, in the top 2 GiB so that the default code model reaches it.
pub const KERNEL_BASE: u64 = 0xffff_ffff_8000_0000;
