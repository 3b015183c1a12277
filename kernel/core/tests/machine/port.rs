//! The machine as the kernel's rules see it.

use super::memory::Memory;
use kernel_core::id::Tid;
use kernel_core::port::{NeedsTable, PageAttr, Phys, Port, Register};
use rtos_abi::limits::STEP_BYTES;
use std::collections::BTreeMap;

/// A device's interrupt line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Line {
    /// The controller lets it through.
    pub enabled: bool,
    /// The device asserts it.
    pub raised: bool,
}

/// Everything that [`Port`] reaches.
#[derive(Default)]
pub struct HostPort {
    /// RAM, translations, instruction cache.
    pub memory: Memory,
    /// Lines by number.
    pub lines: BTreeMap<u16, Line>,
    /// Device registers by address.
    pub registers: BTreeMap<u64, u32>,
    /// Writes to device registers in order.
    pub writes: Vec<(u64, u32)>,
    /// Threads whose floating-point registers were forgotten since somebody looked: those that were started.
    pub forgotten: Vec<Tid>,
    /// Saved floating-point registers, one standing for all.
    pub fp_areas: BTreeMap<u8, u64>,
    /// Whose floating-point registers are loaded.
    pub fp_owner: Tid,
    /// Longest operation on memory in the present step, bytes.
    pub step_bytes: usize,
}

impl HostPort {
    /// Notes an operation on memory.
    fn moved(&mut self, len: usize) {
        assert!(len <= STEP_BYTES, "{len} bytes in one operation");
        self.step_bytes += len;
    }
}

impl Port for HostPort {
    fn map_page(&mut self, root: Phys, va: u64, to: Phys, attr: PageAttr) -> Result<(), NeedsTable> {
        self.memory.map_page(root, va, to, attr)
    }

    fn add_table(&mut self, root: Phys, va: u64, table: Phys) {
        self.memory.add_table(root, va, table);
    }

    fn flush_space(&mut self, asid: u16) {
        self.memory.flush(asid);
    }

    fn clear(&mut self, at: Phys, len: usize) {
        assert!(at.0.is_multiple_of(64) && len.is_multiple_of(64));
        self.moved(len);
        self.memory.clear(at.0, len);
    }

    fn copy(&mut self, to: Phys, from: Phys, len: usize) {
        self.moved(len);
        let run = kernel_core::port::COPY_RUN as usize;
        assert!(len < run || len.is_multiple_of(run), "a copy of {len} bytes");
        let apart = to.0 + len as u64 <= from.0 || from.0 + len as u64 <= to.0;
        assert!(apart, "copy of {len} bytes from {from:?} to {to:?}");
        let bytes = self.memory.read(from.0, len);
        self.memory.write(to.0, &bytes);
    }

    fn store(&mut self, to: Phys, bytes: &[u8]) {
        assert!(bytes.len() <= 64);
        self.memory.write(to.0, bytes);
    }

    fn sync_code(&mut self, at: Phys, len: usize) {
        self.moved(len);
        self.memory.sync_code(at.0, len);
    }

    fn unmask_line(&mut self, line: u16) {
        self.lines.entry(line).or_default().enabled = true;
    }

    fn read_register(&mut self, register: Register) -> u32 {
        assert!(matches!(register.width, 1 | 2 | 4));
        *self.registers.get(&register.address.0).unwrap_or(&0)
    }

    fn write_register(&mut self, register: Register, value: u32) {
        assert!(matches!(register.width, 1 | 2 | 4));
        self.registers.insert(register.address.0, value);
        self.writes.push((register.address.0, value));
    }

    fn forget_fp(&mut self, thread: Tid) {
        self.fp_areas.remove(&thread.0);
        if self.fp_owner == thread {
            self.fp_owner = Tid::IDLE;
        }
        self.forgotten.push(thread);
    }

    fn longest_path(&mut self, kind: usize) -> u64 {
        1000 + kind as u64
    }
}
