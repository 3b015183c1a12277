//! Shared byte rings: one partition writes, another reads, without calls and without waiting for each other.
//!
//! Rings are declared in the manifest; the kernel maps them before the program starts, and [`describe`] tells what each
//! is. A program with standard input and output has them as rings 0 and 1: use [`stdio`](crate::stdio) for those.
//!
//! The other side is not trusted. Whatever it writes into the shared pages, a read gives bytes or nothing, a write is
//! taken or not, and nothing outside of the ring is touched. It may be restarted at any time: the counts go on, and
//! [`Reader::writer_restarted`] tells a reader of messages where a new life's bytes begin.
//!
//! Writing or reading n bytes takes time linear in n (at most the ring's capacity) and one system call if the other side
//! sleeps.

mod memory;
#[cfg(any(target_os = "none", test))]
mod shared;
#[cfg(test)]
mod tests;

use crate::{Error, Instant, info, notify, sys};
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use core::sync::atomic::fence;
use memory::Memory;
use rtos_abi::ring::offset::{
    DROPPED, HEAD, READER_EPOCH, READER_WAITS, TAIL, WRITER_EPOCH, WRITER_START, WRITER_WAITS,
};
#[cfg(target_os = "none")]
pub(crate) use shared::SharedWriter;

/// What the kernel knows of the partition's `n`-th ring: partner, direction, size.
///
/// # Errors
/// [`Error::NotFound`] when the partition has no such ring.
pub fn describe(n: u8) -> Result<info::Ring, Error> {
    info::ring(n)
}

/// How to wake the other side, and how it wakes this one.
#[derive(Clone, Copy, Debug)]
struct Link {
    edge: u8,
    peer_bit: u64,
    own_bit: u64,
}

impl Link {
    fn of(record: &info::Ring) -> Self {
        Self { edge: record.edge, peer_bit: 1 << (record.peer_bit & 63), own_bit: 1 << (record.bit & 63) }
    }

    /// Tells the other side, if its word says that it sleeps. What was published before is visible to it.
    fn wake(self, memory: &Memory, waits: usize) {
        // The other side stores its word, then looks at the count; this side stores the count, then looks at the word.
        fence(SeqCst);
        if memory.word(waits).load(Relaxed) == 0 {
            return;
        }
        // A restarted peer is reported once, and the next notification goes through. A dead one needs none.
        if sys::notify(self.edge, self.peer_bit) == Err(Error::PeerRestarted) {
            let _ = sys::notify(self.edge, self.peer_bit);
        }
    }

    /// Waits for the other side until `ready` says so. `waits` is the word that asks it for a notification.
    fn wait(self, memory: &Memory, waits: usize, deadline: Instant, ready: impl Fn() -> bool) -> Result<(), Error> {
        while !ready() {
            memory.word(waits).store(1, Relaxed);
            fence(SeqCst);
            let woken = if ready() { Ok(0) } else { notify::wait(self.own_bit, deadline) };
            memory.word(waits).store(0, Relaxed);
            woken?;
        }
        Ok(())
    }
}

/// Bytes between `tail` and `head`; `None` if the two cannot be true.
const fn filled(head: u32, tail: u32, capacity: u32) -> Option<u32> {
    let filled = head.wrapping_sub(tail);
    if filled <= capacity { Some(filled) } else { None }
}

/// The writing side of a ring. Open it once: two writers of one ring overwrite each other's bytes.
#[derive(Debug)]
pub struct Writer {
    memory: Memory,
    link: Link,
    /// The true count; the shared word is only for the reader.
    head: u32,
}

impl Writer {
    /// Opens the partition's `n`-th ring.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such ring, or this partition is its reader.
    pub fn open(n: u8) -> Result<Self, Error> {
        let record = describe(n)?;
        let memory = Memory::of(&record).filter(|_| record.writer == 1).ok_or(Error::NotFound)?;
        Ok(Self::start(memory, Link::of(&record), record.own_generation as u32))
    }

    fn start(memory: Memory, link: Link, generation: u32) -> Self {
        let (head, tail) = (memory.word(HEAD).load(Relaxed), memory.word(TAIL).load(Acquire));
        let head = if filled(head, tail, memory.capacity()).is_some() { head } else { tail };
        memory.word(HEAD).store(head, Relaxed);
        memory.word(WRITER_WAITS).store(0, Relaxed);
        memory.word(WRITER_START).store(head, Relaxed);
        memory.word(WRITER_EPOCH).store(generation, Release);
        Self { memory, link, head }
    }

    /// Bytes that can be written now.
    #[must_use]
    pub fn room(&self) -> usize {
        let tail = self.memory.word(TAIL).load(Acquire);
        // An impossible tail counts as a full ring.
        let capacity = self.memory.capacity();
        (capacity - filled(self.head, tail, capacity).unwrap_or(capacity)) as usize
    }

    /// Writes as much of `bytes` as there is room for; answers how much.
    pub fn write(&mut self, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(self.room());
        if taken > 0 {
            for byte in bytes.iter().take(taken) {
                self.memory.byte(self.head).store(*byte, Relaxed);
                self.head = self.head.wrapping_add(1);
            }
            self.memory.word(HEAD).store(self.head, Release);
            self.link.wake(&self.memory, READER_WAITS);
        }
        taken
    }

    /// Writes all of `message` or, when there is no room for it, nothing: a reader never sees a part of one. Answers
    /// whether it was written; if not, its bytes are counted as dropped.
    pub fn write_whole(&mut self, message: &[u8]) -> bool {
        if self.room() < message.len() {
            self.count_dropped(message.len());
            return false;
        }
        self.write(message) == message.len()
    }

    /// Writes all of `bytes`, waiting for room until `deadline`. Only for the thread that the ring's room bit wakes.
    ///
    /// # Errors
    /// [`Error::TimedOut`], [`Error::WouldBlock`]: a part may have been written.
    pub fn write_all(&mut self, mut bytes: &[u8], deadline: Instant) -> Result<(), Error> {
        loop {
            let taken = self.write(bytes);
            bytes = bytes.get(taken..).unwrap_or(&[]);
            if bytes.is_empty() {
                return Ok(());
            }
            self.wait_room(deadline)?;
        }
    }

    /// Waits until there is room, at the latest until `deadline`. Only for the thread that the ring's room bit wakes.
    ///
    /// # Errors
    /// [`Error::TimedOut`], [`Error::WouldBlock`].
    pub fn wait_room(&self, deadline: Instant) -> Result<(), Error> {
        self.link.wait(&self.memory, WRITER_WAITS, deadline, || self.room() > 0)
    }

    /// Asks the reader for a notification at the next room, or withdraws that: for a thread that waits for several
    /// things at once. Answers whether there is room already.
    pub fn ask_for_room(&self, ask: bool) -> bool {
        self.memory.word(WRITER_WAITS).store(ask.into(), Relaxed);
        fence(SeqCst);
        self.room() > 0
    }

    /// Counts bytes as lost for want of room.
    pub fn count_dropped(&mut self, bytes: usize) {
        let dropped = self.memory.word(DROPPED);
        dropped.store(dropped.load(Relaxed).wrapping_add(bytes as u32), Relaxed);
    }

    /// The bit by which the reader wakes this partition when there is room.
    #[must_use]
    pub const fn bit(&self) -> u64 {
        self.link.own_bit
    }
}

/// The reading side of a ring. Open it once.
#[derive(Debug)]
pub struct Reader {
    memory: Memory,
    link: Link,
    /// The true count; the shared word is only for the writer.
    tail: u32,
    /// Life of the writer that was seen last.
    epoch: u32,
    /// Whether this partition had opened the ring before in this life.
    reopened: bool,
}

impl Reader {
    /// Opens the partition's `n`-th ring. What is in it stays to be read.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such ring, or this partition is its writer.
    pub fn open(n: u8) -> Result<Self, Error> {
        let record = describe(n)?;
        let memory = Memory::of(&record).filter(|_| record.writer == 0).ok_or(Error::NotFound)?;
        Ok(Self::start(memory, Link::of(&record), record.own_generation as u32))
    }

    fn start(memory: Memory, link: Link, generation: u32) -> Self {
        let (tail, head) = (memory.word(TAIL).load(Relaxed), memory.word(HEAD).load(Acquire));
        let tail = if filled(head, tail, memory.capacity()).is_some() { tail } else { head };
        memory.word(TAIL).store(tail, Relaxed);
        memory.word(READER_WAITS).store(0, Relaxed);
        let reopened = memory.word(READER_EPOCH).swap(generation, Release) == generation;
        let epoch = memory.word(WRITER_EPOCH).load(Acquire);
        Self { memory, link, tail, epoch, reopened }
    }

    /// Bytes that can be read now.
    #[must_use]
    pub fn available(&self) -> usize {
        let head = self.memory.word(HEAD).load(Acquire);
        // An impossible head counts as an empty ring.
        filled(head, self.tail, self.memory.capacity()).unwrap_or(0) as usize
    }

    /// Reads what is there into `to`; answers how much.
    pub fn read(&mut self, to: &mut [u8]) -> usize {
        let taken = to.len().min(self.available());
        if taken > 0 {
            for to in to.iter_mut().take(taken) {
                *to = self.memory.byte(self.tail).load(Relaxed);
                self.tail = self.tail.wrapping_add(1);
            }
            self.release();
        }
        taken
    }

    /// Throws away what is there.
    pub fn clear(&mut self) {
        self.tail = self.memory.word(HEAD).load(Acquire);
        self.release();
    }

    /// Gives the bytes up to the tail back to the writer.
    fn release(&mut self) {
        self.memory.word(TAIL).store(self.tail, Release);
        self.link.wake(&self.memory, WRITER_WAITS);
    }

    /// Waits until there is a byte, at the latest until `deadline`. Only for the thread that the ring's bit wakes.
    ///
    /// # Errors
    /// [`Error::TimedOut`], [`Error::WouldBlock`].
    pub fn wait(&self, deadline: Instant) -> Result<(), Error> {
        self.link.wait(&self.memory, READER_WAITS, deadline, || self.available() > 0)
    }

    /// Waits for a byte or for any of `bits`, whichever comes first; answers the bits that came. Only for the thread that
    /// the ring's bit wakes.
    ///
    /// # Errors
    /// [`Error::TimedOut`], [`Error::WouldBlock`].
    pub fn wait_or(&self, bits: u64, deadline: Instant) -> Result<u64, Error> {
        loop {
            // With bytes there already, the bits are only looked at.
            let until = if self.ask_for_bytes(true) { Instant::POLL } else { deadline };
            let came = notify::wait(self.link.own_bit | bits, until);
            let ready = self.ask_for_bytes(false);
            match came {
                Ok(came) if came & bits != 0 => return Ok(came & bits),
                _ if ready => return Ok(0),
                Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Asks the writer for a notification at the next byte, or withdraws that: for a thread that waits for several
    /// things at once. Answers whether there are bytes already.
    pub fn ask_for_bytes(&self, ask: bool) -> bool {
        self.memory.word(READER_WAITS).store(ask.into(), Relaxed);
        fence(SeqCst);
        self.available() > 0
    }

    /// Bytes the writer threw away since the ring was made, modulo 2^32, as it says.
    #[must_use]
    pub fn dropped(&self) -> u32 {
        self.memory.word(DROPPED).load(Relaxed)
    }

    /// Once after each restart of the writer: how many of the [available](Self::available) bytes come from its former
    /// life. A reader of messages throws these away; the new life's first message follows them.
    pub fn writer_restarted(&mut self) -> Option<usize> {
        let epoch = self.memory.word(WRITER_EPOCH).load(Acquire);
        if epoch == self.epoch {
            return None;
        }
        self.epoch = epoch;
        let start = self.memory.word(WRITER_START).load(Relaxed);
        let old = filled(start, self.tail, self.memory.capacity()).unwrap_or(0) as usize;
        Some(old.min(self.available()))
    }

    /// The bit by which the writer wakes this partition.
    #[must_use]
    pub const fn bit(&self) -> u64 {
        self.link.own_bit
    }

    /// Whether this partition had opened the ring before in this life.
    pub(crate) const fn reopened(&self) -> bool {
        self.reopened
    }
}
