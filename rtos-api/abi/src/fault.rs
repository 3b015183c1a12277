//! Why a thread was stopped. A fault always names one of these; the words are what the user reads.

/// Why the kernel stopped a thread, and with it its partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FaultReason {
    /// Nothing happened.
    None = 0,
    /// A load from an address that is not mapped.
    ReadUnmapped = 1,
    /// A store to an address that is not mapped.
    WriteUnmapped = 2,
    /// A load from an address the partition may not read.
    ReadDenied = 3,
    /// A store to an address the partition may not write.
    WriteDenied = 4,
    /// An instruction fetch from an address that is not mapped.
    FetchUnmapped = 5,
    /// An instruction fetch from memory that is not executable.
    FetchDenied = 6,
    /// An access within the guard page below a stack.
    StackOverflow = 7,
    /// An instruction that does not exist or is not allowed at EL0.
    Undefined = 8,
    /// A misaligned access, program counter or stack pointer.
    Misaligned = 9,
    /// A floating-point instruction in a thread that did not declare `fp`.
    FpNotDeclared = 10,
    /// The thread used up its budget and its manifest says `fault`.
    BudgetExceeded = 11,
    /// The partition's interrupt line came more often than its manifest allows.
    IrqStorm = 12,
    /// A system call that no correct program makes; see [`Misuse`].
    Misuse = 13,
    /// A program panicked; it said so itself.
    Panicked = 14,
    /// Another partition with the `control` right stopped it.
    Killed = 15,
    /// It ended by itself, with an exit code.
    Exited = 16,
    /// A breakpoint or single-step exception.
    Debug = 17,
    /// The bus answered an access with an error.
    BusError = 18,
    /// Any other exception; the syndrome register tells.
    Other = 19,
}

impl FaultReason {
    /// Every reason in order of its number.
    pub const ALL: [Self; 20] = [
        Self::None,
        Self::ReadUnmapped,
        Self::WriteUnmapped,
        Self::ReadDenied,
        Self::WriteDenied,
        Self::FetchUnmapped,
        Self::FetchDenied,
        Self::StackOverflow,
        Self::Undefined,
        Self::Misaligned,
        Self::FpNotDeclared,
        Self::BudgetExceeded,
        Self::IrqStorm,
        Self::Misuse,
        Self::Panicked,
        Self::Killed,
        Self::Exited,
        Self::Debug,
        Self::BusError,
        Self::Other,
    ];

    /// The reason with this number; an unknown number is [`FaultReason::Other`].
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        usize::try_from(number).ok().and_then(|n| Self::ALL.get(n)).copied().unwrap_or(Self::Other)
    }

    /// The reason in words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::None => "no fault",
            Self::ReadUnmapped => "read from an address that is not mapped",
            Self::WriteUnmapped => "write to an address that is not mapped",
            Self::ReadDenied => "read from memory it may not read",
            Self::WriteDenied => "write to memory it may not write",
            Self::FetchUnmapped => "jump to an address that is not mapped",
            Self::FetchDenied => "jump to memory that is not executable",
            Self::StackOverflow => "stack overflow",
            Self::Undefined => "undefined instruction",
            Self::Misaligned => "misaligned access",
            Self::FpNotDeclared => "floating point used by a thread that did not declare it",
            Self::BudgetExceeded => "budget exceeded",
            Self::IrqStorm => "its interrupt line came more often than declared",
            Self::Misuse => "misuse of a system call",
            Self::Panicked => "panic",
            Self::Killed => "killed",
            Self::Exited => "exited",
            Self::Debug => "breakpoint",
            Self::BusError => "bus error",
            Self::Other => "unexpected exception",
        }
    }
}

/// A system call that no correct program makes. It stops the caller with this reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Misuse {
    /// No call has this number.
    UnknownCall = 0,
    /// No edge, slot, grant, line or thread of the caller has this number.
    UnknownHandle = 1,
    /// The manifest does not give the right that this call needs.
    MissingRight = 2,
    /// A range is not wholly inside memory that the caller may use that way.
    BadRange = 3,
    /// A value is outside what its register field can mean.
    BadValue = 4,
    /// A call to a thread whose priority is not higher than the caller's.
    NotUphill = 5,
    /// The token was never given to this thread.
    BadToken = 6,
    /// A blocking call by a thread that may not block that way (a wait for a period without one, for example).
    NotAllowed = 7,
}

impl Misuse {
    /// The misuse with this number.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        match number {
            1 => Self::UnknownHandle,
            2 => Self::MissingRight,
            3 => Self::BadRange,
            4 => Self::BadValue,
            5 => Self::NotUphill,
            6 => Self::BadToken,
            7 => Self::NotAllowed,
            _ => Self::UnknownCall,
        }
    }

    /// The misuse in words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::UnknownCall => "unknown call number",
            Self::UnknownHandle => "no such handle in its manifest",
            Self::MissingRight => "a right its manifest does not give",
            Self::BadRange => "a range outside its memory",
            Self::BadValue => "a value out of range",
            Self::NotUphill => "a call to a thread that is not more urgent",
            Self::BadToken => "a token it was not given",
            Self::NotAllowed => "a call this thread may not make",
        }
    }
}
