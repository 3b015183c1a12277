//! Ending: the own partition, another one, the machine.

use crate::decision::{Decision, HALT, SLOW};
use crate::id::Slot;
use crate::kernel::Kernel;
use crate::partition::Life;
use crate::port::Port;
use crate::thread::State;
use rtos_abi::bundle::partition_flag;
use rtos_abi::call::right;
use rtos_abi::{Error, FaultReason, Misuse};

impl Kernel {
    /// `exit`.
    pub fn sys_exit<P: Port>(&mut self, port: &mut P, now: u64, code: u64) -> Decision {
        let slot = self.running_slot();
        let id = self.current;
        let decision = self.stop_partition(port, id, FaultReason::Exited, 0, 0, now);
        self.partitions[slot.index()].death.code = code;
        decision
    }

    /// `panic`.
    pub fn sys_panic<P: Port>(&mut self, port: &mut P, now: u64, message: u64, len: u64, line: u64) -> Decision {
        let slot = self.running_slot();
        let id = self.current;
        let decision = self.stop_partition(port, id, FaultReason::Panicked, message, len, now);
        self.partitions[slot.index()].death.code = line;
        decision
    }

    /// `kill`.
    pub fn sys_kill<P: Port>(&mut self, port: &mut P, now: u64, slot: u64, generation: u64) -> Decision {
        if !self.partitions[self.running_slot().index()].may(right::CONTROL) {
            return self.misuse(port, Misuse::MissingRight, now);
        }
        let Some(victim) = Slot::new(slot).filter(|_| slot < u64::from(self.partition_count)) else {
            return Decision::error(Error::NotFound);
        };
        let partition = &mut self.partitions[victim.index()];
        if partition.life != Life::Running || u64::from(partition.generation) != generation {
            return Decision::error(Error::BadState);
        }
        if partition.flags & partition_flag::INIT != 0 {
            return Decision::error(Error::Refused);
        }
        partition.death.reason = FaultReason::Killed as u8;
        partition.death.code = 0;
        partition.death.thread = partition.threads[0];
        partition.death.address = 0;
        partition.death.syndrome = 0;
        self.bury(port, victim, now);
        if self.running().state == State::DEAD {
            let next = self.ready.first();
            return self.switch(next, now, 0);
        }
        self.set_results(0, [0; 3]);
        self.finish_call(now)
    }

    /// `shutdown`.
    pub fn sys_shutdown<P: Port>(&mut self, port: &mut P, now: u64, code: u64) -> Decision {
        if !self.partitions[self.running_slot().index()].may(right::SHUTDOWN) {
            return self.misuse(port, Misuse::MissingRight, now);
        }
        Decision { ctl: SLOW | HALT, val: code }
    }
}
