//! The ready queue: 256 levels, a bit each and a ring of threads each. Everything here is O(1).
//!
//! The running thread stays at the head of its level: a yield turns the ring by one store, preemption moves nothing, and
//! a thread that blocks is always the head. A thread in no queue is linked to itself.

use crate::id::Tid;
use crate::thread::Thread;
use rtos_abi::limits::MAX_THREADS;

/// Which levels have ready threads, and the head of each. Level 0 is the idle thread's and always ready.
#[derive(Debug)]
#[repr(C)]
pub struct Ready {
    /// A bit for each level.
    pub bitmap: [u64; 4],
    /// The first thread of each level; none when the level is empty.
    pub heads: [Tid; MAX_THREADS],
}

impl Ready {
    /// No thread; [`Ready::reset`] readies the idle level.
    pub const EMPTY: Self = Self { bitmap: [0; 4], heads: [Tid::IDLE; MAX_THREADS] };

    /// Only the idle thread is ready.
    pub fn reset(&mut self) {
        *self = Self::EMPTY;
        self.bitmap[0] = 1;
    }

    /// The most urgent ready thread.
    #[inline(always)]
    #[must_use]
    pub fn first(&self) -> Tid {
        let top = |word: usize| (word as u32 * 64 + 63 - self.bitmap[word].leading_zeros()) as u8;
        let level = if self.bitmap[3] != 0 {
            top(3)
        } else if self.bitmap[2] != 0 {
            top(2)
        } else if self.bitmap[1] != 0 {
            top(1)
        } else {
            top(0) & 63
        };
        self.heads[level as usize]
    }

    /// Puts a thread, linked to itself, at the end of its level.
    #[inline(always)]
    pub fn append(&mut self, threads: &mut [Thread; MAX_THREADS], id: Tid) {
        let level = threads[id.index()].priority;
        let head = self.heads[level as usize];
        if head.is_none() {
            self.heads[level as usize] = id;
            self.bitmap[(level >> 6) as usize] |= 1 << (level & 63);
        } else {
            let tail = threads[head.index()].prev;
            threads[tail.index()].next = id;
            threads[head.index()].prev = id;
            threads[id.index()].next = head;
            threads[id.index()].prev = tail;
        }
    }

    /// Takes a queued thread out of its level, wherever it stands.
    #[inline(always)]
    pub fn remove(&mut self, threads: &mut [Thread; MAX_THREADS], id: Tid) {
        let Thread { priority: level, next, prev, .. } = threads[id.index()];
        if next == id {
            self.heads[level as usize] = Tid::IDLE;
            self.bitmap[(level >> 6) as usize] &= !(1 << (level & 63));
            return;
        }
        if self.heads[level as usize] == id {
            self.heads[level as usize] = next;
        }
        threads[prev.index()].next = next;
        threads[next.index()].prev = prev;
        threads[id.index()].next = id;
        threads[id.index()].prev = id;
    }

    /// Lets the next thread of the level run after `head`, which is its first.
    #[inline(always)]
    pub fn rotate(&mut self, threads: &[Thread; MAX_THREADS], head: Tid) -> Tid {
        let Thread { priority: level, next, .. } = threads[head.index()];
        self.heads[level as usize] = next;
        next
    }
}
