//! The invariants: what must hold between any two events, whatever programs do.

use super::memory::PAGE;
use super::{BOOT, Machine};
use kernel_core::id::{Slot, Tid};
use kernel_core::kernel::Kernel;
use kernel_core::partition::{Life, Partition, RegionKind};
use kernel_core::port::Phys;
use kernel_core::thread::{State, Thread};
use rtos_abi::call::{NEVER, perm};
use std::collections::BTreeSet;

/// A deadline as the tree keeps it: far ones are none.
const fn in_tree(deadline: u64) -> u64 {
    if deadline >= 1 << 56 { NEVER >> 8 } else { deadline }
}

/// The threads of the system, the idle thread left out.
fn threads(kernel: &Kernel) -> impl Iterator<Item = (Tid, &Thread)> {
    (1..kernel.thread_count).map(|n| (Tid(n as u8), &kernel.threads[usize::from(n)]))
}

/// Slots of the system.
fn slots(kernel: &Kernel) -> impl Iterator<Item = (Slot, &Partition)> {
    (0..u64::from(kernel.partition_count)).map(|n| (Slot::new(n).unwrap(), &kernel.partitions[n as usize]))
}

impl Machine {
    /// Checks everything; panics with the invariant that does not hold.
    pub fn check(&self) {
        let kernel = &*self.kernel;
        self.ready_threads_are_queued(kernel);
        timers_are_those_of_the_waits(kernel);
        self.the_timer_is_set_for_what_concerns_the_running_thread(kernel);
        tokens_belong_to_waiting_callers(kernel);
        queues_hold_those_who_call(kernel);
        the_dead_are_dead(kernel);
        self.budgets_account_for_all_time(kernel);
    }

    /// I1.
    fn ready_threads_are_queued(&self, kernel: &Kernel) {
        let mut queued = BTreeSet::new();
        for level in 1..256usize {
            let head = kernel.ready.heads[level];
            let bit = kernel.ready.bitmap[level / 64] >> (level % 64) & 1;
            assert_eq!(bit == 1, !head.is_none(), "I1: bit and head of level {level}");
            let mut id = head;
            while !id.is_none() {
                let thread = &kernel.threads[id.index()];
                assert_eq!(usize::from(thread.priority), level, "I1: {id:?} is in level {level}");
                assert!(queued.insert(id.0), "I1: {id:?} is queued twice");
                assert_eq!(kernel.threads[thread.next.index()].prev, id, "I1: the ring of level {level}");
                id = if thread.next == head { Tid::IDLE } else { thread.next };
            }
        }
        assert!(kernel.ready.bitmap[0] & 1 == 1 && kernel.ready.heads[0].is_none(), "I1: the idle level");
        for (id, thread) in threads(kernel) {
            assert_eq!(queued.contains(&id.0), thread.state == State::READY, "I1: {id:?} is {:?}", thread.state);
            assert!(queued.contains(&id.0) || (thread.next == id && thread.prev == id), "I1: links of {id:?}");
        }
        if self.halted.is_none() {
            assert_eq!(kernel.current, kernel.ready.first(), "I1: the running thread is not the most urgent");
            assert_eq!(kernel.current, self.current);
        }
    }

    /// The timer comes for the running thread's budget and slice and for more urgent threads, and has not come yet.
    fn the_timer_is_set_for_what_concerns_the_running_thread(&self, kernel: &Kernel) {
        if self.halted.is_some() {
            return;
        }
        let mut latest = kernel.budget_end.min(kernel.slice_end);
        let priority = kernel.running().priority;
        for (id, thread) in threads(kernel).filter(|(_, thread)| thread.priority >= priority) {
            latest = latest.min(kernel.timers.of(id));
            if kernel.lazy == id {
                latest = latest.min(thread.wake_at);
            }
        }
        assert!(self.timer > self.now, "the timer's interrupt was not taken");
        assert!(in_tree(self.timer) <= in_tree(latest), "the timer is set to {} instead of {latest}", self.timer);
    }

    /// The sum of all budgets is the time that passed, and each holds what its threads ran.
    fn budgets_account_for_all_time(&self, kernel: &Kernel) {
        let mut ran = [0; 256];
        ran[0] = self.ran[0];
        for (id, thread) in threads(kernel) {
            ran[thread.budget.index()] += self.ran[id.index()];
        }
        let mut total = 0;
        for (n, used) in ran.iter().enumerate() {
            let left = kernel.budget_left(kernel_core::id::BudgetId(n as u8), self.now);
            let budget = &kernel.budgets[n];
            if budget.amount != 0 {
                assert_eq!(budget.spent(left), *used, "budget {n} at {}: {budget:?}", self.now);
                total += *used;
            }
        }
        assert_eq!(total, self.now - BOOT, "the budgets' sum");
    }

    /// I5, from the tables in memory. Slow, so not part of every check.
    pub fn check_memory(&self) {
        let kernel = &*self.kernel;
        let mut reserved = BTreeSet::new();
        for (slot, partition) in slots(kernel) {
            let pages = u64::from(partition.table_pages) + partition.memory_len / PAGE;
            assert!(
                (0..pages).all(|n| reserved.insert(partition.root.0 / PAGE + n)),
                "I5: memory of {slot:?} is shared"
            );
            if matches!(partition.life, Life::Sealed | Life::Running | Life::Building | Life::Empty) {
                self.slot_is_mapped_as_its_regions_say(slot, partition);
            }
        }
    }

    fn slot_is_mapped_as_its_regions_say(&self, slot: Slot, partition: &Partition) {
        let tables = self.port.memory.tables(partition.root);
        assert_eq!(tables.len() + 1, partition.tables_used as usize, "I5: tables of {slot:?}");
        assert!(partition.tables_used <= partition.table_pages, "I5: tables of {slot:?}");
        for (_, table) in &tables {
            let n = (table - partition.root.0) / PAGE;
            assert!((1..u64::from(partition.table_pages)).contains(&n), "I5: a table of {slot:?} is not its own");
        }
        assert_eq!(tables.iter().map(|(_, table)| table).collect::<BTreeSet<_>>().len(), tables.len(), "I5: {slot:?}");
        let own = partition.memory().0..partition.memory().0 + partition.memory_len;
        let mut frames = BTreeSet::new();
        let mapped = self.port.memory.mapped(partition.root);
        for (va, page) in &mapped {
            assert_ne!(page.perm & (perm::WRITE | perm::EXECUTE), perm::WRITE | perm::EXECUTE, "I5: W^X at {va:#x}");
            assert!(frames.insert(page.page), "I5: {:#x} is mapped twice in {slot:?}", page.page);
            let Some(region) = partition.regions.iter().find(|r| (r.va..r.va + r.len).contains(va)) else {
                panic!("I5: {va:#x} of {slot:?} is in no region")
            };
            assert_eq!(region.at.plus(va - region.va), Phys(page.page), "I5: {va:#x} of {slot:?}");
            assert_eq!((region.perm, region.device), (page.perm, page.device), "I5: {va:#x} of {slot:?}");
            let ram = region.kind == RegionKind::Ram;
            assert_eq!(own.contains(&page.page), ram, "I5: {va:#x} of {slot:?} leads to {:#x}", page.page);
        }
        if matches!(partition.life, Life::Sealed | Life::Running) {
            let pages: u64 = partition.regions.iter().map(|region| region.len / PAGE).sum();
            assert_eq!(pages, mapped.len() as u64, "I5: all regions of {slot:?} are mapped");
        }
        let ram: u64 = partition.regions.iter().filter(|r| r.kind == RegionKind::Ram).map(|r| r.len).sum();
        assert_eq!(ram, partition.memory_used, "I5: memory of {slot:?}");
    }
}

/// I2.
fn timers_are_those_of_the_waits(kernel: &Kernel) {
    let mut first = NEVER >> 8;
    for (id, thread) in threads(kernel) {
        let leaf = kernel.timers.of(id);
        first = first.min(leaf);
        if thread.state == State::DEAD {
            continue;
        }
        let kind = thread.state.kind();
        let timed = thread.state.is_armed() || matches!(kind, State::PERIOD | State::THROTTLED);
        assert_eq!(timed, thread.wake_at != NEVER, "I2: {id:?} is {:?} until {}", thread.state, thread.wake_at);
        if kernel.lazy == id {
            assert_eq!(thread.state, State::REPLY.armed(), "I2: the lazy deadline of {id:?}");
            assert_eq!(thread.job_deadline, NEVER, "I2: the lazy deadline of {id:?}");
            first = first.min(thread.wake_at);
        } else {
            let expected = in_tree(thread.wake_at.min(thread.job_deadline));
            assert!(leaf <= expected, "I2: the timer of {id:?}, which is {:?}, is later than {expected}", thread.state);
        }
    }
    assert_eq!(in_tree(kernel.limit), in_tree(first), "I2: the limit");
}

/// I3.
fn tokens_belong_to_waiting_callers(kernel: &Kernel) {
    let mut tokens = BTreeSet::new();
    for (id, thread) in threads(kernel) {
        let waits = matches!(thread.state.kind(), State::CALLING | State::REPLY);
        assert_eq!(thread.token != 0, waits, "I3: the token of {id:?}, which is {:?}", thread.state);
        if waits {
            assert!(tokens.insert(thread.token), "I3: a token is there twice");
            assert_eq!(thread.token as u8, id.0, "I3: the token of {id:?}");
            let server = &kernel.threads[thread.peer.index()];
            assert!(server.priority > thread.priority, "I3: {id:?} calls {:?}", thread.peer);
        }
        let waits_for_bits = thread.state.kind() == State::WAITING;
        assert!(thread.wait_mask == 0 || waits_for_bits, "{id:?} waits for bits in {:?}", thread.state);
    }
}

/// A server's queue has exactly those who call it, unless it is dead: then those may be ending.
fn queues_hold_those_who_call(kernel: &Kernel) {
    for (server, thread) in threads(kernel) {
        let dead = kernel.partitions[thread.slot.index()].life != Life::Running;
        for (client, caller) in threads(kernel) {
            let queued = thread.callers[client.index() / 64] >> (client.index() % 64) & 1 == 1;
            let calls = caller.state.kind() == State::CALLING && caller.peer == server;
            assert!(queued == calls || dead, "I3: {client:?} in the queue of {server:?}: {queued}, {:?}", caller.state);
        }
    }
}

/// I4.
fn the_dead_are_dead(kernel: &Kernel) {
    for (slot, partition) in slots(kernel) {
        if partition.life == Life::Running {
            continue;
        }
        for id in partition.threads.into_iter().filter(|id| !id.is_none()) {
            let thread = &kernel.threads[id.index()];
            let over = matches!(thread.state, State::DEAD | State::DORMANT);
            assert!(over, "I4: {id:?} of {slot:?} is {:?}", thread.state);
            for (other, holder) in slots(kernel) {
                let notifies = holder.notifies.iter().map(|edge| (edge.thread, edge.generation));
                let calls = holder.calls.iter().map(|edge| (edge.thread, edge.generation));
                let good = notifies.chain(calls).any(|edge| edge == (id, thread.generation));
                assert!(!good || holder.life != Life::Running, "I4: {other:?} has a good handle to {id:?} of {slot:?}");
            }
        }
    }
}
