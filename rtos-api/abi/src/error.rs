//! The errors a correct program can meet. Everything else is misuse and stops the caller ([`crate::fault`]).

use core::fmt;

/// What a system call answers in `x0`. Zero is success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Error {
    /// The deadline passed first.
    TimedOut = 1,
    /// The other partition was restarted since the last call; whatever it knew of us is gone. The next call goes through.
    PeerRestarted = 2,
    /// The other partition is not running.
    PeerDead = 3,
    /// Nothing was there and the deadline said not to wait.
    WouldBlock = 4,
    /// This edge's calls for the current period are used up.
    CallLimit = 5,
    /// The caller that this token belongs to has gone (timed out, died): the reply reaches nobody.
    Cancelled = 6,
    /// The thread or partition is not in a state that allows this.
    BadState = 7,
    /// The partition's reserved memory or tables are used up.
    NoMemory = 8,
    /// No object has that number.
    NotFound = 9,
    /// The range or value is not allowed for this object, though the caller may try another.
    Refused = 10,
    /// A write and execute permission were asked for together, or code was not synchronised.
    NotSealed = 11,
}

impl Error {
    /// The error a status register holds; `None` for success or an unknown number.
    #[must_use]
    pub const fn from_status(status: u64) -> Option<Self> {
        Some(match status {
            1 => Self::TimedOut,
            2 => Self::PeerRestarted,
            3 => Self::PeerDead,
            4 => Self::WouldBlock,
            5 => Self::CallLimit,
            6 => Self::Cancelled,
            7 => Self::BadState,
            8 => Self::NoMemory,
            9 => Self::NotFound,
            10 => Self::Refused,
            11 => Self::NotSealed,
            _ => return None,
        })
    }

    /// The value of `x0` for this error.
    #[must_use]
    pub const fn status(self) -> u64 {
        self as u64
    }

    /// The error in words, as a sentence part.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::TimedOut => "the deadline passed",
            Self::PeerRestarted => "the other partition was restarted",
            Self::PeerDead => "the other partition is not running",
            Self::WouldBlock => "nothing is there yet",
            Self::CallLimit => "the calls allowed in this period are used up",
            Self::Cancelled => "the caller is gone",
            Self::BadState => "not possible in this state",
            Self::NoMemory => "the reserved memory is used up",
            Self::NotFound => "no such object",
            Self::Refused => "refused",
            Self::NotSealed => "the memory is not sealed",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl core::error::Error for Error {}
