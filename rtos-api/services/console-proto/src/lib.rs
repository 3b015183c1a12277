//! What one says to the console's server: who is in the foreground, and what was lost.
//!
//! Text itself never comes this way; it goes through each program's standard output and input.
#![no_std]
#![forbid(unsafe_code)]

use core::fmt;
use rtos_abi::records;
use rtos_api::ipc::{pack, unpack};
use rtos_api::{CallEdge, Error, Instant, Message};

/// In place of a slot: the program that is in the foreground when nobody else is, the shell.
pub const SHELL: u8 = u8::MAX;

const OP_SET_FOREGROUND: u8 = 1;
const OP_STATISTICS: u8 = 2;
const OP_FLUSH: u8 = 3;

records! {
    /// A request as it lies in a message.
    RawRequest {
        /// What is asked.
        op: u8,
        /// The program.
        slot: u8,
    }
    /// A reply as it lies in a message.
    RawReply {
        /// 0, or the number of a [`ConsoleError`].
        status: u8,
        /// The kernel's error, if that is why.
        cause: u8,
        /// See [`Statistics`].
        foreground: u8,
        /// See [`Statistics`].
        interrupted: u8,
        /// Zero.
        spare: u32,
        /// See [`Statistics`].
        output: u64,
        /// See [`Statistics`].
        input: u64,
        /// See [`Statistics`].
        output_dropped: u64,
        /// See [`Statistics`].
        input_dropped: u64,
        /// See [`Statistics`].
        line_errors: u64,
    }
}

/// What the console is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Give what is typed to the program in this slot, or to the [`SHELL`].
    SetForeground(u8),
    /// Tell the [`Statistics`].
    Statistics,
    /// Answer when everything that was printed until now has been sent.
    Flush,
}

impl Request {
    /// As a message.
    #[must_use]
    pub fn encode(self) -> Message {
        pack(&match self {
            Self::SetForeground(slot) => RawRequest { op: OP_SET_FOREGROUND, slot },
            Self::Statistics => RawRequest { op: OP_STATISTICS, slot: 0 },
            Self::Flush => RawRequest { op: OP_FLUSH, slot: 0 },
        })
    }

    /// From a message; whoever sent it may have put anything in it.
    ///
    /// # Errors
    /// [`ConsoleError::BadRequest`].
    pub fn decode(message: Message) -> Result<Self, ConsoleError> {
        let raw: RawRequest = unpack(message);
        match raw.op {
            OP_SET_FOREGROUND => Ok(Self::SetForeground(raw.slot)),
            OP_STATISTICS => Ok(Self::Statistics),
            OP_FLUSH => Ok(Self::Flush),
            _ => Err(ConsoleError::BadRequest),
        }
    }
}

/// What the console has seen since it was started. Every reply carries it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Slot of the program that gets what is typed.
    pub foreground: u8,
    /// Ctrl-C was pressed since the foreground was last set.
    pub interrupted: bool,
    /// Bytes sent to the terminal.
    pub output: u64,
    /// Bytes that came from it.
    pub input: u64,
    /// Bytes that programs printed and that were lost, their rings being full.
    pub output_dropped: u64,
    /// Typed bytes that were lost, the program's ring being full.
    pub input_dropped: u64,
    /// Bytes that came damaged, and overruns of the receiver.
    pub line_errors: u64,
}

/// Why the console did not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsoleError {
    /// The message is none of the protocol.
    BadRequest,
    /// The program in this slot has no standard input.
    NoSuchProgram,
    /// The console could not be asked.
    Unreachable(Error),
}

impl fmt::Display for ConsoleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadRequest => f.write_str("the console did not understand the request"),
            Self::NoSuchProgram => f.write_str("this program has no standard input"),
            Self::Unreachable(error) => write!(f, "the console does not answer: {error}"),
        }
    }
}

impl core::error::Error for ConsoleError {}

/// The console's answer, as a message.
#[must_use]
pub fn encode_reply(reply: Result<Statistics, ConsoleError>) -> Message {
    pack(&match reply {
        Ok(s) => RawReply {
            foreground: s.foreground,
            interrupted: s.interrupted.into(),
            output: s.output,
            input: s.input,
            output_dropped: s.output_dropped,
            input_dropped: s.input_dropped,
            line_errors: s.line_errors,
            ..RawReply::default()
        },
        Err(ConsoleError::BadRequest) => RawReply { status: 1, ..RawReply::default() },
        Err(ConsoleError::NoSuchProgram) => RawReply { status: 2, ..RawReply::default() },
        Err(ConsoleError::Unreachable(error)) => RawReply { status: 3, cause: error as u8, ..RawReply::default() },
    })
}

/// The console's answer, from a message.
///
/// # Errors
/// The error it holds.
pub fn decode_reply(message: Message) -> Result<Statistics, ConsoleError> {
    let raw: RawReply = unpack(message);
    match raw.status {
        0 => Ok(Statistics {
            foreground: raw.foreground,
            interrupted: raw.interrupted != 0,
            output: raw.output,
            input: raw.input,
            output_dropped: raw.output_dropped,
            input_dropped: raw.input_dropped,
            line_errors: raw.line_errors,
        }),
        2 => Err(ConsoleError::NoSuchProgram),
        3 => Err(ConsoleError::Unreachable(Error::from_status(raw.cause.into()).unwrap_or(Error::Refused))),
        _ => Err(ConsoleError::BadRequest),
    }
}

/// The console, as its clients see it.
#[derive(Clone, Copy, Debug)]
pub struct Console(CallEdge);

impl Console {
    /// The console at the other end of `edge`.
    #[must_use]
    pub const fn new(edge: CallEdge) -> Self {
        Self(edge)
    }

    /// Gives what is typed to the program in `slot`, or to the [`SHELL`].
    ///
    /// # Errors
    /// Any [`ConsoleError`].
    pub fn set_foreground(self, slot: u8, deadline: Instant) -> Result<Statistics, ConsoleError> {
        self.ask(Request::SetForeground(slot), deadline)
    }

    /// What the console has seen.
    ///
    /// # Errors
    /// Any [`ConsoleError`].
    pub fn statistics(self, deadline: Instant) -> Result<Statistics, ConsoleError> {
        self.ask(Request::Statistics, deadline)
    }

    /// Waits until everything that was printed until now has been sent.
    ///
    /// # Errors
    /// Any [`ConsoleError`].
    pub fn flush(self, deadline: Instant) -> Result<Statistics, ConsoleError> {
        self.ask(Request::Flush, deadline)
    }

    fn ask(self, request: Request, deadline: Instant) -> Result<Statistics, ConsoleError> {
        decode_reply(self.0.call(request.encode(), deadline).map_err(ConsoleError::Unreachable)?)
    }
}

#[cfg(test)]
mod tests {
    use super::{ConsoleError, Request, SHELL, Statistics, decode_reply, encode_reply};
    use rtos_api::Error;

    #[test]
    fn requests_read_back_what_was_sent() {
        for request in [Request::SetForeground(7), Request::SetForeground(SHELL), Request::Statistics, Request::Flush] {
            assert_eq!(Request::decode(request.encode()), Ok(request));
        }
        assert_eq!(Request::decode([0; 8]), Err(ConsoleError::BadRequest));
        assert_eq!(Request::decode([u64::MAX; 8]), Err(ConsoleError::BadRequest));
    }

    #[test]
    fn replies_read_back_what_was_sent() {
        let statistics = Statistics {
            foreground: 3,
            interrupted: true,
            output: u64::MAX,
            input: 1,
            output_dropped: 2,
            input_dropped: 4,
            line_errors: 5,
        };
        let errors =
            [ConsoleError::BadRequest, ConsoleError::NoSuchProgram, ConsoleError::Unreachable(Error::PeerDead)];
        for reply in [Ok(statistics), Ok(Statistics::default())].into_iter().chain(errors.map(Err)) {
            assert_eq!(decode_reply(encode_reply(reply)), reply);
        }
    }
}
