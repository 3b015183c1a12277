//! The memory of a shared ring. The other side may write any of it at any time, so all access is by atomics: whatever it
//! holds is a value, never undefined behaviour. This is the only file of the rings with `unsafe`.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicU8, AtomicU32};
use rtos_abi::info;
use rtos_abi::ring::{HEADER_BYTES, capacity};

/// A ring's header and data.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    base: NonNull<u8>,
    /// A power of two.
    capacity: u32,
}

// SAFETY: all access is by atomics, and the memory stays where it is as long as the partition lives.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// The ring in `bytes` bytes from `base`; `None` if they are too few.
    ///
    /// # Safety
    /// `base` is aligned to 64 bytes; as long as this value or a copy of it is used, the bytes are mapped, readable and
    /// writable, and everybody in this program accesses them through such values alone.
    pub const unsafe fn new(base: NonNull<u8>, bytes: usize) -> Option<Self> {
        let capacity = capacity(bytes);
        if capacity == 0 { None } else { Some(Self { base, capacity }) }
    }

    /// The ring that the kernel's record describes.
    ///
    /// The kernel maps the rings of a partition before it starts and for as long as it lives; `record` must be its answer.
    pub(super) fn of(record: &info::Ring) -> Option<Self> {
        let base = core::ptr::with_exposed_provenance_mut::<u8>(record.address as usize);
        // SAFETY: the kernel's answer names pages that it maps for the partition's life, for rings alone.
        unsafe { Self::new(NonNull::new(base)?, record.bytes as usize) }
    }

    /// A cleared page of the test's own, which lives for ever, as the kernel's pages do while a program runs.
    #[cfg(test)]
    pub fn page() -> Self {
        use std::{boxed::Box, sync::Mutex, vec::Vec};
        #[repr(align(4096))]
        struct Page([u8; 4096]);
        static ALL: Mutex<Vec<Memory>> = Mutex::new(Vec::new());
        let page = Box::leak(Box::new(Page([0; 4096])));
        // SAFETY: the page is aligned and is never freed, and nobody else has it.
        let memory = unsafe { Self::new(NonNull::from(&mut page.0).cast(), 4096) }.unwrap();
        ALL.lock().unwrap().push(memory);
        memory
    }

    /// Bytes it holds; a power of two.
    pub const fn capacity(&self) -> u32 {
        self.capacity
    }

    /// The header's word at one of [`rtos_abi::ring::offset`].
    pub fn word(&self, offset: usize) -> &AtomicU32 {
        debug_assert!(offset < HEADER_BYTES && offset.is_multiple_of(4), "a word of the header");
        // SAFETY: the header is within the memory.
        let at = unsafe { self.base.byte_add(offset & (HEADER_BYTES - 4)) };
        // SAFETY: aligned by the mask above; any bits are a value, and all access is atomic.
        unsafe { at.cast::<AtomicU32>().as_ref() }
    }

    /// The data byte at `count`.
    pub fn byte(&self, count: u32) -> &AtomicU8 {
        let index = (count & (self.capacity - 1)) as usize;
        // SAFETY: the index is below the capacity, and as many bytes follow the header.
        let at = unsafe { self.base.byte_add(HEADER_BYTES + index) };
        // SAFETY: within the memory; any bits are a value, and all access is atomic.
        unsafe { at.cast::<AtomicU8>().as_ref() }
    }
}

#[cfg(any(target_os = "none", test))]
pub use cell::MemoryCell;

#[cfg(any(target_os = "none", test))]
mod cell {
    use super::Memory;
    use core::ptr::NonNull;
    use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
    use core::sync::atomic::{AtomicPtr, AtomicUsize};
    use rtos_abi::ring::HEADER_BYTES;

    /// A place for a [`Memory`] that is set once, before other threads run, and read by all.
    #[derive(Debug)]
    pub struct MemoryCell {
        base: AtomicPtr<u8>,
        bytes: AtomicUsize,
    }

    impl MemoryCell {
        /// An empty place.
        pub const fn new() -> Self {
            Self { base: AtomicPtr::new(core::ptr::null_mut()), bytes: AtomicUsize::new(0) }
        }

        /// Fills it.
        pub fn set(&self, memory: Memory) {
            self.bytes.store(HEADER_BYTES + memory.capacity as usize, Relaxed);
            self.base.store(memory.base.as_ptr(), Release);
        }

        /// What it holds.
        pub fn get(&self) -> Option<Memory> {
            let base = NonNull::new(self.base.load(Acquire))?;
            // SAFETY: `set` stored the parts of a `Memory`, the size before the address.
            unsafe { Memory::new(base, self.bytes.load(Relaxed)) }
        }
    }
}
