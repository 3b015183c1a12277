//! Single bits of registers that several owners share. The kernel writes and reads them by the manifest's mask.

use crate::sys;

/// The right to write or read some bits of one register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant(u8);

impl Grant {
    /// Register grant `number` of the partition.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// The register's value, of which only the granted bits are shown.
    #[inline(always)]
    #[must_use]
    pub fn read(self) -> u32 {
        sys::reg_read(self.0)
    }

    /// Does what a grant of one action does: a pin's set or clear.
    #[inline(always)]
    pub fn act(self) {
        sys::reg_write(self.0, 0);
    }

    /// Writes the granted bits. A bit outside of them is misuse.
    #[inline(always)]
    pub fn write(self, value: u32) {
        sys::reg_write(self.0, value);
    }
}
