//! Translation tables: those of the partitions, and at boot the kernel's own view of memory and devices.
//!
//! The kernel sees its image at [`KERNEL_BASE`](rtos_abi::layout::KERNEL_BASE) (mapped by `boot.s`) and, at
//! [`ALIAS_BASE`] plus its physical address, every page of RAM or of a device that it was told to map here.

use crate::boot::{BOOT_TABLES, BootFacts};
use crate::copy;
use kernel_core::port::{NeedsTable, PageAttr, Phys};
use rtos_abi::call::perm;
use rtos_abi::limits::PAGE_BYTES;

/// Where physical address 0 is seen.
pub const ALIAS_BASE: u64 = 0xffff_ff80_0000_0000;
/// Bytes of physical memory that can be seen there; the kernel's image is above.
pub const ALIAS_BYTES: u64 = 0x7f_0000_0000;
/// Memory attributes by number: 0 normal write-back, 1 Device-nGnRE.
pub const MAIR: u64 = 0x04ff;

const PAGE: u64 = PAGE_BYTES as u64;
const BLOCK: u64 = 2 << 20;
const ADDRESS: u64 = 0x0000_ffff_ffff_f000;
const VALID: u64 = 1;
const TABLE: u64 = 3;
/// Set in a page entry, clear in that of a block.
const NOT_BLOCK: u64 = 2;

/// Attributes of a level-3 entry.
pub mod attribute {
    const PAGE: u64 = 3;
    const DEVICE: u64 = 1 << 2;
    const EL0: u64 = 1 << 6;
    const READ_ONLY: u64 = 1 << 7;
    const INNER_SHAREABLE: u64 = 3 << 8;
    const ACCESSED: u64 = 1 << 10;
    const NOT_GLOBAL: u64 = 1 << 11;
    const NO_EXECUTE_EL1: u64 = 1 << 53;
    const NO_EXECUTE_EL0: u64 = 1 << 54;
    const NORMAL: u64 = PAGE | INNER_SHAREABLE | ACCESSED;
    const NO_EXECUTE: u64 = NO_EXECUTE_EL1 | NO_EXECUTE_EL0;

    /// The kernel's code.
    pub const KERNEL_TEXT: u64 = NORMAL | READ_ONLY | NO_EXECUTE_EL0;
    /// Its constants, and memory it only reads.
    pub const KERNEL_RODATA: u64 = NORMAL | READ_ONLY | NO_EXECUTE;
    /// Its data.
    pub const KERNEL_DATA: u64 = NORMAL | NO_EXECUTE;
    /// A device it drives.
    pub const KERNEL_DEVICE: u64 = PAGE | DEVICE | ACCESSED | NO_EXECUTE;

    /// A partition's page.
    #[inline(always)]
    pub(super) const fn user(perm: u8, device: bool) -> u64 {
        let mut entry = PAGE | EL0 | ACCESSED | NOT_GLOBAL | NO_EXECUTE_EL1;
        entry |= if device { DEVICE } else { INNER_SHAREABLE };
        if perm & super::perm::WRITE == 0 {
            entry |= READ_ONLY;
        }
        if perm & super::perm::EXECUTE == 0 || device {
            entry |= NO_EXECUTE_EL0;
        }
        entry
    }
}

/// Maps one page of address space `root` at `va`.
///
/// # Errors
/// [`NeedsTable`] when the 2 MiB around `va` have no table yet.
#[inline(always)]
pub fn map_page(root: Phys, va: u64, to: Phys, attr: PageAttr) -> Result<(), NeedsTable> {
    let table = copy::load_word(entry_of(root, va >> 21));
    if table & VALID == 0 {
        return Err(NeedsTable);
    }
    let entry = entry_of(Phys(table & ADDRESS), va >> 12);
    copy::store_word(entry, to.0 & ADDRESS | attribute::user(attr.perm, attr.device));
    crate::cpu::table_barrier();
    Ok(())
}

/// Gives the 2 MiB around `va` a table; `table` is a cleared page.
pub fn add_table(root: Phys, va: u64, table: Phys) {
    copy::store_word(entry_of(root, va >> 21), table.0 & ADDRESS | TABLE);
    crate::cpu::table_barrier();
}

#[inline(always)]
const fn entry_of(table: Phys, index: u64) -> Phys {
    table.plus((index & 511) * 8)
}

/// What a range of physical memory is mapped as for the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alias {
    /// RAM the kernel hands to partitions and copies to and from.
    Ram,
    /// RAM the kernel only reads: bundle, device tree.
    ReadOnly,
    /// Device registers.
    Device,
}

/// Why a range cannot be mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapError {
    /// The range is empty, wraps or ends above what can be seen.
    Range,
    /// Part of it is already mapped as something else.
    Conflict,
    /// No table page is left.
    Tables,
}

impl MapError {
    /// The error in words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Range => "a physical range is empty or too high",
            Self::Conflict => "two physical ranges that must differ overlap",
            Self::Tables => "no page is left for the kernel's tables",
        }
    }
}

/// Pages for the tables below level 1.
const SPARE_TABLES: usize = 48;

#[repr(C, align(4096))]
struct Tables([[u64; 512]; SPARE_TABLES]);

#[unsafe(link_section = ".bss.tables")]
static mut TABLES: Tables = Tables([[0; 512]; SPARE_TABLES]);

/// The kernel's own tables above its image. Used at boot only, by the one core that boots.
pub struct KernelMap {
    bss: u64,
    used: usize,
}

impl KernelMap {
    /// The map as `boot.s` left it.
    ///
    /// # Safety
    /// Called once: two values would hand out the same table pages.
    #[must_use]
    pub const unsafe fn new(facts: &BootFacts) -> Self {
        Self { bss: facts.bss, used: 0 }
    }

    /// Bytes of all table pages the kernel has for itself.
    #[must_use]
    pub const fn bytes() -> u64 {
        ((SPARE_TABLES + BOOT_TABLES) * PAGE_BYTES) as u64
    }

    /// Makes whole pages around `at..at + len` visible.
    ///
    /// # Errors
    /// Any [`MapError`]. What was mapped before the error stays mapped.
    pub fn map(&mut self, at: Phys, len: u64, alias: Alias) -> Result<(), MapError> {
        let (mut page, end) = whole_pages(at, len)?;
        let attributes = match alias {
            Alias::Ram => attribute::KERNEL_DATA,
            Alias::ReadOnly => attribute::KERNEL_RODATA,
            Alias::Device => attribute::KERNEL_DEVICE,
        };
        while page < end {
            page += self.map_step(page, end, attributes)?;
        }
        crate::cpu::table_barrier();
        Ok(())
    }

    /// Maps a block of 2 MiB where that fits, else a page; answers its size.
    fn map_step(&mut self, page: u64, end: u64, attributes: u64) -> Result<u64, MapError> {
        let level2 = self.table_below(boot_table(0), page >> 30)?;
        if page.is_multiple_of(BLOCK) && end - page >= BLOCK && read(level2, page >> 21) == 0 {
            write(level2, page >> 21, (page | attributes) & !NOT_BLOCK);
            return Ok(BLOCK);
        }
        let level3 = self.table_below(level2, page >> 21)?;
        let old = read(level3, page >> 12);
        if old != 0 && old != page | attributes {
            return Err(MapError::Conflict);
        }
        write(level3, page >> 12, page | attributes);
        Ok(PAGE)
    }

    /// Hides whole pages again that were mapped page by page.
    pub fn unmap(&mut self, at: Phys, len: u64) {
        let Ok((mut page, end)) = whole_pages(at, len) else { return };
        while page < end {
            if let Ok(level2) = self.table_below(boot_table(0), page >> 30)
                && let Ok(level3) = self.table_below(level2, page >> 21)
            {
                write(level3, page >> 12, 0);
            }
            page += PAGE;
        }
        crate::cpu::flush_all();
    }

    /// The table that entry `index` of `table` leads to; a fresh one if there is none.
    fn table_below(&mut self, table: *mut u64, index: u64) -> Result<*mut u64, MapError> {
        let entry = read(table, index);
        if entry & TABLE == TABLE {
            let offset = (entry & ADDRESS).wrapping_sub(self.bss);
            return Ok(boot_table(0).wrapping_byte_add(offset as usize));
        }
        if entry != 0 {
            return Err(MapError::Conflict);
        }
        if self.used == SPARE_TABLES {
            return Err(MapError::Tables);
        }
        // SAFETY: the index was just checked; only the address is taken.
        let fresh = unsafe { &raw mut TABLES.0[self.used] }.cast::<u64>();
        self.used += 1;
        let offset = (fresh as u64).wrapping_sub(boot_table(0) as u64);
        write(table, index, (self.bss + offset) | TABLE);
        Ok(fresh)
    }
}

fn whole_pages(at: Phys, len: u64) -> Result<(u64, u64), MapError> {
    let end = at.0.checked_add(len).filter(|end| len > 0 && *end <= ALIAS_BYTES).ok_or(MapError::Range)?;
    Ok((at.0 & !(PAGE - 1), end.next_multiple_of(PAGE)))
}

unsafe extern "C" {
    static mut __bss_start: [u64; 512 * BOOT_TABLES];
}

fn boot_table(n: usize) -> *mut u64 {
    (&raw mut __bss_start).cast::<u64>().wrapping_add(n * 512)
}

fn read(table: *mut u64, index: u64) -> u64 {
    // SAFETY: `table` is one of the kernel's own tables of 512 words; the walker only reads them.
    unsafe { table.wrapping_add(index as usize & 511).read_volatile() }
}

fn write(table: *mut u64, index: u64, entry: u64) {
    // SAFETY: as in `read`; nothing in Rust refers to these words.
    unsafe { table.wrapping_add(index as usize & 511).write_volatile(entry) }
}
