//! What the system is doing, one small record a question (right: `inspect`, except for [`ring()`] and for what is one's
//! own). The records are those of [`rtos_abi::info`].

use crate::{Error, ipc, sys};
use rtos_abi::info::kind;
use rtos_abi::record::Record;

pub use rtos_abi::info::{
    Fault, FaultRegisters, InfoPage, Irq, IrqTotals, Memory, Partition, Path, Ring, Safe, System, Table, Thread,
    ThreadName, ThreadTimes, partition_state, path, thread_state,
};
pub use rtos_abi::record::name_text;

fn get<R: Record>(kind: u64, index: u64) -> Result<R, Error> {
    sys::info(kind, index).map(ipc::unpack)
}

macro_rules! questions {
    ($($(#[$m:meta])* $name:ident($($index:ident: $t:ty),*) -> $record:ident = $kind:ident [$at:expr];)*) => {$(
        $(#[$m])*
        ///
        /// # Errors
        /// [`Error::NotFound`] when there is no such thing.
        pub fn $name($($index: $t),*) -> Result<$record, Error> {
            get(kind::$kind, $at)
        }
    )*};
}

questions! {
    /// What the machine is.
    system() -> System = SYSTEM[0];
    /// Where the memory is.
    memory() -> Memory = MEMORY[0];
    /// The partition in `slot`.
    partition(slot: u8) -> Partition = PARTITION[slot.into()];
    /// State and counters of a thread, by its number in the system.
    thread(number: u8) -> Thread = THREAD[number.into()];
    /// Budget and times of a thread.
    thread_times(number: u8) -> ThreadTimes = THREAD_TIMES[number.into()];
    /// Names of a thread and its partition.
    thread_name(number: u8) -> ThreadName = THREAD_NAME[number.into()];
    /// A bound interrupt line.
    irq(binding: u8) -> Irq = IRQ[binding.into()];
    /// Interrupts that nobody is bound to.
    irq_totals() -> IrqTotals = IRQ_TOTALS[0];
    /// The longest masked path of a system call's number, or of one of [`path`](mod@path).
    longest_path(entry: u64) -> Path = PATH[entry];
    /// Why the partition in `slot` last stopped.
    fault(slot: u8) -> Fault = FAULT[slot.into()];
    /// Registers 7n to 7n + 6 at that moment.
    fault_registers(slot: u8, n: u8) -> FaultRegisters = FAULT_REGISTERS[u64::from(slot) * 8 + u64::from(n & 7)];
    /// The kernel's `n`-th table.
    table(n: u64) -> Table = TABLE[n];
    /// The own partition's `n`-th ring.
    ring(n: u8) -> Ring = RING[n.into()];
    /// The `n`-th safe-state write of the partition in `slot`.
    safe(slot: u8, n: u8) -> Safe = SAFE[u64::from(slot) * 8 + u64::from(n & 7)];
}

/// The facts of this boot that every program may know; costs no system call.
#[must_use]
pub fn boot() -> InfoPage {
    sys::info_page()
}
