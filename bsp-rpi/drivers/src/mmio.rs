//! From an address to a register block: the only unsafe step of any driver.
#![expect(unsafe_code, reason = "a device is reached through its address")]

use tock_registers::interfaces::Readable;
use tock_registers::registers::ReadWrite;
use tock_registers::{RegisterLongName, UIntLike};

/// The layout of a device's registers.
///
/// # Safety
/// The type is `repr(C)`; every bit pattern is a value of it; each field that the device changes by itself can change
/// behind a shared reference (is one of the register types), and none has a destructor.
pub unsafe trait RegisterBlock: Sized + 'static {}

// SAFETY: made by `register_structs!` of registers and padding only.
unsafe impl RegisterBlock for crate::bcm2836::Local {}
// SAFETY: as above.
unsafe impl RegisterBlock for crate::bcm2836::Legacy {}
// SAFETY: as above.
unsafe impl RegisterBlock for crate::gicv2::Distributor {}
// SAFETY: as above.
unsafe impl RegisterBlock for crate::gicv2::CpuInterface {}
// SAFETY: as above.
unsafe impl RegisterBlock for crate::gpio::Registers {}
// SAFETY: as above.
unsafe impl RegisterBlock for crate::pl011::Registers {}
// SAFETY: as above.
unsafe impl RegisterBlock for crate::reset::Registers {}

/// The register block at a virtual address.
///
/// # Safety
/// 1. `address` is aligned for `R`, and from it `size_of::<R>()` bytes are mapped as device memory for as long as the
///    reference is used; they hold the registers that `R` describes.
/// 2. Nothing else drives this device meanwhile, but as the driver's documentation allows.
#[must_use]
#[inline(always)]
pub const unsafe fn block<R: RegisterBlock>(address: usize) -> &'static R {
    let registers = core::ptr::with_exposed_provenance::<R>(address);
    // SAFETY: mapped and aligned by the caller's promise 1; `R` allows every value and its own changes by its trait.
    unsafe { &*registers }
}

/// A register that is only read. Unlike the one of `tock-registers` it may change behind a shared reference: the
/// device changes it.
#[repr(transparent)]
pub struct ReadOnly<T: UIntLike, R: RegisterLongName = ()>(ReadWrite<T, R>);

impl<T: UIntLike, R: RegisterLongName> Readable for ReadOnly<T, R> {
    type T = T;
    type R = R;

    #[inline(always)]
    fn get(&self) -> T {
        self.0.get()
    }
}

#[cfg(any(test, feature = "fakes"))]
pub use fake::Fake;

#[cfg(any(test, feature = "fakes"))]
mod fake {
    use super::RegisterBlock;
    use alloc::boxed::Box;

    /// Plain memory in a device's place: a register keeps what is written to it. A test plays the device with
    /// [`Fake::set`].
    pub struct Fake<R: RegisterBlock>(*mut R);

    impl<R: RegisterBlock> Fake<R> {
        /// All registers zero.
        #[must_use]
        pub fn zeroed() -> Self {
            let memory = Box::<R>::new_zeroed();
            // SAFETY: every bit pattern is a value of a register block, zero too.
            Self(Box::into_raw(unsafe { memory.assume_init() }))
        }

        /// The block a driver works on.
        #[must_use]
        pub fn registers(&self) -> &R {
            // SAFETY: points to the value that `zeroed` made and `drop` has not freed.
            unsafe { &*self.0 }
        }

        /// The 32-bit register at `offset` bytes.
        ///
        /// # Panics
        /// If the block has no such register.
        #[must_use]
        pub fn get(&self, offset: usize) -> u32 {
            // SAFETY: `at` gives a pointer into the block; a concurrent writer cannot be, the type is not `Send`.
            unsafe { self.at(offset).read_volatile() }
        }

        /// Changes the 32-bit register at `offset` bytes, as the device would.
        ///
        /// # Panics
        /// If the block has no such register.
        pub fn set(&self, offset: usize, value: u32) {
            // SAFETY: as in `get`; registers can change behind a shared reference.
            unsafe { self.at(offset).write_volatile(value) }
        }

        fn at(&self, offset: usize) -> *mut u32 {
            assert!(offset.is_multiple_of(4) && offset + 4 <= size_of::<R>(), "no register at {offset:#x}");
            self.0.cast::<u32>().wrapping_byte_add(offset)
        }
    }

    impl<R: RegisterBlock> Drop for Fake<R> {
        fn drop(&mut self) {
            // SAFETY: made by `Box::into_raw` in `zeroed`, freed once.
            drop(unsafe { Box::from_raw(self.0) });
        }
    }
}
