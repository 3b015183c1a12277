//! Loading a system: the bundle's records become the kernel's tables. Runs once, before the first program.

use crate::budget::Budget;
use crate::decision::Decision;
use crate::id::{BudgetId, Slot, Tid};
use crate::kernel::{BootFacts, Kernel};
use crate::partition::{CallEdge, Grant, NotifyEdge, Region, RegionKind, SafeStore, SafeWrite};
use crate::port::{Phys, Port, Register};
use crate::thread::{FLAG_FP, FLAG_PERIODIC, FLAG_SERVER};
use rtos_abi::bundle::{self, Board, Bundle, partition_flag, region_kind, write_kind};
use rtos_abi::call::{NEVER, perm, right};
use rtos_abi::layout::INFO_PAGE;
use rtos_abi::limits::{MAX_IRQ_BINDINGS, MAX_LINES, MAX_REGIONS, MAX_RINGS, PAGE_BYTES, STEP_BYTES};
use rtos_abi::record::Record;

/// Bytes of a page.
const PAGE: u64 = PAGE_BYTES as u64;

/// Why a bundle's system cannot run here. The tools refuse all of these; a damaged bundle can still have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// The memory the system reserves is not there.
    Memory,
    /// A record names an object that does not exist.
    Reference(&'static str),
    /// More records of a kind than the kernel has room for.
    TooMany(&'static str),
    /// Threads are not in the order of their priorities.
    ThreadOrder,
    /// The first slot is not `init`, or its program is missing or does not fit.
    NoInit,
}

impl LoadError {
    /// The error in words, and what it is about.
    #[must_use]
    pub const fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::Memory => ("not enough memory for the partitions", ""),
            Self::Reference(what) => ("a record refers to something that does not exist", what),
            Self::TooMany(what) => ("more records than the kernel has room for", what),
            Self::ThreadOrder => ("threads are not in the order of their priorities", ""),
            Self::NoInit => ("slot 0 is not init, or its program does not fit", ""),
        }
    }
}

/// Free memory that partitions are reserved from: runs of pages, used from the front.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    /// Start and bytes of each run; both multiples of the page size.
    pub runs: [(Phys, u64); 8],
}

impl Pool {
    /// Takes `len` bytes in one run.
    fn take(&mut self, len: u64) -> Result<Phys, LoadError> {
        let run = self.runs.iter_mut().find(|(_, room)| *room >= len).ok_or(LoadError::Memory)?;
        let at = run.0;
        *run = (at.plus(len), run.1 - len);
        Ok(at)
    }
}

/// Everything loading needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The bundle.
    pub bundle: Bundle<'a>,
    /// The board this is.
    pub board: &'a Board,
    /// Facts of this boot; sizes of reservations are filled in.
    pub boot: BootFacts,
    /// `CPACR_EL1` for threads without and with floating point.
    pub cpacr: [u64; 2],
}

impl Kernel {
    /// Fills all tables and reserves all memory.
    ///
    /// # Errors
    /// Any [`LoadError`]; the kernel is then not usable.
    pub fn load<P: Port>(&mut self, port: &mut P, source: &Source<'_>, pool: &mut Pool) -> Result<(), LoadError> {
        self.reset();
        self.boot = source.boot;
        let info_page = pool.take(PAGE)?;
        self.write_info_page(port, info_page);
        self.load_partitions(port, source, pool)?;
        self.load_budgets(source)?;
        self.load_threads(source)?;
        self.load_edges(source)?;
        self.load_irqs(source)?;
        self.load_rings(port, source, pool)?;
        self.load_regions(source, info_page)?;
        self.load_registers(source)
    }

    fn ticks(&self, us: u32) -> u64 {
        u64::from(us) * u64::from(self.boot.ticks_per_second) / 1_000_000
    }

    fn slot(&self, number: u8) -> Result<Slot, LoadError> {
        Slot::new(u64::from(number)).filter(|_| number < self.partition_count).ok_or(LoadError::Reference("partition"))
    }

    fn thread(&self, number: u8) -> Result<Tid, LoadError> {
        let known = number != 0 && u16::from(number) < self.thread_count;
        if known { Ok(Tid(number)) } else { Err(LoadError::Reference("thread")) }
    }

    fn write_info_page<P: Port>(&self, port: &mut P, at: Phys) {
        clear(port, at, PAGE);
        let page = rtos_abi::info::InfoPage {
            abi_version: rtos_abi::ABI_VERSION,
            ticks_per_second: self.boot.ticks_per_second,
            boot_ticks: self.boot.boot_ticks,
            board: self.boot.board,
            emulated: self.boot.emulated,
            spare: 0,
        };
        let mut bytes = [0; 64];
        page.write(&mut bytes);
        port.store(at, &bytes);
    }

    fn load_partitions<P: Port>(
        &mut self,
        port: &mut P,
        source: &Source<'_>,
        pool: &mut Pool,
    ) -> Result<(), LoadError> {
        let records =
            source.bundle.table::<bundle::Partition>(source.board.partitions_off, source.board.partition_count);
        self.partition_count = u8::try_from(records.len()).map_err(|_| LoadError::TooMany("partitions"))?;
        for (partition, record) in self.partitions.iter_mut().zip(records) {
            let tables = u64::from(record.table_pages.max(1)) * PAGE;
            let memory = u64::from(record.memory_pages) * PAGE;
            partition.root = pool.take(tables + memory)?;
            clear(port, partition.root, tables);
            partition.table_pages = record.table_pages.max(1);
            partition.tables_used = 1;
            partition.memory_len = memory;
            partition.flags = record.flags;
            partition.rights = record.rights;
            partition.name = record.name;
            self.boot.table_bytes += tables;
            self.boot.reserved += memory;
            self.boot.tables_used += 1;
        }
        let init = &self.partitions[0];
        if init.flags & partition_flag::INIT == 0 { Err(LoadError::NoInit) } else { Ok(()) }
    }

    fn load_budgets(&mut self, source: &Source<'_>) -> Result<(), LoadError> {
        let records = source.bundle.table::<bundle::Budget>(source.board.budgets_off, source.board.budget_count);
        if records.len() >= self.budgets.len() {
            return Err(LoadError::TooMany("budgets"));
        }
        for (n, record) in records.enumerate() {
            let (amount, period) = (self.ticks(record.amount_us), self.ticks(record.period_us).max(1));
            let boundary = self.boot.boot_ticks + period;
            let budget = Budget { left: amount, look_at: boundary, boundary, amount, period, ..Budget::ZERO };
            self.budgets[n + 1] = budget;
        }
        Ok(())
    }

    fn load_threads(&mut self, source: &Source<'_>) -> Result<(), LoadError> {
        let records = source.bundle.table::<bundle::Thread>(source.board.threads_off, source.board.thread_count);
        if records.len() >= self.threads.len() {
            return Err(LoadError::TooMany("threads"));
        }
        self.thread_count = records.len() as u16 + 1;
        let mut last = 0;
        for (n, record) in records.enumerate() {
            if record.priority < last || record.priority == 0 {
                return Err(LoadError::ThreadOrder);
            }
            last = record.priority;
            self.load_thread(Tid(n as u8 + 1), &record, source)?;
        }
        let top = self.thread_count - 1;
        for priority in 0..=255u8 {
            let above = (1..=top).find(|id| self.threads[usize::from(*id)].priority > priority);
            self.above[usize::from(priority)] = Tid(above.unwrap_or(0) as u8);
        }
        Ok(())
    }

    fn load_thread(&mut self, id: Tid, record: &bundle::Thread, source: &Source<'_>) -> Result<(), LoadError> {
        let slot = self.slot(record.partition)?;
        if u32::from(record.budget) > source.board.budget_count || record.budget == 0 {
            return Err(LoadError::Reference("budget"));
        }
        let own = &mut self.partitions[slot.index()].threads;
        *own.get_mut(usize::from(record.number)).ok_or(LoadError::TooMany("threads of a partition"))? = id;
        let (period, deadline) = (self.ticks(record.period_us), self.ticks(record.deadline_us));
        let (slice, hold) = (self.ticks(record.slice_us), self.ticks(record.hold_us));
        let thread = &mut self.threads[id.index()];
        thread.priority = record.priority;
        thread.base_priority = record.priority;
        thread.slot = slot;
        thread.budget = BudgetId(record.budget);
        thread.next = id;
        thread.prev = id;
        thread.number = record.number;
        thread.overrun = record.overrun;
        thread.ceiling = record.ceiling;
        thread.flags = if record.fp != 0 { FLAG_FP } else { 0 }
            | if period != 0 { FLAG_PERIODIC } else { 0 }
            | if record.server != 0 { FLAG_SERVER } else { 0 };
        thread.period = period;
        thread.deadline = deadline;
        thread.job_deadline = NEVER;
        thread.wake_at = NEVER;
        // No handle fits a thread that has not been started.
        thread.generation = u32::MAX;
        thread.frame.cpacr = source.cpacr[usize::from(record.fp != 0)];
        let facts = &mut self.facts[id.index()];
        facts.name = record.name;
        facts.stack_bottom = u64::from(record.stack_bottom);
        facts.stack_top = u64::from(record.stack_top);
        facts.slice = slice;
        facts.hold = hold;
        if slice != 0 {
            self.budgets[usize::from(record.budget)].look_at = 0;
        }
        if self.partitions[slot.index()].may(right::SUPERVISE) && record.number == 0 {
            self.supervisor = id;
        }
        Ok(())
    }

    fn load_edges(&mut self, source: &Source<'_>) -> Result<(), LoadError> {
        let board = source.board;
        for record in source.bundle.table::<bundle::CallEdge>(board.call_edges_off, board.call_edge_count) {
            let (slot, thread) = (self.slot(record.partition)?, self.thread(record.thread)?);
            let window = self.ticks(record.window_us);
            let limit = if window == 0 { u32::MAX } else { record.limit };
            let window_end = if window == 0 { NEVER } else { self.boot.boot_ticks + window };
            let edge = CallEdge { thread, badge: record.badge, generation: 0, left: limit, limit, window, window_end };
            let edges = &mut self.partitions[slot.index()].calls;
            *edges.get_mut(usize::from(record.number)).ok_or(LoadError::TooMany("call edges"))? = edge;
        }
        for record in source.bundle.table::<bundle::NotifyEdge>(board.notify_edges_off, board.notify_edge_count) {
            let (slot, thread) = (self.slot(record.partition)?, self.thread(record.thread)?);
            let edges = &mut self.partitions[slot.index()].notifies;
            let edge = edges.get_mut(usize::from(record.number)).ok_or(LoadError::TooMany("notification edges"))?;
            *edge = NotifyEdge { thread, generation: 0, mask: record.mask };
        }
        Ok(())
    }

    fn load_irqs(&mut self, source: &Source<'_>) -> Result<(), LoadError> {
        let records = source.bundle.table::<bundle::IrqBinding>(source.board.irqs_off, source.board.irq_count);
        if records.len() > MAX_IRQ_BINDINGS {
            return Err(LoadError::TooMany("interrupt lines"));
        }
        self.irq_count = records.len() as u8;
        for (n, record) in records.enumerate() {
            let (slot, thread) = (self.slot(record.partition)?, self.thread(record.thread)?);
            let line = usize::from(record.line);
            if line >= MAX_LINES || record.bit >= 64 {
                return Err(LoadError::Reference("interrupt line"));
            }
            self.lines[line] = n as u8 + 1;
            let own = &mut self.partitions[slot.index()].irqs;
            *own.get_mut(usize::from(record.number)).ok_or(LoadError::TooMany("interrupt lines of a partition"))? =
                n as u8 + 1;
            let limit = record.limit.div_ceil(crate::interrupt::WINDOWS_PER_SECOND);
            let limit = if record.limit == 0 { u32::MAX } else { limit };
            let binding = &mut self.irqs[n];
            binding.bits = 1 << record.bit;
            binding.limit = limit;
            binding.left = 0;
            binding.line = record.line;
            binding.thread = thread;
            binding.masked = true;
            binding.edge = record.edge != 0;
            binding.per_second = record.limit;
            binding.name = record.name;
        }
        Ok(())
    }

    fn load_rings<P: Port>(&mut self, port: &mut P, source: &Source<'_>, pool: &mut Pool) -> Result<(), LoadError> {
        let records = source.bundle.table::<bundle::Ring>(source.board.rings_off, source.board.ring_count);
        if records.len() > MAX_RINGS {
            return Err(LoadError::TooMany("rings"));
        }
        self.ring_count = records.len() as u8;
        for (n, record) in records.enumerate() {
            let (writer, reader) = (self.slot(record.writer)?, self.slot(record.reader)?);
            let len = u64::from(record.pages) * PAGE;
            let at = pool.take(len)?;
            clear(port, at, len);
            self.boot.reserved += len;
            self.rings[n] = record;
            for (slot, va) in [(writer, record.writer_address), (reader, record.reader_address)] {
                let own = &mut self.partitions[slot.index()].rings;
                let free = own.iter_mut().find(|number| **number == 0);
                *free.ok_or(LoadError::TooMany("rings of a partition"))? = n as u8 + 1;
                self.declare(slot, u64::from(va), len, at, (perm::READ | perm::WRITE, false))?;
            }
        }
        Ok(())
    }

    fn load_regions(&mut self, source: &Source<'_>, info_page: Phys) -> Result<(), LoadError> {
        let board = source.board;
        for record in source.bundle.table::<bundle::Region>(board.regions_off, board.region_count) {
            let slot = self.slot(record.partition)?;
            let len = u64::from(record.pages) * PAGE;
            let va = u64::from(record.address);
            match record.kind {
                region_kind::DEVICE => self.declare(slot, va, len, Phys(record.physical), (record.perm, true))?,
                region_kind::BUNDLE => {
                    let len = self.boot.bundle_bytes.next_multiple_of(PAGE);
                    self.declare(slot, va, len, self.boot.bundle_at, (perm::READ, false))?;
                }
                // Rings come with their own records, and every slot has the info page.
                _ => {}
            }
        }
        for n in 0..self.partition_count {
            let slot = self.slot(n)?;
            self.declare(slot, INFO_PAGE, PAGE, info_page, (perm::READ, false))?;
        }
        Ok(())
    }

    /// Adds a region that sealing will map.
    fn declare(&mut self, slot: Slot, va: u64, len: u64, at: Phys, how: (u8, bool)) -> Result<(), LoadError> {
        let partition = &mut self.partitions[slot.index()];
        if usize::from(partition.region_count) >= MAX_REGIONS {
            return Err(LoadError::TooMany("regions"));
        }
        partition.add_region(Region { va, len, at, perm: how.0, kind: RegionKind::Fixed, device: how.1 });
        partition.declared_count = partition.region_count;
        Ok(())
    }

    fn load_registers(&mut self, source: &Source<'_>) -> Result<(), LoadError> {
        let board = source.board;
        for record in source.bundle.table::<bundle::Grant>(board.grants_off, board.grant_count) {
            let slot = self.slot(record.partition)?;
            let register = Register { address: Phys(record.address), width: record.width };
            let grants = &mut self.partitions[slot.index()].grants;
            let grant = grants.get_mut(usize::from(record.number)).ok_or(LoadError::TooMany("register grants"))?;
            *grant = Grant { register, mask: record.mask, write: record.write, perm: record.perm };
        }
        for record in source.bundle.table::<bundle::SafeWrite>(board.safe_writes_off, board.safe_write_count) {
            let slot = self.slot(record.partition)?;
            if record.width != 4 {
                return Err(LoadError::Reference("32-bit register"));
            }
            let partition = &mut self.partitions[slot.index()];
            let n = usize::from(partition.safe_count);
            let room = LoadError::TooMany("safe-state writes");
            let keep = if record.write == write_kind::MODIFY { !record.mask } else { 0 };
            let value = record.value & record.mask;
            *partition.safe_stores.get_mut(n).ok_or(room)? = SafeStore { address: Phys(record.address), keep, value };
            partition.safe[n] = SafeWrite {
                register: Register { address: Phys(record.address), width: 4 },
                mask: record.mask,
                value: record.value,
                write: record.write,
                at_start: record.at_start != 0,
                level: Register { address: Phys(record.level_address), width: u8::from(record.level_address != 0) * 4 },
                level_mask: record.level_mask,
                name: record.name,
            };
            partition.safe_count += 1;
        }
        Ok(())
    }

    /// Runs the first thread: what boot ends with.
    pub fn first_run(&mut self, now: u64) -> Decision {
        // What the boot took is nobody's time, nor idle.
        self.budget_end = now.wrapping_add(Budget::ENDLESS);
        self.resume_or_preempt(now)
    }
}

/// Clears whole pages.
fn clear<P: Port>(port: &mut P, at: Phys, len: u64) {
    let mut done = 0;
    while done < len {
        port.clear(at.plus(done), STEP_BYTES);
        done += STEP_BYTES as u64;
    }
}
