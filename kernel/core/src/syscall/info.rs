//! `info`: one small record a call, in the message registers.

use crate::decision::{Decision, FETCH, FETCH_SHIFT, RESULTS, SLOW};
use crate::id::{Slot, Tid};
use crate::kernel::Kernel;
use crate::partition::Life;
use crate::port::Port;
use crate::thread::{FLAG_FP, State};
use rtos_abi::call::right;
use rtos_abi::info::{self, kind};
use rtos_abi::limits::{MAX_IRQ_BINDINGS, MAX_RINGS, MESSAGE_BYTES, PAGE_BYTES};
use rtos_abi::record::{Field, Record, name_bytes};
use rtos_abi::{ABI_VERSION, Error, Misuse};

/// A record as the words of a message.
type Words = [u64; MESSAGE_BYTES / 8];

/// Any record's words.
#[inline(always)]
fn words<R: Record>(record: R) -> Words {
    let mut bytes = [0; MESSAGE_BYTES];
    record.write(&mut bytes);
    core::array::from_fn(|n| Field::get(&bytes[n * 8..n * 8 + 8]))
}

impl Kernel {
    /// `info`.
    pub fn sys_info<P: Port>(&mut self, port: &mut P, now: u64, what: u64, index: u64) -> Decision {
        let own = what == kind::RING;
        if !own && !self.partitions[self.running_slot().index()].may(right::INSPECT) {
            return self.misuse(port, Misuse::MissingRight, now);
        }
        let Some(record) = self.record(port, what, index, now) else {
            return Decision::error(Error::NotFound);
        };
        self.set_results(0, [0; 3]);
        let id = self.current;
        self.running_mut().frame.set_message(record);
        Decision { ctl: SLOW | FETCH | RESULTS | (id.0 as u64) << FETCH_SHIFT, val: 0 }
    }

    fn record<P: Port>(&mut self, port: &mut P, what: u64, index: u64, now: u64) -> Option<Words> {
        match what {
            kind::SYSTEM => (index == 0).then(|| self.system_record(now)),
            kind::MEMORY => (index == 0).then(|| self.memory_record()),
            kind::PARTITION => self.partition_record(self.known_slot(index)?),
            kind::THREAD => self.thread_record(self.known_thread(index)?, now),
            kind::THREAD_TIMES => self.times_record(self.known_thread(index)?, now),
            kind::THREAD_NAME => self.name_record(self.known_thread(index)?),
            kind::IRQ => self.irq_record(index),
            kind::IRQ_TOTALS => (index == 0).then(|| self.totals_record()),
            kind::PATH if index < info::path::COUNT as u64 => {
                Some(words(info::Path { max: port.longest_path(index as usize), spare: [0; 7] }))
            }
            kind::FAULT => self.fault_record(self.known_slot(index)?),
            kind::FAULT_REGISTERS => self.registers_record(self.known_slot(index / 8)?, index % 8),
            kind::TABLE => self.table_record(index),
            kind::RING => self.ring_record(index),
            kind::SAFE => self.safe_record(port, self.known_slot(index / 8)?, index % 8),
            _ => None,
        }
    }

    fn known_slot(&self, index: u64) -> Option<Slot> {
        Slot::new(index).filter(|_| index < u64::from(self.partition_count))
    }

    fn known_thread(&self, index: u64) -> Option<Tid> {
        (index < u64::from(self.thread_count)).then_some(Tid(index as u8))
    }

    fn system_record(&self, now: u64) -> Words {
        let idle = crate::id::BudgetId(0);
        words(info::System {
            abi_version: ABI_VERSION,
            ticks_per_second: self.boot.ticks_per_second,
            boot_ticks: self.boot.boot_ticks,
            board: self.boot.board,
            kernel_hash: self.boot.kernel_hash,
            partitions: u16::from(self.partition_count),
            threads: self.thread_count,
            irqs: u16::from(self.irq_count),
            cores: 1,
            idle_ticks: self.budgets[0].spent(self.budget_left(idle, now)),
            now,
        })
    }

    fn memory_record(&self) -> Words {
        let boot = &self.boot;
        let taken = boot.kernel_bytes + boot.bundle_bytes + boot.table_bytes + boot.reserved;
        words(info::Memory {
            total: boot.total,
            kernel: boot.kernel_bytes,
            bundle: boot.bundle_bytes,
            tables: boot.table_bytes,
            reserved: boot.reserved,
            mapped: boot.mapped,
            free: boot.total.saturating_sub(taken),
            table_pages: boot.tables_used,
        })
    }

    fn partition_record(&self, slot: Slot) -> Option<Words> {
        let partition = &self.partitions[slot.index()];
        let count = partition.threads.iter().filter(|id| !id.is_none()).count();
        Some(words(info::Partition {
            name: partition.name,
            state: partition.life as u8,
            program: u8::from(partition.flags & rtos_abi::bundle::partition_flag::PROGRAM != 0),
            rights: partition.rights,
            generation: partition.generation,
            starts: partition.starts,
            first_thread: u16::from(partition.threads[0].0),
            threads: count as u16,
            reserved: partition.memory_len,
            mapped: partition.memory_used,
            exit_code: partition.death.code,
            spare: 0,
        }))
    }

    fn thread_record(&self, id: Tid, now: u64) -> Option<Words> {
        let thread = &self.threads[id.index()];
        let state = match thread.state.kind() {
            State::DEAD => info::thread_state::FAULTED,
            State(number) => number,
        };
        let left = self.budget_left(thread.budget, now);
        Some(words(info::Thread {
            state,
            priority: thread.priority,
            base_priority: thread.base_priority,
            partition: thread.slot.number(),
            core: 0,
            fp: u8::from(thread.has(FLAG_FP)),
            running: u8::from(id == self.current),
            budget: thread.budget.0,
            runs: thread.record.runs,
            missed: thread.record.missed,
            worst_response: thread.record.worst_response,
            worst_wakeup: thread.record.worst_wakeup,
            cpu_ticks: self.budgets[thread.budget.index()].spent(left),
            period: thread.period,
            deadline: thread.deadline,
        }))
    }

    fn times_record(&self, id: Tid, now: u64) -> Option<Words> {
        let thread = &self.threads[id.index()];
        let budget = &self.budgets[thread.budget.index()];
        Some(words(info::ThreadTimes {
            amount: budget.amount,
            period: budget.period,
            left: self.budget_left(thread.budget, now),
            exhausted: budget.exhausted,
            worst_execution: thread.record.worst_execution,
            skipped: thread.record.skipped,
            preemptions: thread.record.preemptions,
            spare: 0,
        }))
    }

    fn name_record(&self, id: Tid) -> Option<Words> {
        let thread = &self.threads[id.index()];
        let facts = &self.facts[id.index()];
        let partition = if id.is_none() { [0; 16] } else { self.partitions[thread.slot.index()].name };
        Some(words(info::ThreadName {
            name: facts.name,
            partition,
            stack_bottom: facts.stack_bottom,
            stack_top: facts.stack_top,
            number: u64::from(thread.number),
            spare: 0,
        }))
    }

    fn irq_record(&self, index: u64) -> Option<Words> {
        let binding = self.irqs.get(index as usize).filter(|_| index < u64::from(self.irq_count))?;
        Some(words(info::Irq {
            name: binding.name,
            line: binding.line,
            thread: binding.thread.0,
            bit: binding.bits.trailing_zeros() as u8,
            masked: u8::from(binding.masked),
            spare: [0; 3],
            count: binding.count,
            limit: u64::from(binding.per_second),
            spare2: [0; 3],
        }))
    }

    fn totals_record(&self) -> Words {
        words(info::IrqTotals {
            timer: self.timer_count,
            spurious: self.spurious_count,
            unknown: self.unknown_count,
            last_unknown: self.last_unknown,
            spare: [0; 4],
        })
    }

    fn fault_record(&self, slot: Slot) -> Option<Words> {
        let partition = &self.partitions[slot.index()];
        let death = &partition.death;
        let frame = &self.threads[death.thread.index()].frame;
        let live = partition.life == Life::Running && death.generation == partition.generation;
        (!live).then(|| {
            words(info::Fault {
                reason: death.reason,
                thread: death.thread.0,
                misuse: death.misuse,
                safe_writes: death.safe_writes,
                generation: death.generation,
                pc: frame.pc,
                address: death.address,
                syndrome: death.syndrome,
                code: death.code,
                sp: frame.sp,
                at: death.at,
                thread_name: core::array::from_fn(|n| self.facts[death.thread.index()].name[n]),
            })
        })
    }

    fn registers_record(&self, slot: Slot, part: u64) -> Option<Words> {
        let thread = self.partitions[slot.index()].death.thread;
        let from = part as usize * 7;
        let frame = &self.threads[thread.index()].frame;
        let x = core::array::from_fn(|n| frame.x.get(from + n).copied().unwrap_or(0));
        (from < 31).then(|| words(info::FaultRegisters { x, spare: 0 }))
    }

    fn table_record(&self, index: u64) -> Option<Words> {
        let threads = u64::from(self.thread_count);
        let partitions = u64::from(self.partition_count);
        let (name, used, entries, size) = match index {
            0 => (const { name_bytes("threads") }, threads, self.threads.len(), size_of_val(&self.threads)),
            1 => (const { name_bytes("partitions") }, partitions, self.partitions.len(), size_of_val(&self.partitions)),
            2 => (const { name_bytes("budgets") }, threads, self.budgets.len(), size_of_val(&self.budgets)),
            3 => (const { name_bytes("timers") }, threads, self.threads.len(), size_of_val(&self.timers)),
            4 => (const { name_bytes("thread facts") }, threads, self.facts.len(), size_of_val(&self.facts)),
            5 => (
                const { name_bytes("irq bindings") },
                u64::from(self.irq_count),
                MAX_IRQ_BINDINGS,
                size_of_val(&self.irqs),
            ),
            6 => (const { name_bytes("rings") }, u64::from(self.ring_count), MAX_RINGS, size_of_val(&self.rings)),
            7 => (const { name_bytes("ready queue") }, threads, self.ready.heads.len(), size_of_val(&self.ready)),
            8 => (const { name_bytes("call progress") }, threads, self.progress.len(), size_of_val(&self.progress)),
            9 => (const { name_bytes("whole kernel") }, 1, 1, size_of_val(self)),
            _ => return None,
        };
        Some(words(info::Table { name, used, entries: entries as u64, bytes: size as u64, spare: [0; 3] }))
    }

    /// The caller's ring number `index`.
    fn ring_record(&self, index: u64) -> Option<Words> {
        let slot = self.running_slot();
        let own = slot.number();
        let number = *self.partitions[slot.index()].rings.get(index as usize)?;
        let ring = &self.rings[usize::from(number.checked_sub(1)?) % MAX_RINGS];
        let writer = ring.writer == own;
        let peer = Slot::new(u64::from(if writer { ring.reader } else { ring.writer }))?;
        let partition = &self.partitions[peer.index()];
        Some(words(info::Ring {
            address: u64::from(if writer { ring.writer_address } else { ring.reader_address }),
            bytes: u64::from(ring.pages) * PAGE_BYTES as u64,
            peer: peer.number(),
            writer: u8::from(writer),
            edge: if writer { ring.writer_edge } else { ring.reader_edge },
            bit: if writer { ring.writer_bit } else { ring.reader_bit },
            peer_bit: if writer { ring.reader_bit } else { ring.writer_bit },
            spare: [0; 3],
            generation: u64::from(partition.generation),
            name: partition.name,
            own_generation: u64::from(self.partitions[self.running_slot().index()].generation),
            spare2: 0,
        }))
    }

    fn safe_record<P: Port>(&self, port: &mut P, slot: Slot, index: u64) -> Option<Words> {
        let partition = &self.partitions[slot.index()];
        let write = partition.safe.get(index as usize).filter(|write| write.register.width != 0)?;
        let read = if write.level.width == 0 { 0 } else { port.read_register(write.level) };
        Some(words(info::Safe {
            address: write.register.address.0,
            mask: u64::from(write.mask),
            value: u64::from(write.value),
            read_back: u64::from(read & write.level_mask),
            applied: u64::from(partition.safe_applied),
            name: write.name,
            level_mask: u64::from(write.level_mask),
        }))
    }
}
