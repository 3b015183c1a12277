//! Budgets: an amount of running time in each period, replenished at fixed boundaries.
//!
//! The running thread's budget has an absolute end; what is left is stored when it stops running. A boundary that
//! passes while the thread runs is found when that end comes: no interrupt is spent on it.

use crate::decision::Decision;
use crate::id::{BudgetId, Tid};
use crate::kernel::Kernel;
use crate::port::Port;
use crate::thread::State;
use rtos_abi::FaultReason;
use rtos_abi::bundle::overrun;

/// One budget. Threads may share it.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Budget {
    /// When a thread on it stopped running last, ticks.
    pub stopped_at: u64,
    /// What is left in this period, ticks; stale while a thread runs on it. May be "negative" (wrapped): used up.
    pub left: u64,
    /// From this time on, look before running: the next boundary, or 0 when a thread on it has a slice.
    pub look_at: u64,
    /// The next boundary, ticks.
    pub boundary: u64,
    /// Amount, ticks.
    pub amount: u64,
    /// Period, ticks.
    pub period: u64,
    /// Used in all finished periods, ticks.
    pub consumed: u64,
    /// Times it was used up.
    pub exhausted: u64,
}

impl Budget {
    /// Enough for the idle thread, for ever; and still far from wrapping when added to the time.
    pub const ENDLESS: u64 = 1 << 62;

    /// All zero.
    pub const ZERO: Self =
        Self { stopped_at: 0, left: 0, look_at: 0, boundary: 0, amount: 0, period: 0, consumed: 0, exhausted: 0 };

    /// A budget that never ends.
    #[must_use]
    pub const fn endless() -> Self {
        let amount = Self::ENDLESS;
        let never = u64::MAX;
        Self { left: amount, look_at: never, boundary: never, amount, ..Self::ZERO }
    }

    /// Moves the boundary past `now` and refills. `used` was spent since the last boundary passed.
    fn refill(&mut self, now: u64, used: u64) {
        let periods = (now - self.boundary) / self.period.max(1) + 1;
        self.consumed = self.consumed.wrapping_add(self.amount).wrapping_sub(self.left);
        self.boundary += periods * self.period;
        if self.look_at != 0 {
            self.look_at = self.boundary;
        }
        self.left = self.amount.saturating_sub(used);
        self.consumed = self.consumed.wrapping_sub(used.min(self.amount));
    }

    /// Ticks spent on it so far, if `left` were left now.
    #[inline(always)]
    #[must_use]
    pub const fn spent(&self, left: u64) -> u64 {
        self.consumed.wrapping_add(self.amount).wrapping_sub(left)
    }
}

impl Kernel {
    /// The budget's unspent ticks, also of the one that is running.
    #[inline(always)]
    #[must_use]
    pub fn budget_left(&self, budget: BudgetId, now: u64) -> u64 {
        let running = self.threads[self.current.index()].budget == budget;
        if running { self.budget_end.wrapping_sub(now) } else { self.budgets[budget.index()].left }
    }

    /// A dispatch that met a boundary or a slice: refills, then goes on as usual.
    #[cold]
    #[inline(never)]
    pub(crate) fn dispatch_slow(&mut self, ctl: u64, now: u64) -> Decision {
        let budget = self.running().budget;
        let budget = &mut self.budgets[budget.index()];
        if now >= budget.boundary {
            // The last run on it may have gone on past a boundary; if that is the latest one, it has used of this period.
            let latest = now - (now - budget.boundary) % budget.period.max(1);
            budget.refill(now, budget.stopped_at.saturating_sub(latest));
        }
        self.budget_end = now.wrapping_add(budget.left);
        let slice = self.facts[self.current.index()].slice;
        self.slice_end = if slice == 0 { u64::MAX } else { now.saturating_add(slice) };
        let deadline = self.limit.min(self.budget_end).min(self.slice_end);
        Decision { ctl, val: deadline }
    }

    /// The running thread's budget end or slice has come.
    #[cold]
    #[inline(never)]
    pub(crate) fn on_budget_end<P: Port>(&mut self, port: &mut P, now: u64) -> Decision {
        let id = self.current;
        let thread = self.threads[id.index()];
        let number = thread.budget.index();
        if now < self.budget_end {
            return self.on_slice_end(now);
        }
        let budget = &mut self.budgets[number];
        if now >= budget.boundary {
            // The boundary passed while it ran: what it used since then is charged to the new period.
            budget.left = self.budget_end.wrapping_sub(now);
            let since = (now - budget.boundary) % budget.period.max(1);
            budget.refill(now, since);
            self.budget_end = now + budget.left;
            return self.resume_in_place(now);
        }
        budget.exhausted += 1;
        match thread.overrun {
            overrun::FAULT => self.stop_partition(port, id, FaultReason::BudgetExceeded, 0, 0, now),
            overrun::NOTIFY => {
                budget.consumed += budget.boundary - self.budget_end;
                self.budget_end = budget.boundary;
                self.tell_supervisor(now);
                self.resume_or_preempt(now)
            }
            _ => self.throttle(id, now),
        }
    }

    /// Takes the running thread off the core until its budget's next boundary.
    fn throttle(&mut self, id: Tid, now: u64) -> Decision {
        let boundary = self.budgets[self.threads[id.index()].budget.index()].boundary;
        let thread = &mut self.threads[id.index()];
        thread.state = State::THROTTLED;
        thread.wake_at = boundary;
        let job = thread.job_deadline;
        self.ready.remove(&mut self.threads, id);
        self.set_timer(id, boundary.min(job));
        let next = self.ready.first();
        self.switch(next, now, 0)
    }

    /// The running thread's slice is over: the next of its level runs.
    fn on_slice_end(&mut self, now: u64) -> Decision {
        let next = self.ready.rotate(&self.threads, self.current);
        if next == self.current {
            self.slice_end = now.saturating_add(self.facts[next.index()].slice);
            return self.resume_in_place(now);
        }
        self.switch(next, now, 0)
    }
}
