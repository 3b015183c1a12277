//! The writing side of a ring when all threads of a partition write it: standard output.
//!
//! No lock: a writer must not wait for a less urgent one. Each takes a range of the ring by one exchange and fills it;
//! whoever leaves last publishes what all of them wrote. So a thread that is interrupted while it writes delays the
//! *appearance* of what others write meanwhile, and never the others.

use super::memory::{Memory, MemoryCell};
use super::{Link, Writer, filled};
use crate::{Error, Instant};
use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use rtos_abi::ring::offset::{DROPPED, HEAD, READER_WAITS, TAIL, WRITER_WAITS};

/// A ring that any thread of the partition may write.
#[derive(Debug)]
pub struct SharedWriter {
    memory: MemoryCell,
    /// [`Link`]'s numbers, a byte each.
    link: AtomicU64,
    /// Writers inside (upper half) and bytes ever taken (lower half): together, so that the last one out knows for
    /// certain that everything taken is also filled.
    state: AtomicU64,
}

const ONE_WRITER: u64 = 1 << 32;

impl SharedWriter {
    /// A writer that is not open and drops everything.
    pub const fn new() -> Self {
        Self { memory: MemoryCell::new(), link: AtomicU64::new(0), state: AtomicU64::new(0) }
    }

    /// Opens the ring that the kernel's record describes, before other threads run.
    #[cfg(target_os = "none")]
    pub fn open(&self, record: &crate::info::Ring) {
        if let Some(memory) = Memory::of(record).filter(|_| record.writer == 1) {
            let link = Link::of(record);
            self.start(&Writer::start(memory, link, record.own_generation as u32));
        }
    }

    pub(super) fn start(&self, writer: &Writer) {
        let Link { edge, peer_bit, own_bit } = writer.link;
        let bits = u64::from(peer_bit.trailing_zeros()) << 8 | u64::from(own_bit.trailing_zeros()) << 16;
        self.link.store(u64::from(edge) | bits, Relaxed);
        self.state.store(writer.head.into(), Relaxed);
        self.memory.set(writer.memory);
    }

    fn link(&self) -> Link {
        let [edge, peer_bit, own_bit, ..] = self.link.load(Relaxed).to_le_bytes();
        Link { edge, peer_bit: 1 << (peer_bit & 63), own_bit: 1 << (own_bit & 63) }
    }

    /// Writes as much of `bytes` as there is room for; answers how much. Not open, it takes everything and keeps nothing.
    pub fn write(&self, bytes: &[u8]) -> usize {
        let Some(memory) = self.memory.get() else { return bytes.len() };
        let (at, taken) = self.enter(&memory, bytes.len());
        for (n, byte) in (0..).zip(bytes.iter().take(taken as usize)) {
            memory.byte(at.wrapping_add(n)).store(*byte, Relaxed);
        }
        self.leave(&memory);
        if taken > 0 {
            self.link().wake(&memory, READER_WAITS);
        }
        taken as usize
    }

    /// Takes room for up to `wanted` bytes: where it begins and how much it is.
    pub(super) fn enter(&self, memory: &Memory, wanted: usize) -> (u32, u32) {
        let capacity = memory.capacity();
        let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
        let mut state = self.state.load(Relaxed);
        loop {
            let head = state as u32;
            let room = capacity - filled(head, memory.word(TAIL).load(Acquire), capacity).unwrap_or(capacity);
            let taken = wanted.min(room);
            let inside = (((state >> 32) + 1) << 32) | u64::from(head.wrapping_add(taken));
            match self.state.compare_exchange_weak(state, inside, AcqRel, Relaxed) {
                Ok(_) => return (head, taken),
                Err(now) => state = now,
            }
        }
    }

    /// Leaves; the last one out publishes all that was taken. Another writer may come and go between any two of these
    /// lines and publish more: then this one publishes again, so that the shared count never stays behind.
    pub(super) fn leave(&self, memory: &Memory) {
        let mut state = self.state.fetch_sub(ONE_WRITER, AcqRel) - ONE_WRITER;
        while state < ONE_WRITER {
            memory.word(HEAD).store(state as u32, Release);
            let now = self.state.load(Acquire);
            if now == state {
                return;
            }
            state = now;
        }
    }

    /// Bytes that can be written now; as many as one likes, if it is not open.
    pub fn room(&self) -> usize {
        let Some(memory) = self.memory.get() else { return usize::MAX };
        let (capacity, head) = (memory.capacity(), self.state.load(Relaxed) as u32);
        (capacity - filled(head, memory.word(TAIL).load(Acquire), capacity).unwrap_or(capacity)) as usize
    }

    /// Waits until there is room, at the latest until `deadline`. Only for the thread that the room bit wakes.
    pub fn wait_room(&self, deadline: Instant) -> Result<(), Error> {
        let Some(memory) = self.memory.get() else { return Ok(()) };
        self.link().wait(&memory, WRITER_WAITS, deadline, || self.room() > 0)
    }

    /// Counts bytes as lost for want of room.
    pub fn count_dropped(&self, bytes: usize) {
        if let Some(memory) = self.memory.get() {
            memory.word(DROPPED).fetch_add(bytes as u32, Relaxed);
        }
    }
}
