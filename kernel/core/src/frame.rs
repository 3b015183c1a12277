//! The saved registers of a thread, as plain data. The layout is fixed: `kernel-arch` reads and writes it in assembly.

/// Which registers of a frame are valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum FrameKind {
    /// Saved inside a system call: `x19`-`x30`, `sp`, `pc`, `tpidr`; results in `x[0]` to `x[3]`. The rest is cleared when
    /// the address space changes, and `psr` is that of a fresh EL0 thread.
    Call = 0,
    /// Saved by an interrupt or fault, or never run: everything is valid.
    Full = 1,
}

/// Registers of a thread that is not running.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Frame {
    /// `x0` to `x30`.
    pub x: [u64; 31],
    /// `SP_EL0`.
    pub sp: u64,
    /// `ELR_EL1`: where it goes on.
    pub pc: u64,
    /// `SPSR_EL1`.
    pub psr: u64,
    /// `TPIDR_EL0`.
    pub tpidr: u64,
    /// `TTBR0_EL1`: root of its tables and address-space id. Set when its partition is sealed.
    pub space: u64,
    /// `CPACR_EL1`: floating point trapped or not. Set from its declaration.
    pub cpacr: u64,
    /// Which of the above are valid.
    pub kind: FrameKind,
}

impl Frame {
    /// All zero, so that the kernel's tables take no room in the image.
    pub const EMPTY: Self =
        Self { x: [0; 31], sp: 0, pc: 0, psr: 0, tpidr: 0, space: 0, cpacr: 0, kind: FrameKind::Call };

    /// Index of the first message register, `x20`.
    pub const MESSAGE: usize = 20;

    /// The eight message words in `x20`-`x27`.
    #[must_use]
    pub fn message(&self) -> [u64; 8] {
        core::array::from_fn(|n| self.x[Self::MESSAGE + n])
    }

    /// Replaces the eight message words.
    pub fn set_message(&mut self, words: [u64; 8]) {
        self.x[Self::MESSAGE..Self::MESSAGE + 8].copy_from_slice(&words);
    }
}
