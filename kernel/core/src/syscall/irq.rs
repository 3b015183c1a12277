//! `irq_done`.

use crate::decision::Decision;
use crate::kernel::Kernel;
use crate::port::Port;
use rtos_abi::Misuse;
use rtos_abi::limits::{MAX_IRQ_BINDINGS, MAX_PARTITION_IRQS};

impl Kernel {
    /// `irq_done`: the line may interrupt again.
    #[inline(always)]
    pub fn sys_irq_done<P: Port>(&mut self, port: &mut P, now: u64, number: u64) -> Decision {
        let irqs = &self.partitions[self.running_slot().index()].irqs;
        let binding = if number < MAX_PARTITION_IRQS as u64 { irqs[number as usize % MAX_PARTITION_IRQS] } else { 0 };
        if binding == 0 {
            return self.misuse(port, Misuse::UnknownHandle, now);
        }
        let binding = &mut self.irqs[(binding - 1) as usize % MAX_IRQ_BINDINGS];
        binding.masked = false;
        port.unmask_line(binding.line);
        Decision::value(0)
    }
}
