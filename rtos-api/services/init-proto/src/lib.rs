//! What one says to `init`'s loader: start a program, with these words.
//!
//! The words come first, in as many [`Request::Arguments`] as they need, then [`Request::Start`]. [`Loader`] does both;
//! [`Arguments`] collects the words on the other side.
#![no_std]
#![forbid(unsafe_code)]

use core::fmt;
use rtos_abi::limits::NAME_BYTES;
use rtos_abi::record::{name_bytes, name_text};
use rtos_abi::records;
use rtos_api::ipc::{pack, unpack};
use rtos_api::{CallEdge, Error, Instant, Message};

/// Most bytes of a program's words, with a zero byte between each two.
pub const ARGUMENTS_MAX: usize = 1024;
/// Most bytes of words in one message.
pub const CHUNK: usize = 40;

const OP_ARGUMENTS: u8 = 1;
const OP_START: u8 = 2;

records! {
    /// A request as it lies in a message.
    RawRequest {
        /// What is asked.
        op: u8,
        /// Bytes of the chunk.
        len: u8,
        /// Where the chunk begins among the words, or how many bytes they are.
        offset: u16,
        /// Zero.
        spare: u32,
        /// The program.
        name: [u8; NAME_BYTES],
        /// The chunk.
        bytes: [u8; CHUNK],
    }
    /// A reply as it lies in a message.
    RawReply {
        /// 0, or the number of a [`StartError`].
        status: u8,
        /// The kernel's error, if that is why.
        cause: u8,
        /// Where the program runs.
        slot: u8,
        /// Zero.
        spare: u8,
        /// In which life.
        generation: u32,
    }
}

/// What the loader is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// A part of the words for the program that is started next. The part at offset 0 begins anew.
    Arguments {
        /// Where it belongs.
        offset: u16,
        /// Bytes of it.
        len: u8,
        /// The bytes, at the front.
        bytes: [u8; CHUNK],
    },
    /// Start this program.
    Start {
        /// Its name, padded with zeros.
        name: [u8; NAME_BYTES],
        /// Bytes of its words that were sent before.
        arguments: u16,
    },
}

impl Request {
    /// As a message.
    #[must_use]
    pub fn encode(&self) -> Message {
        pack(&match *self {
            Self::Arguments { offset, len, bytes } => {
                RawRequest { op: OP_ARGUMENTS, len, offset, bytes, ..RawRequest::default() }
            }
            Self::Start { name, arguments } => {
                RawRequest { op: OP_START, offset: arguments, name, ..RawRequest::default() }
            }
        })
    }

    /// From a message; whoever sent it may have put anything in it.
    ///
    /// # Errors
    /// [`StartError::BadRequest`].
    pub fn decode(message: Message) -> Result<Self, StartError> {
        let raw: RawRequest = unpack(message);
        match raw.op {
            OP_ARGUMENTS if usize::from(raw.len) <= CHUNK => {
                Ok(Self::Arguments { offset: raw.offset, len: raw.len, bytes: raw.bytes })
            }
            OP_START => Ok(Self::Start { name: raw.name, arguments: raw.offset }),
            _ => Err(StartError::BadRequest),
        }
    }
}

/// A program that was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Started {
    /// Where it runs.
    pub slot: u8,
    /// In which life: what [`kill`](rtos_api::control::kill) wants to know.
    pub generation: u32,
}

/// Why a program was not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartError {
    /// The message is none of the protocol.
    BadRequest,
    /// The system has no program of this name.
    UnknownProgram,
    /// It is a service, which only the system starts.
    NotAProgram,
    /// It runs already.
    AlreadyRunning,
    /// The words are longer than [`ARGUMENTS_MAX`], or a part of them is missing.
    BadArguments,
    /// The kernel refused to build it.
    BuildFailed(Error),
    /// The loader could not be asked.
    Unreachable(Error),
}

impl StartError {
    fn numbers(self) -> (u8, u8) {
        match self {
            Self::BadRequest => (1, 0),
            Self::UnknownProgram => (2, 0),
            Self::NotAProgram => (3, 0),
            Self::AlreadyRunning => (4, 0),
            Self::BadArguments => (5, 0),
            Self::BuildFailed(error) => (6, error as u8),
            Self::Unreachable(error) => (7, error as u8),
        }
    }

    fn from_numbers(status: u8, cause: u8) -> Self {
        let cause = Error::from_status(cause.into()).unwrap_or(Error::Refused);
        match status {
            2 => Self::UnknownProgram,
            3 => Self::NotAProgram,
            4 => Self::AlreadyRunning,
            5 => Self::BadArguments,
            6 => Self::BuildFailed(cause),
            7 => Self::Unreachable(cause),
            _ => Self::BadRequest,
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadRequest => f.write_str("the loader did not understand the request"),
            Self::UnknownProgram => f.write_str("no such program"),
            Self::NotAProgram => f.write_str("this is a service, not a program"),
            Self::AlreadyRunning => f.write_str("already running"),
            Self::BadArguments => write!(f, "the arguments are longer than {ARGUMENTS_MAX} bytes"),
            Self::BuildFailed(error) => write!(f, "cannot be loaded: {error}"),
            Self::Unreachable(error) => write!(f, "the loader does not answer: {error}"),
        }
    }
}

impl core::error::Error for StartError {}

/// The loader's answer, as a message.
#[must_use]
pub fn encode_reply(reply: Result<Started, StartError>) -> Message {
    pack(&match reply {
        Ok(Started { slot, generation }) => RawReply { slot, generation, ..RawReply::default() },
        Err(error) => {
            let (status, cause) = error.numbers();
            RawReply { status, cause, ..RawReply::default() }
        }
    })
}

/// The loader's answer, from a message.
///
/// # Errors
/// The error it holds.
pub fn decode_reply(message: Message) -> Result<Started, StartError> {
    let raw: RawReply = unpack(message);
    match raw.status {
        0 => Ok(Started { slot: raw.slot, generation: raw.generation }),
        status => Err(StartError::from_numbers(status, raw.cause)),
    }
}

/// The loader, as its clients see it.
#[derive(Clone, Copy, Debug)]
pub struct Loader(CallEdge);

impl Loader {
    /// The loader at the other end of `edge`.
    #[must_use]
    pub const fn new(edge: CallEdge) -> Self {
        Self(edge)
    }

    /// Starts program `name` with `words`: a zero byte between each two, as [`rtos_api::args`] reads them. Takes a call
    /// for every [`CHUNK`] bytes of them, and one more.
    ///
    /// # Errors
    /// Any [`StartError`].
    pub fn start(self, name: &str, words: &[u8], deadline: Instant) -> Result<Started, StartError> {
        start_by(name, words, |message| self.0.call(message, deadline))
    }
}

fn start_by(
    name: &str,
    words: &[u8],
    mut call: impl FnMut(Message) -> Result<Message, Error>,
) -> Result<Started, StartError> {
    if words.len() > ARGUMENTS_MAX {
        return Err(StartError::BadArguments);
    }
    // A cut name could be that of another program.
    if name.len() >= NAME_BYTES {
        return Err(StartError::UnknownProgram);
    }
    let mut ask = |request: Request| decode_reply(call(request.encode()).map_err(StartError::Unreachable)?);
    for (n, chunk) in words.chunks(CHUNK).enumerate() {
        let mut bytes = [0; CHUNK];
        bytes.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
        ask(Request::Arguments { offset: (n * CHUNK) as u16, len: chunk.len() as u8, bytes })?;
    }
    ask(Request::Start { name: name_bytes(name), arguments: words.len() as u16 })
}

/// Words that the loader collects until their program is started. One client at a time: the part at offset 0 throws away
/// what came before.
#[derive(Clone, Debug)]
pub struct Arguments {
    bytes: [u8; ARGUMENTS_MAX],
    len: usize,
}

impl Default for Arguments {
    fn default() -> Self {
        Self::new()
    }
}

impl Arguments {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: [0; ARGUMENTS_MAX], len: 0 }
    }

    /// Adds a part, which begins where the last one ended.
    ///
    /// # Errors
    /// [`StartError::BadArguments`].
    pub fn add(&mut self, offset: u16, part: &[u8]) -> Result<(), StartError> {
        if offset == 0 {
            self.len = 0;
        }
        let end = usize::from(offset) + part.len();
        if usize::from(offset) != self.len {
            return Err(StartError::BadArguments);
        }
        self.bytes.get_mut(self.len..end).ok_or(StartError::BadArguments)?.copy_from_slice(part);
        self.len = end;
        Ok(())
    }

    /// The words, of which the client says that they are `len` bytes. They are forgotten with the next [`add`](Self::add)
    /// at offset 0.
    ///
    /// # Errors
    /// [`StartError::BadArguments`] when other parts than these were added.
    pub fn words(&self, len: u16) -> Result<&[u8], StartError> {
        match usize::from(len) {
            0 => Ok(&[]),
            len if len == self.len => self.bytes.get(..len).ok_or(StartError::BadArguments),
            _ => Err(StartError::BadArguments),
        }
    }
}

/// The text of a name in a request.
#[must_use]
pub fn program_name(name: &[u8; NAME_BYTES]) -> &str {
    name_text(name)
}

#[cfg(test)]
mod tests;
