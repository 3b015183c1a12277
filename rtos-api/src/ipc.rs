//! Calls: a client sends 64 bytes to a server thread of higher priority and waits for 64 bytes back.
//!
//! The client's side is [`CallEdge`]; the server's is [`receive`] and what a [`Request`] can do:
//!
//! ```no_run
//! # use rtos_api::prelude::*;
//! # use rtos_api::ipc;
//! # fn answer(_: &Request) -> Message { [0; 8] }
//! let mut request = ipc::receive(Instant::NEVER)?;
//! loop {
//!     let reply = answer(&request);
//!     request = request.reply_receive(reply, Instant::NEVER)?;
//! }
//! # #[expect(unreachable_code, reason = "gives the example its error type")]
//! # Ok::<(), Error>(())
//! ```

use crate::{Error, Instant, Message, sys};
use rtos_abi::call::{LOAN_READABLE, LOAN_WRITABLE};
use rtos_abi::limits::MESSAGE_BYTES;
use rtos_abi::record::Record;

/// The right to call one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallEdge(u8);

/// Memory that a client lends to the server for the length of a call.
#[derive(Debug)]
pub enum Loan<'a> {
    /// The server may read it.
    Readable(&'a [u8]),
    /// The server may read and write it.
    Writable(&'a mut [u8]),
}

impl CallEdge {
    /// Call edge `number` of the partition.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// Calls the server and waits for its reply, at the latest until `deadline`. The kernel ends the call then, whatever
    /// the server does.
    ///
    /// # Errors
    /// [`Error::TimedOut`], [`Error::PeerDead`], [`Error::CallLimit`], and once after a restart of the server
    /// [`Error::PeerRestarted`].
    #[inline(always)]
    pub fn call(self, mut message: Message, deadline: Instant) -> Result<Message, Error> {
        sys::call(self.0, deadline.ticks(), &mut message).map(|()| message)
    }

    /// [`call`](Self::call), with a range of memory lent to the server until it replies.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn call_with(self, mut message: Message, loan: Loan<'_>, deadline: Instant) -> Result<Message, Error> {
        match loan {
            Loan::Readable(bytes) => sys::call_lending(self.0, deadline.ticks(), bytes, &mut message),
            Loan::Writable(bytes) => sys::call_lending_mut(self.0, deadline.ticks(), bytes, &mut message),
        }
        .map(|()| message)
    }
}

/// By which declared edge a call came, as the manifest numbers the server's clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Badge(pub u8);

/// Names a caller until it is answered. Dropping it leaves the caller waiting for its deadline.
#[derive(Debug, PartialEq, Eq)]
pub struct Token(u64);

/// A call that was received.
#[derive(Debug)]
#[must_use = "the caller waits for a reply"]
pub struct Request {
    /// The caller's message.
    pub message: Message,
    /// Who calls.
    pub badge: Badge,
    /// Names the caller; keep it to reply later, out of order.
    pub token: Token,
    loan: u64,
}

impl Request {
    fn new(received: sys::Received) -> Self {
        let sys::Received { token, badge, loan, message } = received;
        Self { message, badge: Badge(badge as u8), token: Token(token), loan }
    }

    /// Answers the call.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when the caller does not wait any more.
    #[inline(always)]
    pub fn reply(self, message: Message) -> Result<(), Error> {
        self.token.reply(message)
    }

    /// Answers the call, whether or not the caller still waits, and waits for the next one.
    ///
    /// # Errors
    /// [`Error::TimedOut`], [`Error::WouldBlock`]: there is no next one yet, but the reply was made.
    #[inline(always)]
    pub fn reply_receive(self, message: Message, deadline: Instant) -> Result<Self, Error> {
        sys::reply_receive(self.token.0, message, deadline.ticks()).map(Self::new)
    }

    /// Bytes the caller lends.
    #[must_use]
    pub const fn loan_len(&self) -> usize {
        (self.loan & !(LOAN_READABLE | LOAN_WRITABLE)) as usize
    }
}

impl Token {
    /// Answers the call.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when the caller does not wait any more.
    #[inline(always)]
    pub fn reply(self, message: Message) -> Result<(), Error> {
        sys::reply(self.0, message)
    }

    /// Copies from what the caller lends, from byte `offset` on, until `to` is full.
    ///
    /// # Errors
    /// [`Error::Cancelled`]; [`Error::Refused`] outside of the loan.
    pub fn read_loan(&self, offset: usize, to: &mut [u8]) -> Result<(), Error> {
        sys::loan_read(self.0, offset as u64, to)
    }

    /// Copies `from` to what the caller lends, to byte `offset` and on.
    ///
    /// # Errors
    /// [`Error::Cancelled`]; [`Error::Refused`] outside of the loan, or if it may not be written.
    pub fn write_loan(&self, offset: usize, from: &[u8]) -> Result<(), Error> {
        sys::loan_write(self.0, offset as u64, from)
    }
}

/// Waits for a call to the calling thread, which has `server = true` in its manifest.
///
/// # Errors
/// [`Error::TimedOut`]; [`Error::WouldBlock`] for [`Instant::POLL`].
#[inline(always)]
pub fn receive(deadline: Instant) -> Result<Request, Error> {
    sys::receive(deadline.ticks()).map(Request::new)
}

/// A record as a message: its bytes in the order of the registers, the rest zero. What does not fit is cut off.
#[must_use]
pub fn pack<R: Record>(record: &R) -> Message {
    let mut bytes = [0; MESSAGE_BYTES];
    record.write(&mut bytes);
    let mut message = [0; 8];
    for (word, bytes) in message.iter_mut().zip(bytes.as_chunks().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    message
}

/// The record in a message; any message is one.
#[must_use]
pub fn unpack<R: Record>(message: Message) -> R {
    let mut bytes = [0; MESSAGE_BYTES];
    for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(message) {
        *bytes = word.to_le_bytes();
    }
    R::read(&bytes)
}

#[cfg(test)]
mod tests {
    use super::{pack, unpack};
    use rtos_abi::info::{InfoPage, Table};

    #[test]
    fn a_record_lies_in_the_message_registers_in_order() {
        let name = u64::from_le_bytes(*b"threads\0");
        let message = [name, 0, 3, 256, 65_536, 0, 0, 0];
        let table: Table = unpack(message);
        assert_eq!((rtos_abi::record::name_text(&table.name), table.used, table.entries), ("threads", 3, 256));
        assert_eq!(table.bytes, 65_536);
        assert_eq!(pack(&table), message);
    }

    #[test]
    fn a_short_record_is_filled_up_with_zeros() {
        let page = InfoPage { ticks_per_second: 54_000_000, emulated: 1, ..InfoPage::default() };
        assert_eq!(unpack::<InfoPage>(pack(&page)), page);
        assert_eq!(pack(&page)[5..], [0; 3]);
    }
}
