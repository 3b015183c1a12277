//! Building a partition, step by step: map, write, seal, start; and clearing a dead one away.
//!
//! `init` drives this by system calls, the kernel itself at boot for `init`. A slot uses the same reserved memory in
//! every life. A step is at most one kilobyte cleared, copied or synchronised, or one page mapped.

use crate::id::{Slot, Tid};
use crate::kernel::Kernel;
use crate::partition::{Life, Partition, Region, RegionKind};
use crate::port::{COPY_RUN, NeedsTable, PageAttr, Phys, Port};
use crate::thread::{FLAG_MISSED, State};
use crate::user_range::Claim;
use kernel_bounds::turn;
use rtos_abi::Error;
use rtos_abi::call::{NEVER, perm};
use rtos_abi::layout::{INFO_PAGE, PROGRAM_BASE, USER_END};
use rtos_abi::limits::{MAX_CALL_EDGES, MAX_NOTIFY_EDGES, MAX_PARTITION_THREADS, MAX_REGIONS, PAGE_BYTES, STEP_BYTES};

/// Bytes of a page.
const PAGE: u64 = PAGE_BYTES as u64;
/// Bytes of a step.
const STEP: u64 = STEP_BYTES as u64;

/// What one step of a long operation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// There is more; the new measure of what is done.
    More(u64),
    /// All is done.
    Done,
    /// It cannot be done.
    Failed(Error),
}

impl Kernel {
    /// Whether pages may be mapped there: reasons that a builder can do something about are errors.
    #[inline(never)]
    pub(crate) fn check_map(&self, slot: Slot, va: u64, pages: u64, perms: u8) -> Result<(), Error> {
        let partition = &self.partitions[slot.index()];
        if !matches!(partition.life, Life::Empty | Life::Building) {
            return Err(Error::BadState);
        }
        let known = perm::READ | perm::WRITE | perm::EXECUTE;
        let both = perm::WRITE | perm::EXECUTE;
        let perms_ok = perms & perm::READ != 0 && perms & !known == 0 && perms & both != both;
        let range_ok =
            va.is_multiple_of(PAGE) && (PROGRAM_BASE..USER_END).contains(&va) && pages <= (USER_END - va) / PAGE;
        if !perms_ok || !range_ok || pages == 0 {
            return Err(Error::Refused);
        }
        let room = partition.memory_len - partition.memory_used;
        if pages * PAGE > room || partition.region_count as usize >= MAX_REGIONS {
            return Err(Error::NoMemory);
        }
        if partition.overlaps(va, pages * PAGE) { Err(Error::Refused) } else { Ok(()) }
    }

    /// One step of mapping cleared pages: after the check, a quarter of a page is cleared, a whole one
    /// mapped. `done` counts steps. What
    /// is mapped is accounted for at once: a call that ends half-way leaves no page that a later one could map again.
    pub(crate) fn map_step<P: Port>(
        &mut self,
        port: &mut P,
        slot: Slot,
        range: (u64, u64),
        perms: u8,
        done: u64,
    ) -> Step {
        let (va, pages) = range;
        if done == 0 {
            return match self.begin_map(slot, va, pages, perms) {
                Ok(()) => Step::More(1),
                Err(error) => Step::Failed(error),
            };
        }
        let done = done - 1;
        let partition = &mut self.partitions[slot.index()];
        if done >= pages * (PAGE / STEP) {
            return Step::Done;
        }
        // Another builder may have been at work on this slot since the last step.
        if partition.life != Life::Building || partition.memory_used >= partition.memory_len {
            return Step::Failed(Error::BadState);
        }
        let page = partition.memory().plus(partition.memory_used);
        port.clear(page.plus(done % (PAGE / STEP) * STEP), STEP_BYTES);
        let done = done + 1;
        if done.is_multiple_of(PAGE / STEP) {
            let attr = PageAttr { perm: perms, device: false };
            let tables = partition.tables_used;
            if partition.map_page(port, va + done * STEP - PAGE, page, attr).is_err() {
                return Step::Failed(Error::NoMemory);
            }
            self.boot.tables_used += u64::from(partition.tables_used - tables);
            partition.memory_used += PAGE;
            self.boot.mapped += PAGE;
            let newest = (partition.region_count as usize).wrapping_sub(1) % MAX_REGIONS;
            partition.regions[newest].len += PAGE;
        }
        Step::More(done + 1)
    }

    /// Adds the region that mapping will fill.
    fn begin_map(&mut self, slot: Slot, va: u64, pages: u64, perms: u8) -> Result<(), Error> {
        self.check_map(slot, va, pages, perms)?;
        let partition = &mut self.partitions[slot.index()];
        partition.life = Life::Building;
        let at = partition.memory().plus(partition.memory_used);
        partition.add_region(Region { va, len: 0, at, perm: perms, kind: RegionKind::Ram, device: false });
        Ok(())
    }

    /// One step of writing into an unsealed slot from `source`, which holds `len` bytes in one run.
    #[inline(always)]
    pub(crate) fn write_step<P: Port>(
        &mut self,
        port: &mut P,
        target: Phys,
        source: Phys,
        len: u64,
        done: u64,
    ) -> Step {
        let left = len - done;
        let part = if left >= COPY_RUN { left.min(STEP) & !(COPY_RUN - 1) } else { left };
        port.copy(target.plus(done), source.plus(done), part as usize);
        if done + part == len { Step::Done } else { Step::More(done + part) }
    }

    /// One step of sealing. `done` is region number << 32 | offset: declared regions are mapped page by page, code is
    /// synchronised by the kilobyte, then the slot is frozen.
    pub(crate) fn seal_step<P: Port>(&mut self, port: &mut P, slot: Slot, done: u64) -> Step {
        let partition = &mut self.partitions[slot.index()];
        if partition.life != Life::Building {
            return Step::Failed(Error::BadState);
        }
        let (number, offset) = (done >> 32, done & 0xffff_ffff);
        if number >= u64::from(partition.region_count) {
            self.freeze(port, slot);
            return Step::Done;
        }
        let region = partition.regions[number as usize % MAX_REGIONS];
        if offset >= region.len {
            return Step::More((number + 1) << 32);
        }
        if region.kind == RegionKind::Fixed {
            let attr = PageAttr { perm: region.perm, device: region.device };
            let tables = partition.tables_used;
            let mapped = partition.map_page(port, region.va + offset, region.at.plus(offset), attr);
            self.boot.tables_used += u64::from(partition.tables_used - tables);
            return match mapped {
                Ok(()) => Step::More(done + PAGE),
                Err(NeedsTable) => Step::Failed(Error::NoMemory),
            };
        }
        if region.perm & perm::EXECUTE == 0 {
            return Step::More((number + 1) << 32);
        }
        port.sync_code(region.at.plus(offset), STEP_BYTES);
        Step::More(done + STEP)
    }

    /// Ends sealing: the threads get the slot's address space, the translations of an earlier life are dropped.
    fn freeze<P: Port>(&mut self, port: &mut P, slot: Slot) {
        let partition = &mut self.partitions[slot.index()];
        partition.life = Life::Sealed;
        let asid = Partition::asid(slot);
        let space = partition.root.0 | u64::from(asid) << 48;
        port.flush_space(asid);
        for id in partition.threads {
            turn::<{ MAX_PARTITION_THREADS as u64 }>();
            self.threads[id.index()].frame.space = space;
        }
    }

    /// First step of a start: handles know their peers' present lives, or the next ones of those that do not run.
    pub(crate) fn meet_peers(&mut self, slot: Slot) {
        for n in 0..MAX_NOTIFY_EDGES {
            turn::<{ MAX_NOTIFY_EDGES as u64 }>();
            let thread = self.partitions[slot.index()].notifies[n].thread;
            self.partitions[slot.index()].notifies[n].generation = self.life_of(thread).1;
        }
        for n in 0..MAX_CALL_EDGES {
            turn::<{ MAX_CALL_EDGES as u64 }>();
            let thread = self.partitions[slot.index()].calls[n].thread;
            self.partitions[slot.index()].calls[n].generation = self.life_of(thread).1;
        }
    }

    /// Step before the last of a start: threads are as new, pins are prepared.
    pub(crate) fn wind_up<P: Port>(&mut self, port: &mut P, slot: Slot) {
        for id in self.partitions[slot.index()].threads {
            turn::<{ MAX_PARTITION_THREADS as u64 }>();
            if !id.is_none() {
                let thread = &mut self.threads[id.index()];
                thread.state = State::DORMANT;
                thread.pending = 0;
                thread.joiner = Tid::IDLE;
                thread.next = id;
                thread.prev = id;
            }
        }
        self.prepare_pins(port, slot);
    }

    /// Last step of a start: thread 0 is ready. The caller chooses who runs.
    pub(crate) fn start_partition<P: Port>(&mut self, port: &mut P, slot: Slot, entry: u64, argument: u64, now: u64) {
        let partition = &mut self.partitions[slot.index()];
        partition.life = Life::Running;
        partition.starts += 1;
        let generation = partition.generation;
        let threads = partition.threads;
        for id in threads {
            turn::<{ MAX_PARTITION_THREADS as u64 }>();
            if !id.is_none() {
                self.threads[id.index()].generation = generation;
            }
        }
        self.start_thread(port, threads[0], entry, argument, now);
    }

    /// Readies a dormant thread at `entry`.
    pub(crate) fn start_thread<P: Port>(&mut self, port: &mut P, id: Tid, entry: u64, argument: u64, now: u64) {
        port.forget_fp(id);
        self.progress[id.index()] = crate::thread::Progress::default();
        let left = self.budget_left(self.threads[id.index()].budget, now);
        let spent = self.budget_of(id).spent(left);
        let sp = self.facts[id.index()].stack_top;
        let thread = &mut self.threads[id.index()];
        let crate::frame::Frame { space, cpacr, .. } = thread.frame;
        thread.frame = crate::frame::Frame { space, cpacr, ..crate::frame::Frame::EMPTY };
        thread.frame.kind = crate::frame::FrameKind::Full;
        thread.frame.sp = sp;
        thread.frame.pc = entry;
        thread.release = now;
        thread.wake_at = NEVER;
        thread.token = 0;
        thread.wait_mask = 0;
        thread.skip = 0;
        thread.flags &= !FLAG_MISSED;
        thread.record = crate::thread::Record { consumed_mark: spent, ..Default::default() };
        thread.job_deadline = if thread.period == 0 { NEVER } else { now.wrapping_add(thread.deadline) };
        let deadline = thread.job_deadline;
        let boundary = self.budget_of(id).boundary;
        if (left as i64) <= 0 && now < boundary {
            // An earlier life used the budget up: this one begins with the next period, and is not blamed for it.
            let thread = &mut self.threads[id.index()];
            thread.state = State::THROTTLED;
            thread.wake_at = boundary;
            thread.frame.x[0] = argument;
            self.set_timer(id, boundary.min(deadline));
            return;
        }
        self.wake(id, argument, 0);
        self.set_timer(id, deadline);
    }

    /// One step of clearing away a slot that is dead, or whose builder gave up: its clients learn of it, its tables are
    /// cleared. `done` counts steps.
    pub(crate) fn reap_step<P: Port>(&mut self, port: &mut P, slot: Slot, done: u64) -> Step {
        let life = &mut self.partitions[slot.index()].life;
        if done == 0 && matches!(life, Life::Building | Life::Sealed) {
            *life = Life::Dead;
        }
        if *life != Life::Dead {
            return Step::Failed(Error::BadState);
        }
        if done < u64::from(self.thread_count) {
            self.release_client(Tid(done as u8), slot);
            return Step::More(done + 1);
        }
        let partition = &mut self.partitions[slot.index()];
        let at = (done - u64::from(self.thread_count)) * STEP;
        if at < u64::from(partition.tables_used) * PAGE {
            port.clear(partition.root.plus(at), STEP_BYTES);
            return Step::More(done + 1);
        }
        port.flush_space(Partition::asid(slot));
        self.boot.tables_used -= u64::from(partition.tables_used - 1);
        self.boot.mapped -= partition.memory_used;
        partition.tables_used = 1;
        partition.memory_used = 0;
        partition.region_count = partition.declared_count;
        for region in partition.regions.iter_mut().skip(usize::from(partition.declared_count)) {
            turn::<{ MAX_REGIONS as u64 }>();
            *region = Region::default();
        }
        partition.life = Life::Empty;
        Step::Done
    }

    /// If this thread waits for a reply from the dead slot, its call ends; if it is one of its servers, its queue is empty.
    fn release_client(&mut self, id: Tid, slot: Slot) {
        let thread = &mut self.threads[id.index()];
        if thread.slot == slot {
            thread.callers = [0; 4];
            thread.token = 0;
            thread.wake_at = NEVER;
            thread.job_deadline = NEVER;
            self.set_timer(id, NEVER);
            return;
        }
        let waits = matches!(thread.state.kind(), State::CALLING | State::REPLY);
        let peer = thread.peer;
        if waits && self.threads[peer.index()].slot == slot {
            let thread = &mut self.threads[id.index()];
            thread.token = 0;
            if self.lazy == id {
                self.lazy = Tid::IDLE;
            }
            self.disarm(id);
            self.wake(id, Error::PeerDead.status(), 0);
        }
    }

    /// Whether a program of this slot may begin there; at boot.
    pub(crate) fn is_code(&self, slot: Slot, entry: u64) -> bool {
        let claim = Claim { slot, address: entry, len: 4, perm: perm::EXECUTE, ram_only: true };
        entry.is_multiple_of(4) && self.holds(&claim)
    }
}

impl Partition {
    /// Whether a range touches one that is mapped, declared, or the info page.
    fn overlaps(&self, va: u64, len: u64) -> bool {
        let mut hit = va < INFO_PAGE + PAGE && INFO_PAGE < va + len;
        for region in &self.regions {
            turn::<{ MAX_REGIONS as u64 }>();
            hit |= va < region.va + region.len && region.va < va + len;
        }
        hit
    }

    /// Maps a page, taking a table from the slot's own when the range has none yet.
    fn map_page<P: Port>(&mut self, port: &mut P, va: u64, to: Phys, attr: PageAttr) -> Result<(), NeedsTable> {
        if port.map_page(self.root, va, to, attr).is_ok() {
            return Ok(());
        }
        if self.tables_used >= self.table_pages {
            return Err(NeedsTable);
        }
        port.add_table(self.root, va, self.root.plus(u64::from(self.tables_used) * PAGE));
        self.tables_used += 1;
        port.map_page(self.root, va, to, attr)
    }

    /// Adds a region; there is room, [`Kernel::check_map`] saw to it.
    pub(crate) fn add_region(&mut self, region: Region) {
        let n = self.region_count as usize % MAX_REGIONS;
        self.regions[n] = region;
        self.region_count += 1;
    }
}
