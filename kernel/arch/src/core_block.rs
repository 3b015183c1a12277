//! What the assembly keeps for its core, just above the kernel stack: every field is one load from `sp`.

use core::mem::offset_of;
use kernel_core::id::Tid;
use rtos_abi::info::path;

/// System calls that can have a counter of their own. The words after them are in reach of a load of two registers
/// from `sp`, which the assembly needs for other things.
pub const COUNTED_CALLS: usize = 60;
/// Bytes of a [`CoreBlock`]; the machine's state follows it.
pub const CORE_BLOCK_BYTES: usize = 1024;

const _: () = assert!(rtos_abi::call::ALL.len() <= COUNTED_CALLS, "a call without a path counter");
const _: () = assert!(path::IRQ == 64 && path::COUNT == 68);

/// One core's words. The layout is used by the assembly through `offset_of!`.
#[repr(C, align(1024))]
pub struct CoreBlock {
    /// Longest masked path of each system call, in cycles.
    pub longest_call: [u64; COUNTED_CALLS],
    /// `PMCCNTR_EL0` at this entry.
    pub start: u64,
    /// The counter this entry belongs to.
    pub path: u64,
    /// Always zero: what scratch registers are cleared from.
    pub zero: [u64; 2],
    /// Longest masked path of the other kinds of entry: [`rtos_abi::info::path`], from `IRQ` on.
    pub longest_other: [u64; 4],
    /// The program's `x30` while the kernel uses it.
    pub link: u64,
    /// Address of the running thread.
    pub current: u64,
    /// Arguments of a call that may say `Again`: `x0`-`x3`, `x6`, `x7`.
    pub arguments: [u64; 6],
    /// The thread whose floating-point registers are loaded; 0 for none.
    pub fp_owner: u64,
    /// Not 0 on boards with the BCM2836 interrupt controller.
    pub bcm: u64,
    /// Rounds the size up.
    spare: [u64; 48],
}

const _: () = assert!(size_of::<CoreBlock>() == CORE_BLOCK_BYTES);
const _: () = assert!(offset_of!(CoreBlock, longest_other) == path::IRQ as usize * 8);

/// The boot core's block. `sp` points at it whenever the kernel is entered.
#[unsafe(link_section = ".bss.core_block")]
#[unsafe(no_mangle)]
static mut core_block: CoreBlock = CoreBlock {
    longest_call: [0; COUNTED_CALLS],
    start: 0,
    path: 0,
    zero: [0; 2],
    longest_other: [0; 4],
    link: 0,
    current: 0,
    arguments: [0; 6],
    fp_owner: 0,
    bcm: 0,
    spare: [0; 48],
};

impl CoreBlock {
    /// Counts this entry as a timer interrupt instead of a device's.
    #[inline(always)]
    pub const fn count_as_timer(&mut self) {
        self.path = path::TIMER;
    }
}

/// The word of the block at this offset.
fn word(offset: usize) -> *mut u64 {
    (&raw mut core_block).cast::<u64>().wrapping_byte_add(offset)
}

/// The longest masked path of one kind ([`rtos_abi::info::path`]) so far, in cycles; 0 for an unknown kind.
#[must_use]
pub fn longest_path(kind: usize) -> u64 {
    let first_other = path::IRQ as usize;
    if kind < COUNTED_CALLS || (first_other..path::COUNT).contains(&kind) {
        // SAFETY: within the block, by the asserted layout; the assembly writes it only outside Rust code.
        return unsafe { word(kind * 8).read_volatile() };
    }
    0
}

/// Chooses the interrupt controller that the idle loop asks.
pub(crate) fn use_bcm(bcm: bool) {
    // SAFETY: only this core writes the word, and the assembly reads it outside Rust code.
    unsafe { word(offset_of!(CoreBlock, bcm)).write_volatile(u64::from(bcm)) }
}

/// The thread whose floating-point registers are loaded, 0 for none.
pub(crate) fn fp_owner() -> Tid {
    // SAFETY: only this core writes the word, and the assembly writes it outside Rust code.
    Tid(unsafe { word(offset_of!(CoreBlock, fp_owner)).read_volatile() } as u8)
}

/// Says that no thread's floating-point registers are loaded.
pub(crate) fn clear_fp_owner() {
    // SAFETY: as in `fp_owner`.
    unsafe { word(offset_of!(CoreBlock, fp_owner)).write_volatile(0) }
}
