//! Building a partition, for the loader (right: `build`): map and fill its memory, seal it, start it; reap it when it is
//! dead. The kernel holds the most that the manifest gives to each slot and refuses more.

use crate::{Error, sys};
use rtos_abi::limits::PAGE_BYTES;

/// A partition that is being built, or waits to be reaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(u8);

impl Slot {
    /// Slot `number`.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Frees a dead partition's tables and clears its memory.
    ///
    /// # Errors
    /// [`Error::BadState`] when it is not dead.
    pub fn reap(self) -> Result<(), Error> {
        sys::part_reap(self.0)
    }

    /// Maps zeroed memory at `address` for at least `bytes`, with [`perm`](rtos_abi::call::perm).
    ///
    /// # Errors
    /// [`Error::BadState`], [`Error::NoMemory`] (more than is reserved), [`Error::Refused`] (not a place for programs,
    /// or mapped already), [`Error::NotSealed`] (to be written and executed).
    pub fn map(self, address: u64, bytes: u64, perm: u8) -> Result<(), Error> {
        sys::part_map(self.0, address, bytes.div_ceil(PAGE_BYTES as u64), perm)
    }

    /// Copies `bytes` to `address`, which is mapped.
    ///
    /// # Errors
    /// [`Error::BadState`], [`Error::Refused`].
    pub fn write(self, address: u64, bytes: &[u8]) -> Result<(), Error> {
        sys::part_write(self.0, address, bytes)
    }

    /// Checks that nothing is both writable and executable, makes code visible to instruction fetch, maps what the
    /// manifest declares (stacks, devices, rings, info page) and freezes it all.
    ///
    /// # Errors
    /// [`Error::BadState`], [`Error::NoMemory`], [`Error::NotSealed`].
    pub fn seal(self) -> Result<(), Error> {
        sys::part_seal(self.0)
    }

    /// Starts thread 0 at `entry` with `argument` in `x0`.
    ///
    /// # Errors
    /// [`Error::BadState`] when it is not sealed, [`Error::Refused`] when `entry` is not code.
    pub fn start(self, entry: u64, argument: u64) -> Result<(), Error> {
        sys::part_start(self.0, entry, argument)
    }
}
