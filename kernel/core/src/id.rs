//! Numbers of kernel objects. A `u8` into a table of 256 needs no bounds check; 0 is "none" where that can be.

/// A thread. Numbers rise with the declared priority; 0 is the idle thread, and "none" in links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
#[repr(transparent)]
pub struct Tid(pub u8);

impl Tid {
    /// The idle thread, and "none" in links.
    pub const IDLE: Self = Self(0);

    /// Index into a table of all threads.
    #[inline(always)]
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Whether this is [`Tid::IDLE`].
    #[inline(always)]
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }
}

/// A partition slot. Always below [`MAX_PARTITIONS`](rtos_abi::limits::MAX_PARTITIONS).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(transparent)]
pub struct Slot(u8);

impl Slot {
    /// Slot 0, which `init` has.
    pub const FIRST: Self = Self(0);
    /// The slot of the idle thread: none. Leaving it always loads an address space.
    pub const NONE: Self = Self(u8::MAX);

    /// The slot with this number, if there can be one.
    #[must_use]
    pub const fn new(number: u64) -> Option<Self> {
        if number < rtos_abi::limits::MAX_PARTITIONS as u64 { Some(Self(number as u8)) } else { None }
    }

    /// Index into a table of all partitions; the mask lets the compiler see that it is in range.
    #[inline(always)]
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize & (rtos_abi::limits::MAX_PARTITIONS - 1)
    }

    /// Its number.
    #[inline(always)]
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// A budget; 0 is the idle thread's, which never ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(transparent)]
pub struct BudgetId(pub u8);

impl BudgetId {
    /// Index into the table of all budgets.
    #[inline(always)]
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}
