//! Constants of the boot assembly, and what it leaves for Rust.

use crate::mmu::{self, attribute};

/// Tables that the boot assembly fills, at the start of `.bss`: level 1, level 2, two of level 3 for the kernel image,
/// three for the identity mapping; the first of those stays as the table of an empty lower half.
pub const BOOT_TABLES: usize = 7;
/// Index in [`BOOT_TABLES`] of the page that stays empty.
const EMPTY_TABLE: u64 = 4;
const PAGE: u64 = rtos_abi::limits::PAGE_BYTES as u64;

/// `T0SZ` 34 (1 GiB, walks start at level 2), `T1SZ` 25 (512 GiB, level 1), inner and outer write-back, inner
/// shareable, 4 KiB granules, 16-bit address-space ids from `TTBR0`. The physical size is added at boot.
const TCR: u64 = 34 | 1 << 8 | 1 << 10 | 3 << 12 | 25 << 16 | 1 << 24 | 1 << 26 | 3 << 28 | 2 << 30 | 1 << 36;
/// MMU, caches, stack alignment checks at EL1 and EL0, writable memory is never executable. Alignment checks are off;
/// EL0 gets no cache maintenance, no `CTR_EL0`, no `wfi` and no `wfe`.
const SCTLR: u64 = 0x30d0_0800 | 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 12 | 1 << 19;

core::arch::global_asm!(
    include_str!("boot.s"),
    BUNDLE_MAGIC_LOW = const rtos_abi::bundle::MAGIC & 0xffff,
    BUNDLE_MAGIC_HIGH = const rtos_abi::bundle::MAGIC >> 16,
    BOOT_TABLES = const BOOT_TABLES,
    TEXT_ATTR_LOW = const attribute::KERNEL_TEXT & 0xffff,
    TEXT_ATTR_HIGH = const attribute::KERNEL_TEXT >> 48,
    RODATA_ATTR_LOW = const attribute::KERNEL_RODATA & 0xffff,
    RODATA_ATTR_HIGH = const attribute::KERNEL_RODATA >> 48,
    DATA_ATTR_LOW = const attribute::KERNEL_DATA & 0xffff,
    DATA_ATTR_HIGH = const attribute::KERNEL_DATA >> 48,
    KERNEL_LEVEL1 = const (rtos_abi::layout::KERNEL_BASE >> 30) & 0x1ff,
    MAIR = const mmu::MAIR,
    TCR = const TCR,
    SCTLR = const SCTLR,
);

/// What the boot assembly found, in the order of its registers.
#[derive(Clone, Copy, Debug)]
pub struct BootFacts {
    /// Physical address of the device tree, 0 if there is none.
    pub device_tree: u64,
    /// Physical address of the kernel image.
    pub load: u64,
    /// Physical address of the boot bundle.
    pub bundle: u64,
    /// Bytes of the boot bundle, a multiple of the page size; 0 if there is none.
    pub bundle_len: u64,
    /// Physical address of `.bss`.
    pub bss: u64,
    /// Exception level at entry.
    pub entry_level: u64,
    /// `CNTPCT_EL0` at entry.
    pub ticks: u64,
}

impl BootFacts {
    /// One past the last physical address of image, bundle and `.bss`.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.bss + bss_len()
    }

    /// Bytes of the kernel: image and `.bss`, without the bundle.
    #[must_use]
    pub fn kernel_len(&self) -> u64 {
        self.bundle - self.load + bss_len()
    }

    /// Physical address at which a core with the MMU off parks itself for ever.
    #[must_use]
    pub fn park_address(&self) -> u64 {
        self.load + (address(&raw const boot_park_core) - address(&raw const image_header))
    }

    /// Value of `TTBR0_EL1` for no address space: an empty table, address-space id 0.
    #[must_use]
    pub const fn empty_space(&self) -> u64 {
        self.bss + EMPTY_TABLE * PAGE
    }
}

unsafe extern "C" {
    static image_header: u8;
    static boot_park_core: u8;
    static __bss_start: u8;
    static __bss_end: u8;
}

fn address(symbol: *const u8) -> u64 {
    symbol as u64
}

fn bss_len() -> u64 {
    address(&raw const __bss_end) - address(&raw const __bss_start)
}
