//! Faults and death. A fault names its reason and stops one partition, in a constant number of steps.

use crate::decision::{Decision, HALT, SLOW, SUPERVISOR_DIED};
use crate::event::FaultEvent;
use crate::id::{Slot, Tid};
use crate::kernel::Kernel;
use crate::partition::Life;
use crate::port::{Port, Register};
use crate::thread::State;
use kernel_bounds::turn;
use rtos_abi::bundle::write_kind;
use rtos_abi::limits::{MAX_PARTITION_THREADS, MAX_SAFE_WRITES, PAGE_BYTES};
use rtos_abi::{FaultReason, Misuse};

impl Kernel {
    /// The running thread caused an exception; its frame is saved.
    pub fn on_fault<P: Port>(&mut self, port: &mut P, fault: FaultEvent, now: u64) -> Decision {
        let id = self.current;
        let bottom = self.facts[id.index()].stack_bottom;
        let in_guard = fault.address < bottom && fault.address + PAGE_BYTES as u64 >= bottom;
        let data = matches!(fault.reason, FaultReason::ReadUnmapped | FaultReason::WriteUnmapped);
        let reason = if in_guard && data { FaultReason::StackOverflow } else { fault.reason };
        self.stop_partition(port, id, reason, fault.address, fault.syndrome, now)
    }

    /// The running thread made a system call that no correct program makes.
    #[cold]
    #[inline(never)]
    pub(crate) fn misuse<P: Port>(&mut self, port: &mut P, misuse: Misuse, now: u64) -> Decision {
        let slot = self.running_slot();
        self.partitions[slot.index()].death.misuse = misuse as u8;
        let id = self.current;
        self.stop_partition(port, id, FaultReason::Misuse, 0, 0, now)
    }

    /// Stops the partition of thread `id`, outside a system call or in one that does not return to its caller.
    #[inline(never)]
    pub(crate) fn stop_partition<P: Port>(
        &mut self,
        port: &mut P,
        id: Tid,
        reason: FaultReason,
        address: u64,
        syndrome: u64,
        now: u64,
    ) -> Decision {
        let slot = self.threads[id.index()].slot;
        let death = &mut self.partitions[slot.index()].death;
        death.reason = reason as u8;
        death.code = 0;
        death.thread = id;
        death.address = address;
        death.syndrome = syndrome;
        self.bury(port, slot, now);
        if self.supervisor_died() {
            return Decision { ctl: SLOW | HALT, val: SUPERVISOR_DIED };
        }
        if self.running().state == State::DEAD {
            let next = self.ready.first();
            return self.switch(next, now, 0);
        }
        self.resume_or_preempt(now)
    }

    /// Whether the partition that is told of all deaths is itself dead: nobody could repair anything, so the machine restarts.
    #[inline(always)]
    #[must_use]
    pub const fn supervisor_died(&self) -> bool {
        self.threads[self.supervisor.index()].state.0 == State::DEAD.0
    }

    /// Ends all threads of a slot, tells the supervisor, puts its actuators into their safe state and makes every handle to it stale.
    pub(crate) fn bury<P: Port>(&mut self, port: &mut P, slot: Slot, now: u64) {
        let partition = &mut self.partitions[slot.index()];
        partition.death.generation = partition.generation;
        partition.death.at = now;
        partition.life = Life::Dead;
        partition.generation = partition.generation.wrapping_add(1);
        let threads = partition.threads;
        for id in threads {
            turn::<{ MAX_PARTITION_THREADS as u64 }>();
            if !id.is_none() {
                self.end_thread(id);
            }
        }
        if self.threads[self.lazy.index()].slot == slot {
            self.lazy = Tid::IDLE;
            self.limit = self.timers.first();
        }
        self.apply_safe_state(port, slot);
        self.tell_supervisor(now);
    }

    /// Takes a thread out of whatever it is in. What is left (its timer, its token) finds a dead thread and does nothing;
    /// reaping clears it.
    #[inline(always)]
    fn end_thread(&mut self, id: Tid) {
        let thread = &mut self.threads[id.index()];
        let state = thread.state;
        thread.state = State::DEAD;
        // No handle fits a thread that does not live.
        thread.generation = u32::MAX;
        thread.wait_mask = 0;
        thread.token = 0;
        if state == State::READY {
            self.ready.remove(&mut self.threads, id);
        } else if state.kind() == State::CALLING {
            self.leave_queue(id);
        }
    }

    /// Makes the safe-state writes of a slot.
    #[inline(always)]
    fn apply_safe_state<P: Port>(&mut self, port: &mut P, slot: Slot) {
        let partition = &mut self.partitions[slot.index()];
        let count = partition.safe_count;
        partition.safe_applied += 1;
        partition.death.safe_writes = count;
        for store in partition.safe_stores.iter().take(usize::from(count)) {
            turn::<{ MAX_SAFE_WRITES as u64 }>();
            let register = Register { address: store.address, width: 4 };
            let kept = if store.keep == 0 { 0 } else { port.read_register(register) & store.keep };
            port.write_register(register, kept | store.value);
        }
    }

    /// Makes those writes of a slot that prepare its pins.
    pub(crate) fn prepare_pins<P: Port>(&mut self, port: &mut P, slot: Slot) {
        let partition = &self.partitions[slot.index()];
        for (write, store) in partition.safe.iter().zip(&partition.safe_stores) {
            turn::<{ MAX_SAFE_WRITES as u64 }>();
            if write.at_start {
                let register = Register { address: store.address, width: 4 };
                let kept = if store.keep == 0 { 0 } else { port.read_register(register) & store.keep };
                port.write_register(register, kept | store.value);
            }
        }
    }
}

/// Writes the masked bits of a register, as its kind of write says.
#[inline(always)]
pub(crate) fn write_masked<P: Port>(port: &mut P, register: Register, write: u8, mask: u32, value: u32) {
    let kept = if write == write_kind::MODIFY { port.read_register(register) & !mask } else { 0 };
    port.write_register(register, kept | value & mask);
}
