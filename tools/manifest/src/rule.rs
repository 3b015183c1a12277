//! What a manifest can be refused for. Every rule has a wrong manifest in `tests/bad` that shows it.

use std::fmt;
use std::path::PathBuf;

macro_rules! rules {
    ($($(#[$m:meta])* $name:ident = $id:literal,)*) => {
        /// Why a manifest is refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Rule { $($(#[$m])* $name,)* }

        impl Rule {
            /// Every rule.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name that messages and the files of `tests/bad` use.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }
        }
    };
}

rules! {
    /// A file that another one names does not exist.
    MissingFile = "missing-file",
    /// Not TOML, or a value of the wrong kind.
    Syntax = "syntax",
    /// A key that the grammar does not have.
    UnknownKey = "unknown-key",
    /// A key that must be there is not.
    MissingKey = "missing-key",
    /// A name that is empty, too long, or has characters other than `a`-`z`, `0`-`9`, `_` and `-`.
    BadName = "bad-name",
    /// Two partitions of a system have the same name.
    DuplicatePartition = "duplicate-partition",
    /// Two threads of a partition have the same name.
    DuplicateThread = "duplicate-thread",
    /// Two bits of a partition have the same name.
    DuplicateBit = "duplicate-bit",
    /// Two entries of a list mean the same thing.
    DuplicateEntry = "duplicate-entry",
    /// A priority outside 1 to 255.
    BadPriority = "bad-priority",
    /// A lock ceiling below the thread's own priority, or above every thread of its partition.
    BadCeiling = "bad-ceiling",
    /// A raised ceiling without the longest time it is held.
    NoHoldTime = "no-hold-time",
    /// A partition without threads.
    NoThread = "no-thread",
    /// A thread that the manifest names but does not have.
    UnknownThread = "unknown-thread",
    /// A bit that the thread does not have.
    UnknownBit = "unknown-bit",
    /// A peer that is not written as `partition.thread`, or is not in the system.
    UnknownPeer = "unknown-peer",
    /// A call to a thread that does not receive calls.
    NotServer = "not-server",
    /// A call to a thread that is not more urgent than every thread of the caller.
    NotUphill = "not-uphill",
    /// Calls that lead back to where they began.
    CallCycle = "call-cycle",
    /// A limit of calls without a window, or a window without a limit.
    BadCallLimit = "bad-call-limit",
    /// A budget of nothing, or one that does not exist.
    BadBudget = "bad-budget",
    /// A budget larger than its period.
    BudgetOverPeriod = "budget-over-period",
    /// A deadline of 0, after the end of the period, or without a period.
    BadDeadline = "bad-deadline",
    /// A period shorter than the kernel can keep.
    PeriodTooShort = "period-too-short",
    /// Budgets that add up to more than a core can give.
    Overload = "overload",
    /// A stack that is too small, too large, or not whole pages.
    BadStack = "bad-stack",
    /// A partition's stacks or memory do not fit their place in its address space.
    AddressSpaceFull = "address-space-full",
    /// More of something than the kernel has room for.
    TooMany = "too-many",
    /// Partitions need more memory than a board has.
    MemoryOversubscribed = "memory-oversubscribed",
    /// A board that the system names has no device of that role.
    DanglingRole = "dangling-role",
    /// A board that the system names has no interrupt line of that role.
    DanglingLine = "dangling-line",
    /// A board that the system names has no pin of that role.
    DanglingPin = "dangling-pin",
    /// Two partitions own the same page of device registers.
    DeviceOwnedTwice = "device-owned-twice",
    /// Two partitions own the same interrupt line.
    LineOwnedTwice = "line-owned-twice",
    /// Two partitions own the same pin.
    PinOwnedTwice = "pin-owned-twice",
    /// A device that can write to memory, in a partition that is not trusted with that.
    UntrustedDma = "untrusted-dma",
    /// A right that needs another one, or a line that needs a right.
    MissingRight = "missing-right",
    /// The first partition is not `init`.
    InitNotFirst = "init-not-first",
    /// No partition, or more than one, has the `supervise` right.
    OneSupervisor = "one-supervisor",
    /// The supervisor's main thread is not the most urgent of the system.
    SupervisorNotTop = "supervisor-not-top",
    /// The supervisor's main thread receives calls, or its partition makes them.
    SupervisorCalls = "supervisor-calls",
    /// Standard input and output without a console that serves it.
    NoConsole = "no-console",
    /// A fault policy that cannot be followed.
    BadFaultPolicy = "bad-fault-policy",
    /// A ring of a size that cannot be mapped, or to itself.
    BadRing = "bad-ring",
    /// The peer that a program was compiled against is not the one in the system.
    PeerMismatch = "peer-mismatch",
    /// A fact of a board file that cannot be true.
    BadBoard = "bad-board",
}

/// A manifest that was refused: where, by which rule, and in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// File, relative to the root of the tree.
    pub path: PathBuf,
    /// Line, counted from 1.
    pub line: usize,
    /// Rule.
    pub rule: Rule,
    /// What is wrong and what was expected.
    pub text: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path.display(), self.line, self.rule.id(), self.text)
    }
}

/// Everything that is wrong with a system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusals(pub Vec<Refusal>);

impl From<Refusal> for Refusals {
    fn from(refusal: Refusal) -> Self {
        Self(vec![refusal])
    }
}

impl fmt::Display for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, refusal) in self.0.iter().enumerate() {
            write!(f, "{}{refusal}", if n == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusals {}
