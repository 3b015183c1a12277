//! Physical memory, translation tables with a translation buffer, and what an instruction fetch sees.

use kernel_core::port::{NeedsTable, PageAttr, Phys};
use rtos_abi::FaultReason;
use rtos_abi::call::perm;
use rtos_abi::limits::PAGE_BYTES;
use std::collections::BTreeMap;

/// Bytes of a page.
pub const PAGE: u64 = PAGE_BYTES as u64;
/// Bytes of code that are synchronised as one: a step of the kernel's.
const LINE: u64 = 1024;
/// What memory holds that nobody wrote: what an earlier owner left there.
const LEFT_OVER: u8 = 0xa5;

/// A translation: the page it leads to and how it may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Translation {
    /// Physical address of the page.
    pub page: u64,
    /// [`perm`].
    pub perm: u8,
    /// Device memory.
    pub device: bool,
}

impl Translation {
    /// As a word of a table.
    const fn word(self) -> u64 {
        self.page | (self.perm as u64) << 2 | (self.device as u64) << 5 | 1
    }

    /// From a word of a table.
    fn from_word(word: u64) -> Option<Self> {
        (word & 1 == 1).then_some(Self {
            page: word & !(PAGE - 1),
            perm: (word >> 2) as u8 & 7,
            device: word & 1 << 5 != 0,
        })
    }
}

/// All memory of the machine, the translations a core remembers, and its instruction cache.
#[derive(Default)]
pub struct Memory {
    /// Pages that were touched.
    pages: BTreeMap<u64, Box<[u8; PAGE_BYTES]>>,
    /// First byte and end of RAM.
    pub ram: (u64, u64),
    /// The translation buffer, by address-space id and page.
    remembered: BTreeMap<(u16, u64), Translation>,
    /// What a fetch from a line sees; a line that was never synchronised is not there.
    fetched: BTreeMap<u64, [u8; LINE as usize]>,
}

impl Memory {
    /// Calls `each` with the pieces of a range that lie in one page: offset in the range, bytes.
    fn pieces(&mut self, at: u64, len: usize, mut each: impl FnMut(usize, &mut [u8])) {
        assert!(at >= self.ram.0 && at + len as u64 <= self.ram.1, "{at:#x}+{len:#x} is not RAM");
        let mut done = 0;
        while done < len {
            let here = at + done as u64;
            let offset = (here % PAGE) as usize;
            let part = (PAGE_BYTES - offset).min(len - done);
            let page = self.pages.entry(here / PAGE).or_insert_with(|| Box::new([LEFT_OVER; PAGE_BYTES]));
            each(done, &mut page[offset..offset + part]);
            done += part;
        }
    }

    /// Reads RAM.
    pub fn read(&mut self, at: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.pieces(at, len, |done, piece| bytes[done..done + piece.len()].copy_from_slice(piece));
        bytes
    }

    /// Writes RAM.
    pub fn write(&mut self, at: u64, bytes: &[u8]) {
        self.pieces(at, bytes.len(), |done, piece| piece.copy_from_slice(&bytes[done..done + piece.len()]));
    }

    /// Clears RAM.
    pub fn clear(&mut self, at: u64, len: usize) {
        self.pieces(at, len, |_, piece| piece.fill(0));
    }

    /// A word of a table.
    pub fn word(&self, at: u64) -> u64 {
        let Some(page) = self.pages.get(&(at / PAGE)) else { return u64::from_le_bytes([LEFT_OVER; 8]) };
        let offset = (at % PAGE) as usize;
        u64::from_le_bytes(page[offset..offset + 8].try_into().unwrap())
    }

    fn root_entry(root: Phys, va: u64) -> u64 {
        assert!(va < 512 << 21, "{va:#x} is beyond the tables");
        root.0 + (va >> 21) * 8
    }

    /// Maps a page; a page that is mapped already must not be mapped again.
    pub fn map_page(&mut self, root: Phys, va: u64, to: Phys, attr: PageAttr) -> Result<(), NeedsTable> {
        assert!(va.is_multiple_of(PAGE) && to.0.is_multiple_of(PAGE), "a page is mapped at {va:#x} to {to:?}");
        let table = self.word(Self::root_entry(root, va));
        if table & 1 == 0 {
            return Err(NeedsTable);
        }
        let entry = (table & !(PAGE - 1)) + (va >> 12 & 511) * 8;
        assert_eq!(self.word(entry), 0, "{va:#x} is mapped twice");
        let translation = Translation { page: to.0, perm: attr.perm, device: attr.device };
        self.write(entry, &translation.word().to_le_bytes());
        Ok(())
    }

    /// Gives 2 MiB a table, which must be clear.
    pub fn add_table(&mut self, root: Phys, va: u64, table: Phys) {
        let entry = Self::root_entry(root, va);
        assert_eq!(self.word(entry), 0, "{va:#x} has a table already");
        assert!(self.read(table.0, PAGE_BYTES) == [0; PAGE_BYTES], "the table at {table:?} is not clear");
        self.write(entry, &(table.0 | 3).to_le_bytes());
    }

    /// The tables below a root: index of the 2 MiB, address of the table.
    pub fn tables(&self, root: Phys) -> Vec<(u64, u64)> {
        let words = (0..512).map(|n| (n, self.word(root.0 + n * 8)));
        words.filter(|(_, word)| *word != 0).map(|(n, word)| (n, word & !(PAGE - 1))).collect()
    }

    /// All pages mapped below a root.
    pub fn mapped(&self, root: Phys) -> Vec<(u64, Translation)> {
        let mut pages = Vec::new();
        for (n, table) in self.tables(root) {
            for m in 0..512 {
                if let Some(translation) = Translation::from_word(self.word(table + m * 8)) {
                    pages.push((n << 21 | m << 12, translation));
                }
            }
        }
        pages
    }

    /// What the tables say.
    fn walk(&self, root: u64, va: u64) -> Option<Translation> {
        let table = self.word(Self::root_entry(Phys(root), va));
        (table & 1 == 1)
            .then(|| self.word((table & !(PAGE - 1)) + (va >> 12 & 511) * 8))
            .and_then(Translation::from_word)
    }

    /// Forgets the translations of an address-space id.
    pub fn flush(&mut self, asid: u16) {
        self.remembered.retain(|(of, _), _| *of != asid);
    }

    /// Translates as a core does: by what it remembers, else by the tables.
    ///
    /// Panics when it remembers what the tables do not say any more.
    pub fn translate(&mut self, space: u64, va: u64, perms: u8) -> Result<u64, FaultReason> {
        let (root, asid) = (space & 0xffff_ffff_ffff, (space >> 48) as u16);
        let told = if va < 512 << 21 { self.walk(root, va) } else { None };
        let key = (asid, va / PAGE);
        let found = *self.remembered.get(&key).unwrap_or(&match told {
            Some(translation) => translation,
            None => return Err(unmapped(perms)),
        });
        assert_eq!(Some(found), told, "a stale translation of {va:#x} with id {asid} is used");
        self.remembered.insert(key, found);
        if found.perm & perms != perms || (found.device && perms & perm::EXECUTE != 0) {
            return Err(denied(perms));
        }
        Ok(found.page + va % PAGE)
    }

    /// Makes code visible to fetches.
    pub fn sync_code(&mut self, at: u64, len: usize) {
        assert!(at.is_multiple_of(LINE) && len as u64 == LINE, "{len} bytes of code at {at:#x}");
        for n in 0..len as u64 / LINE {
            let line = self.read(at + n * LINE, LINE as usize).try_into().unwrap();
            self.fetched.insert(at / LINE + n, line);
        }
    }

    /// The word a fetch sees; `None` if memory says something else meanwhile.
    pub fn fetch(&mut self, at: u64) -> Option<u32> {
        let now = self.read(at, 4);
        let offset = (at % LINE) as usize;
        let seen = self.fetched.get(&(at / LINE)).map(|line| line[offset..offset + 4].to_vec());
        (seen? == now).then(|| u32::from_le_bytes(now.try_into().unwrap()))
    }
}

/// The fault of an access to nothing.
fn unmapped(perms: u8) -> FaultReason {
    match perms {
        perm::EXECUTE => FaultReason::FetchUnmapped,
        perm::WRITE => FaultReason::WriteUnmapped,
        _ => FaultReason::ReadUnmapped,
    }
}

/// The fault of an access that is not allowed.
fn denied(perms: u8) -> FaultReason {
    match perms {
        perm::EXECUTE => FaultReason::FetchDenied,
        perm::WRITE => FaultReason::WriteDenied,
        _ => FaultReason::ReadDenied,
    }
}
