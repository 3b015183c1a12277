//! Notification bits: set by a peer, a thread of the same partition, an interrupt or the kernel; taken by a wait.

use crate::decision::Decision;
use crate::id::Tid;
use crate::kernel::Kernel;
use crate::port::Port;
use crate::thread::State;
use rtos_abi::limits::{MAX_NOTIFY_EDGES, MAX_PARTITION_THREADS};
use rtos_abi::{Error, Misuse};

impl Kernel {
    /// `notify`: sets bits of a peer; a more urgent waiter runs at once.
    #[inline(always)]
    pub fn sys_notify<P: Port>(&mut self, port: &mut P, now: u64, edge: u64, bits: u64) -> Decision {
        let slot = self.running_slot();
        if edge >= MAX_NOTIFY_EDGES as u64 {
            return self.misuse(port, Misuse::UnknownHandle, now);
        }
        let edge = &self.partitions[slot.index()].notifies[edge as usize % MAX_NOTIFY_EDGES];
        if bits & !edge.mask != 0 {
            return self.notify_refused(port, now, edge.thread);
        }
        let target = edge.thread;
        let generation = edge.generation;
        if self.threads[target.index()].generation != generation {
            return self.notify_stale(now, slot.index(), target);
        }
        self.notify_thread(now, target, bits)
    }

    /// Sets bits of a live thread and switches to it if it woke and is more urgent.
    #[inline(always)]
    fn notify_thread(&mut self, now: u64, target: Tid, bits: u64) -> Decision {
        if self.set_bits(target, bits) && self.preempts(target) {
            self.running_mut().record.preemptions += 1;
            return self.switch_with_success(target, now, 0);
        }
        Decision::value(0)
    }

    #[cold]
    #[inline(never)]
    fn notify_refused<P: Port>(&mut self, port: &mut P, now: u64, target: Tid) -> Decision {
        let misuse = if target.is_none() { Misuse::UnknownHandle } else { Misuse::BadValue };
        self.misuse(port, misuse, now)
    }

    /// The peer is not the one the edge knew: dead, or restarted since.
    #[cold]
    #[inline(never)]
    fn notify_stale(&mut self, _now: u64, slot: usize, target: Tid) -> Decision {
        let (running, generation) = self.life_of(target);
        if !running {
            return Decision::error(Error::PeerDead);
        }
        for edge in &mut self.partitions[slot].notifies {
            kernel_bounds::turn::<{ MAX_NOTIFY_EDGES as u64 }>();
            if edge.thread == target {
                edge.generation = generation;
            }
        }
        Decision::error(Error::PeerRestarted)
    }

    /// Whether a thread's partition runs, and its generation.
    pub(crate) fn life_of(&self, thread: Tid) -> (bool, u32) {
        let partition = &self.partitions[self.threads[thread.index()].slot.index()];
        (partition.life == crate::partition::Life::Running, partition.generation)
    }

    /// `notify_own`: sets bits of a thread of the caller's partition.
    #[inline(always)]
    pub fn sys_notify_own<P: Port>(&mut self, port: &mut P, now: u64, number: u64, bits: u64) -> Decision {
        let Some(target) = self.own_thread(number) else {
            return self.misuse(port, Misuse::UnknownHandle, now);
        };
        self.notify_thread(now, target, bits)
    }

    /// The caller's partition's thread with this number.
    #[inline(always)]
    pub(crate) fn own_thread(&self, number: u64) -> Option<Tid> {
        if number >= MAX_PARTITION_THREADS as u64 {
            return None;
        }
        let id = self.partitions[self.running_slot().index()].threads[number as usize % MAX_PARTITION_THREADS];
        (!id.is_none()).then_some(id)
    }

    /// `wait`: takes the bits that came, or blocks until one of the mask does.
    #[inline(always)]
    pub fn sys_wait(&mut self, now: u64, mask: u64, deadline: u64) -> Decision {
        let thread = self.running_mut();
        let taken = thread.pending & mask;
        if taken != 0 {
            thread.pending &= !taken;
            return Decision::value(taken);
        }
        thread.wait_mask = mask;
        self.block_until(now, State::WAITING, deadline)
    }
}
