//! Lives of partitions: the supervisor and the operator at work.

use super::Machine;
use super::system::{OPERATOR_LINE, System};
use kernel_core::partition::Life;
use rtos_abi::call::{self, NEVER, SUPERVISOR_DEATH_BIT};

impl Machine {
    /// Boots, starts every partition and puts the supervisor to its wait for deaths. The most urgent thread runs.
    pub fn running(system: &System) -> Self {
        let mut machine = Self::boot(system);
        machine.runs("init.main");
        for slot in 1..u64::from(machine.kernel.partition_count) {
            machine.build_and_start(slot);
        }
        machine.supervisor_waits();
        machine
    }

    /// The supervisor, which runs, waits for the next death; so does the operator for its line.
    pub fn supervisor_waits(&mut self) {
        self.runs("init.main");
        self.blocks(call::WAIT, &[SUPERVISOR_DEATH_BIT, NEVER]);
        if self.name(self.current) == "operator.main" {
            self.ok(call::IRQ_DONE, &[0]);
            self.blocks(call::WAIT, &[1, NEVER]);
        }
    }

    /// The operator kills a partition; then the supervisor runs.
    pub fn kill(&mut self, name: &str) {
        let slot = u64::from(self.slot(name).number());
        self.raise(OPERATOR_LINE);
        self.lower(OPERATOR_LINE);
        self.woke("operator.main");
        let generation = u64::from(self.partition(name).generation);
        self.blocks(call::KILL, &[slot, generation]);
        assert_eq!(self.partition(name).life, Life::Dead);
        self.woke("init.main");
    }

    /// The supervisor, which was told of a death, clears the dead slot away and waits again.
    pub fn reap(&mut self, name: &str) {
        self.woke("init.main");
        let slot = u64::from(self.slot(name).number());
        self.ok(call::PART_REAP, &[slot]);
        self.supervisor_waits();
        self.check();
    }

    /// The same, and starts it anew.
    pub fn restart(&mut self, name: &str) {
        self.woke("init.main");
        let slot = u64::from(self.slot(name).number());
        self.ok(call::PART_REAP, &[slot]);
        self.build_and_start(slot);
        self.check_memory();
        self.supervisor_waits();
        self.check();
    }
}
