//! The kernel of one core: all its state in one value, and the few steps that every path shares.

use crate::budget::Budget;
use crate::decision::{Decision, NEXT_SHIFT, RESULTS, SLOW, SPACE, SWITCH, TIMER};
use crate::id::{BudgetId, Slot, Tid};
use crate::partition::Partition;
use crate::sched::Ready;
use crate::thread::{Progress, State, Thread, ThreadFacts};
use crate::time::Timers;
use rtos_abi::call::{NEVER, SUPERVISOR_DEATH_BIT};
use rtos_abi::limits::{MAX_BUDGETS, MAX_IRQ_BINDINGS, MAX_LINES, MAX_PARTITIONS, MAX_RINGS, MAX_THREADS};

/// An interrupt line bound to a notification bit.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct IrqBinding {
    /// Interrupts counted.
    pub count: u64,
    /// Bit that is set.
    pub bits: u64,
    /// Interrupts left in this window.
    pub left: u32,
    /// Interrupts in a window; `u32::MAX` for no limit.
    pub limit: u32,
    /// End of the window, ticks.
    pub window_end: u64,
    /// Line at the controller.
    pub line: u16,
    /// Thread that is readied; none for an unused binding.
    pub thread: Tid,
    /// Waits for `irq_done`.
    pub masked: bool,
    /// Edge triggered.
    pub edge: bool,
    /// Most allowed in a second, as declared; 0 for no limit.
    pub per_second: u32,
    /// Name of the line's role.
    pub name: [u8; rtos_abi::limits::NAME_BYTES],
}

/// Facts of this boot, for `info`.
#[derive(Clone, Copy, Debug, Default)]
pub struct BootFacts {
    /// Ticks a second.
    pub ticks_per_second: u32,
    /// When the kernel was entered, ticks.
    pub boot_ticks: u64,
    /// Name of the board.
    pub board: [u8; rtos_abi::limits::NAME_BYTES],
    /// The kernel's hash.
    pub kernel_hash: u64,
    /// Memory the machine has, bytes.
    pub total: u64,
    /// Kernel image and data, bytes.
    pub kernel_bytes: u64,
    /// Where the boot bundle is.
    pub bundle_at: crate::port::Phys,
    /// Boot bundle, bytes.
    pub bundle_bytes: u64,
    /// Reserved for page tables, bytes.
    pub table_bytes: u64,
    /// Reserved for partitions and rings, bytes.
    pub reserved: u64,
    /// Mapped of it now, bytes.
    pub mapped: u64,
    /// Table pages in use now.
    pub tables_used: u64,
    /// 1 when an emulator ends the machine.
    pub emulated: u32,
}

impl IrqBinding {
    /// All zero.
    pub const EMPTY: Self = Self {
        count: 0,
        bits: 0,
        left: 0,
        limit: 0,
        window_end: 0,
        line: 0,
        thread: Tid::IDLE,
        masked: false,
        edge: false,
        per_second: 0,
        name: [0; rtos_abi::limits::NAME_BYTES],
    };
}

impl BootFacts {
    /// All zero.
    pub const EMPTY: Self = Self {
        ticks_per_second: 0,
        boot_ticks: 0,
        board: [0; rtos_abi::limits::NAME_BYTES],
        kernel_hash: 0,
        total: 0,
        kernel_bytes: 0,
        bundle_at: crate::port::Phys(0),
        bundle_bytes: 0,
        table_bytes: 0,
        reserved: 0,
        mapped: 0,
        tables_used: 0,
        emulated: 0,
    };
}

/// A ring, as both sides see it.
pub type RingRecord = rtos_abi::bundle::Ring;

/// No ring.
const NO_RING: RingRecord = RingRecord {
    writer: 0,
    reader: 0,
    writer_edge: 0,
    reader_edge: 0,
    writer_bit: 0,
    reader_bit: 0,
    spare: 0,
    pages: 0,
    writer_address: 0,
    reader_address: 0,
};

/// The kernel of one core. The first kilobyte is what every path touches; `repr(C)` keeps it there.
#[derive(Debug)]
#[repr(C)]
pub struct Kernel {
    /// The running thread; the idle thread when there is none.
    pub current: Tid,
    /// The client whose call deadline is not in the tree but in [`Kernel::limit`]; none usually.
    pub lazy: Tid,
    /// Thread that is told of deaths.
    pub supervisor: Tid,
    /// Several timers had expired when the last one was handled: the most urgent thread's is next.
    pub piled: bool,
    /// When the running thread's budget ends, ticks.
    pub budget_end: u64,
    /// The earliest deadline in the tree or of [`Kernel::lazy`], ticks.
    pub limit: u64,
    /// When the running thread's slice ends, ticks; `NEVER` without one.
    pub slice_end: u64,
    /// Ready threads.
    pub ready: Ready,
    /// Binding of each line as index plus one; 0 for none.
    pub lines: [u8; MAX_LINES],
    /// All threads.
    pub threads: [Thread; MAX_THREADS],
    /// Deadlines.
    pub timers: Timers,
    /// All budgets.
    pub budgets: [Budget; MAX_BUDGETS],
    /// All partitions.
    pub partitions: [Partition; MAX_PARTITIONS],
    /// Bound interrupt lines.
    pub irqs: [IrqBinding; MAX_IRQ_BINDINGS],
    /// What cannot change about each thread.
    pub facts: [ThreadFacts; MAX_THREADS],
    /// Calls of several steps, by thread.
    pub progress: [Progress; MAX_THREADS],
    /// The lowest thread above each priority; none for the highest.
    pub above: [Tid; 256],
    /// Rings.
    pub rings: [RingRecord; MAX_RINGS],
    /// Interrupts of the timer.
    pub timer_count: u64,
    /// Interrupts for which the controller had nothing.
    pub spurious_count: u64,
    /// Interrupts of lines nobody bound.
    pub unknown_count: u64,
    /// The last such line.
    pub last_unknown: u64,
    /// Threads of this system, the idle thread included.
    pub thread_count: u16,
    /// Partitions of this system.
    pub partition_count: u8,
    /// Interrupt bindings of this system.
    pub irq_count: u8,
    /// Rings of this system.
    pub ring_count: u8,
    /// Facts of this boot.
    pub boot: BootFacts,
}

impl Kernel {
    /// All zero, for a static that takes no room in the image. Not a valid kernel before [`Kernel::load`].
    pub const ZERO: Self = Self {
        current: Tid::IDLE,
        lazy: Tid::IDLE,
        supervisor: Tid::IDLE,
        piled: false,
        budget_end: 0,
        limit: 0,
        slice_end: 0,
        ready: Ready::EMPTY,
        lines: [0; MAX_LINES],
        threads: [Thread::EMPTY; MAX_THREADS],
        timers: Timers::ZERO,
        budgets: [Budget::ZERO; MAX_BUDGETS],
        partitions: [Partition::EMPTY; MAX_PARTITIONS],
        irqs: [IrqBinding::EMPTY; MAX_IRQ_BINDINGS],
        facts: [ThreadFacts::EMPTY; MAX_THREADS],
        progress: [Progress { call: 0, hints: [0; 2], search: 0, done: 0 }; MAX_THREADS],
        above: [Tid::IDLE; 256],
        rings: [NO_RING; MAX_RINGS],
        timer_count: 0,
        spurious_count: 0,
        unknown_count: 0,
        last_unknown: 0,
        thread_count: 0,
        partition_count: 0,
        irq_count: 0,
        ring_count: 0,
        boot: BootFacts::EMPTY,
    };

    /// The running thread.
    #[inline(always)]
    #[must_use]
    pub const fn running(&self) -> &Thread {
        &self.threads[self.current.index()]
    }

    /// The running thread, to change.
    #[inline(always)]
    pub const fn running_mut(&mut self) -> &mut Thread {
        &mut self.threads[self.current.index()]
    }

    /// The slot of the running thread.
    #[inline(always)]
    #[must_use]
    pub const fn running_slot(&self) -> Slot {
        self.running().slot
    }

    /// Stops running the current thread and runs `next`. Every switch goes through here: what the current thread's
    /// budget has left is stored, the next one's end becomes absolute, and the timer gets the first thing to come.
    #[inline(always)]
    pub(crate) fn switch(&mut self, next: Tid, now: u64, flags: u64) -> Decision {
        let Thread { slot, budget, .. } = *self.running();
        let stopped = &mut self.budgets[budget.index()];
        stopped.stopped_at = now;
        stopped.left = self.budget_end.wrapping_sub(now);
        self.current = next;
        let Thread { slot: next_slot, budget: next_budget, .. } = *self.running();
        let mut ctl = SLOW | SWITCH | flags | (next.0 as u64) << NEXT_SHIFT;
        if next_slot != slot {
            ctl |= SPACE;
        }
        let budget = &self.budgets[next_budget.index()];
        if now >= budget.look_at {
            return self.dispatch_slow(ctl, now);
        }
        self.budget_end = now.wrapping_add(budget.left);
        self.slice_end = NEVER;
        Decision { ctl, val: self.limit.min(self.budget_end) }
    }

    /// Stops running the current thread, whose result is success, and runs `next`; a preemption if it could go on.
    #[inline(always)]
    pub(crate) fn switch_with_success(&mut self, next: Tid, now: u64, flags: u64) -> Decision {
        self.running_mut().frame.x[0] = 0;
        self.switch(next, now, flags)
    }

    /// Takes the running thread, which is the head of its level, off the ready queue and runs the most urgent one.
    #[inline(always)]
    pub(crate) fn block(&mut self, now: u64, flags: u64) -> Decision {
        let id = self.current;
        self.ready.remove(&mut self.threads, id);
        let next = self.ready.first();
        self.switch(next, now, flags)
    }

    /// Makes a thread ready, with these results of what it waited in. The caller decides whether it preempts.
    #[inline(always)]
    pub(crate) fn wake(&mut self, id: Tid, status: u64, value: u64) {
        let thread = &mut self.threads[id.index()];
        thread.state = State::READY;
        thread.frame.x[0] = status;
        thread.frame.x[1] = value;
        self.ready.append(&mut self.threads, id);
    }

    /// Whether `id` is to run instead of the current thread.
    #[inline(always)]
    #[must_use]
    pub(crate) fn preempts(&self, id: Tid) -> bool {
        self.threads[id.index()].priority > self.running().priority
    }

    /// Sets or clears (`NEVER`) a thread's timer, and what follows for the next deadline.
    #[inline(always)]
    pub(crate) fn set_timer(&mut self, id: Tid, deadline: u64) {
        self.timers.set(id, deadline);
        self.limit = self.timers.first();
        if !self.lazy.is_none() {
            self.limit = self.limit.min(self.threads[self.lazy.index()].wake_at);
        }
    }

    /// After something that is no system call changed timers or budgets: goes on with the same thread.
    #[inline(always)]
    pub(crate) fn resume_in_place(&self, _now: u64) -> Decision {
        Decision { ctl: SLOW | TIMER, val: self.limit.min(self.budget_end).min(self.slice_end) }
    }

    /// Goes on with whoever is most urgent now, outside a system call.
    #[inline(always)]
    pub(crate) fn resume_or_preempt(&mut self, now: u64) -> Decision {
        let next = self.ready.first();
        if self.threads[next.index()].priority > self.running().priority {
            self.running_mut().record.preemptions += 1;
            return self.switch(next, now, 0);
        }
        self.resume_in_place(now)
    }

    /// Ends a system call whose results `x0`-`x3` are in the frame, or lets a more urgent thread run first.
    #[inline(always)]
    pub(crate) fn finish_call(&mut self, now: u64) -> Decision {
        let next = self.ready.first();
        if self.threads[next.index()].priority > self.running().priority {
            self.running_mut().record.preemptions += 1;
            return self.switch(next, now, 0);
        }
        let deadline = self.limit.min(self.budget_end).min(self.slice_end);
        Decision { ctl: SLOW | RESULTS | TIMER, val: deadline }
    }

    /// Puts a system call's results into the frame.
    #[inline(always)]
    pub(crate) fn set_results(&mut self, status: u64, values: [u64; 3]) {
        let frame = &mut self.running_mut().frame;
        frame.x[0] = status;
        frame.x[1] = values[0];
        frame.x[2] = values[1];
        frame.x[3] = values[2];
    }

    /// Sets the death bit of the supervisor and readies it; the caller chooses who runs.
    pub(crate) fn tell_supervisor(&mut self, _now: u64) {
        let id = self.supervisor;
        if !id.is_none() {
            self.set_bits(id, SUPERVISOR_DEATH_BIT);
        }
    }

    /// Sets bits of a thread and wakes it if it waits for one of them. Answers whether it woke.
    #[inline(always)]
    pub(crate) fn set_bits(&mut self, id: Tid, bits: u64) -> bool {
        let thread = &mut self.threads[id.index()];
        thread.pending |= bits;
        let taken = thread.pending & thread.wait_mask;
        if taken == 0 {
            return false;
        }
        thread.pending &= !taken;
        thread.wait_mask = 0;
        if thread.state.is_armed() {
            self.disarm(id);
        }
        self.wake(id, 0, taken);
        true
    }

    /// A wait with a timer ended otherwise. The timer stays in the tree: setting it costs more than finding it stale once,
    /// and the next wait with a timer sets it anyway.
    #[inline(always)]
    pub(crate) const fn disarm(&mut self, id: Tid) {
        self.threads[id.index()].wake_at = NEVER;
    }

    /// The budget of a thread.
    #[inline(always)]
    pub(crate) fn budget_of(&mut self, id: Tid) -> &mut Budget {
        &mut self.budgets[self.threads[id.index()].budget.index()]
    }

    /// The idle thread, budget and level, and empty tables: what [`Kernel::load`](crate::load) starts from.
    pub(crate) fn reset(&mut self) {
        self.ready.reset();
        self.timers.reset();
        self.limit = self.timers.first();
        self.slice_end = NEVER;
        self.budgets[BudgetId(0).index()] = Budget::endless();
        self.budget_end = Budget::ENDLESS;
        let idle = &mut self.threads[Tid::IDLE.index()];
        idle.state = State::READY;
        idle.slot = Slot::NONE;
        idle.job_deadline = NEVER;
        idle.wake_at = NEVER;
    }
}
