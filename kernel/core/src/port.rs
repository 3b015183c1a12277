//! The machine, as far as the kernel's rules need it. `image` implements it on the hardware, the tests on the host.
//!
//! Everything else the rules decide travels in the [`Decision`](crate::decision::Decision). Hot paths use no method of it.

/// A physical address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
#[repr(transparent)]
pub struct Phys(pub u64);

impl Phys {
    /// The address `bytes` further.
    #[inline(always)]
    #[must_use]
    pub const fn plus(self, bytes: u64) -> Self {
        Self(self.0.wrapping_add(bytes))
    }
}

/// How a page is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageAttr {
    /// [`rtos_abi::call::perm`]; never both write and execute.
    pub perm: u8,
    /// Device-nGnRE instead of normal cacheable memory.
    pub device: bool,
}

/// Mapping a page needs one more table page below the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeedsTable;

/// A register of a device, checked against the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Register {
    /// Physical address.
    pub address: Phys,
    /// Bytes: 1, 2 or 4.
    pub width: u8,
}

/// Bytes that a copy moves at once; what is left over is a step of its own.
pub const COPY_RUN: u64 = 128;

/// What the rules ask of the machine. Every method is bounded by a constant.
pub trait Port {
    /// Maps one page of address space `root` (physical address of its level-2 table) at `va`.
    ///
    /// # Errors
    /// [`NeedsTable`] when the 2 MiB around `va` have no table yet; see [`Port::add_table`].
    fn map_page(&mut self, root: Phys, va: u64, to: Phys, attr: PageAttr) -> Result<(), NeedsTable>;
    /// Gives the 2 MiB around `va` a table; `table` is a cleared page.
    fn add_table(&mut self, root: Phys, va: u64, table: Phys);
    /// Drops all translations of an address-space id, on this core.
    fn flush_space(&mut self, asid: u16);
    /// Clears `len` bytes of RAM, at most [`STEP_BYTES`](rtos_abi::limits::STEP_BYTES) and a multiple of 64.
    fn clear(&mut self, at: Phys, len: usize);
    /// Copies `len` bytes of RAM, at most [`STEP_BYTES`](rtos_abi::limits::STEP_BYTES) and either a multiple of
    /// [`COPY_RUN`] or less than it; the ranges do not overlap.
    fn copy(&mut self, to: Phys, from: Phys, len: usize);
    /// Writes up to 64 bytes into RAM.
    fn store(&mut self, to: Phys, bytes: &[u8]);
    /// Makes `len` bytes of freshly written code visible to instruction fetch, at most one step.
    fn sync_code(&mut self, at: Phys, len: usize);
    /// Lets a line interrupt again.
    fn unmask_line(&mut self, line: u16);
    /// Reads a device register.
    fn read_register(&mut self, register: Register) -> u32;
    /// Writes a device register.
    fn write_register(&mut self, register: Register, value: u32);
    /// Forgets the floating-point registers of a thread that died or starts anew.
    fn forget_fp(&mut self, thread: crate::id::Tid);
    /// The longest masked path of one kind seen so far ([`rtos_abi::info::path`]).
    fn longest_path(&mut self, kind: usize) -> u64;
}
