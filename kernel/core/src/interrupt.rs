//! Interrupts: a device line becomes a notification bit; the timer releases, wakes and ends budgets.

use crate::decision::{Decision, SLOW, TIMER};
use crate::id::Tid;
use crate::kernel::Kernel;
use crate::port::Port;
use crate::thread::{FLAG_MISSED, State};
use rtos_abi::FaultReason;
use rtos_abi::call::NEVER;
use rtos_abi::error::Error;
use rtos_abi::limits::{MAX_IRQ_BINDINGS, MAX_LINES};

/// Windows in a second in which a line's interrupts are counted.
pub(crate) const WINDOWS_PER_SECOND: u32 = 100;

impl Kernel {
    /// Whether a line is bound; the caller masks it either way and reports an unbound one by [`Kernel::on_unknown_irq`].
    #[inline(always)]
    #[must_use]
    pub fn is_bound(&self, line: u16) -> bool {
        (line as usize) < MAX_LINES && self.lines[line as usize % MAX_LINES] != 0
    }

    /// A bound device line is raised; the controller has masked it until `irq_done`.
    #[inline(always)]
    pub fn on_irq<P: Port>(&mut self, port: &mut P, line: u16, now: u64) -> Decision {
        let number = self.lines[line as usize % MAX_LINES].wrapping_sub(1);
        let binding = &mut self.irqs[number as usize % MAX_IRQ_BINDINGS];
        binding.count += 1;
        binding.masked = true;
        let target = binding.thread;
        let bits = binding.bits;
        if now >= binding.window_end || binding.left == 0 {
            return self.irq_window(port, number, now);
        }
        binding.left -= 1;
        self.irq_notify(target, bits, now)
    }

    #[inline(always)]
    fn irq_notify(&mut self, target: Tid, bits: u64, now: u64) -> Decision {
        if self.set_bits(target, bits) && self.preempts(target) {
            self.running_mut().record.preemptions += 1;
            return self.switch(target, now, 0);
        }
        self.resume_in_place(now)
    }

    /// A window of the storm guard ended, or its interrupts are used up: then the owner is stopped. Its line stays masked.
    #[cold]
    #[inline(never)]
    fn irq_window<P: Port>(&mut self, port: &mut P, number: u8, now: u64) -> Decision {
        let window = u64::from(self.boot.ticks_per_second / WINDOWS_PER_SECOND);
        let binding = &mut self.irqs[number as usize % MAX_IRQ_BINDINGS];
        let target = binding.thread;
        if now >= binding.window_end {
            binding.window_end = now + window;
            binding.left = binding.limit - 1;
            let bits = binding.bits;
            return self.irq_notify(target, bits, now);
        }
        if self.threads[target.index()].state == State::DEAD || self.threads[target.index()].state == State::DORMANT {
            return self.resume_in_place(now);
        }
        self.stop_partition(port, target, FaultReason::IrqStorm, 0, 0, now)
    }

    /// The controller had nothing to tell.
    pub fn on_spurious_irq(&mut self, now: u64) -> Decision {
        self.spurious_count += 1;
        self.resume_in_place(now)
    }

    /// A line that nobody bound was raised; the controller has masked it.
    pub fn on_unknown_irq(&mut self, line: u16, now: u64) -> Decision {
        self.unknown_count += 1;
        self.last_unknown = u64::from(line);
        self.resume_in_place(now)
    }

    /// The timer's deadline has passed: one budget, call deadline or thread timer is handled, the most urgent first.
    #[inline(always)]
    pub fn on_timer<P: Port>(&mut self, port: &mut P, now: u64) -> Decision {
        self.timer_count += 1;
        if now >= self.budget_end || now >= self.slice_end {
            return self.on_budget_end(port, now);
        }
        let id = self.timers.first_thread();
        let thread = &mut self.threads[id.index()];
        let sleeping = thread.state == State::SLEEPING.armed() && thread.job_deadline > now;
        if self.piled || self.timers.first() > now || !(sleeping || thread.state == State::PERIOD) {
            return self.on_timer_slow(now);
        }
        // The end of a sleep, or a release, which starts a job with a deadline of its own.
        let mut value = 0;
        if !sleeping {
            value = thread.wake_at;
            thread.release = value;
            thread.job_deadline = value.wrapping_add(thread.deadline);
            thread.frame.x[2] = thread.skip;
        }
        thread.wake_at = NEVER;
        let deadline = thread.job_deadline;
        self.timers.set(id, deadline);
        self.wake(id, 0, value);
        let first = self.timers.first();
        if first <= now || !self.lazy.is_none() {
            return self.after_expiry(now);
        }
        self.limit = first;
        if self.preempts(id) {
            self.running_mut().record.preemptions += 1;
            return self.switch(id, now, 0);
        }
        self.undisturbed(now)
    }

    /// Anything but a single release or end of a sleep: timeouts, missed deadlines, a call deadline outside the tree,
    /// several at once, nothing due. Of all that is due, the most urgent thread's is handled.
    #[cold]
    #[inline(never)]
    fn on_timer_slow(&mut self, now: u64) -> Decision {
        self.piled = false;
        let mut due = self.timers.most_urgent_expired(now);
        if self.threads[due.index()].priority <= self.threads[self.ready.first().index()].priority && !due.is_none() {
            // None of them would run at once: they come in the order of their times.
            due = self.timers.first_thread();
        }
        let lazy = self.lazy;
        if !lazy.is_none() && self.threads[lazy.index()].wake_at <= now && lazy >= due {
            due = lazy;
        }
        if !due.is_none() {
            self.expire(due, now);
        }
        let next = self.ready.first();
        if self.threads[next.index()].priority > self.running().priority {
            self.running_mut().record.preemptions += 1;
            let mut decision = self.switch(next, now, 0);
            decision.val = self.deadline_undisturbed();
            return decision;
        }
        self.undisturbed(now)
    }

    /// After a release with more to look at. If more is due, the timer's interrupt comes again at once and takes the most
    /// urgent: one expiry an entry, and none waits behind less urgent ones.
    #[cold]
    #[inline(never)]
    fn after_expiry(&mut self, now: u64) -> Decision {
        self.limit = self.timers.first();
        if !self.lazy.is_none() {
            self.limit = self.limit.min(self.threads[self.lazy.index()].wake_at);
        }
        if self.timers.first() <= now {
            self.piled = true;
            return Decision { ctl: SLOW | TIMER, val: now };
        }
        self.resume_or_preempt(now)
    }

    /// Goes on with the running thread; only more urgent threads' timers will interrupt it.
    #[cold]
    #[inline(never)]
    fn undisturbed(&mut self, now: u64) -> Decision {
        let mut decision = self.resume_in_place(now);
        decision.val = self.deadline_undisturbed();
        decision
    }

    /// The next deadline that concerns the running thread: its own budget and slice, or the timer of a thread that is not
    /// less urgent. Its equals count: one whose timer went by unseen would never get its turn when this one yields.
    fn deadline_undisturbed(&self) -> u64 {
        let from = self.above[self.running().priority.saturating_sub(1) as usize];
        let mut deadline = self.timers.first_from(from).min(self.budget_end).min(self.slice_end);
        let lazy = &self.threads[self.lazy.index()];
        if lazy.priority >= self.running().priority {
            deadline = deadline.min(lazy.wake_at);
        }
        deadline
    }

    /// A thread's timer has come: its wait ends, its release comes, or its deadline is missed.
    fn expire(&mut self, id: Tid, now: u64) {
        let thread = &mut self.threads[id.index()];
        if thread.state == State::DEAD {
            return self.set_timer(id, NEVER);
        }
        if thread.job_deadline <= now {
            thread.job_deadline = NEVER;
            thread.flags |= FLAG_MISSED;
            thread.record.missed += 1;
        }
        if thread.wake_at > now {
            let first = thread.wake_at.min(thread.job_deadline);
            self.set_timer(id, first);
            return;
        }
        let state = thread.state.kind();
        let release = thread.wake_at;
        thread.wake_at = NEVER;
        if self.lazy == id {
            self.lazy = Tid::IDLE;
        }
        let thread = &mut self.threads[id.index()];
        if state == State::PERIOD {
            thread.release = release;
            thread.job_deadline = release.wrapping_add(thread.deadline);
            thread.frame.x[2] = thread.skip;
        }
        let first = thread.job_deadline;
        self.set_timer(id, first);
        self.end_wait(id, state, release);
    }

    /// Readies a thread whose timer ended its wait, with the result that belongs to the wait.
    fn end_wait(&mut self, id: Tid, state: State, release: u64) {
        let thread = &mut self.threads[id.index()];
        let timed_out = Error::TimedOut.status();
        match state {
            State::PERIOD => self.wake(id, 0, release),
            State::SLEEPING => self.wake(id, 0, 0),
            State::WAITING => {
                thread.wait_mask = 0;
                self.wake(id, timed_out, 0);
            }
            State::RECEIVING => self.wake(id, timed_out, 0),
            State::JOINING => {
                let joined = thread.peer;
                self.threads[joined.index()].joiner = Tid::IDLE;
                self.wake(id, timed_out, 0);
            }
            State::CALLING => {
                self.leave_queue(id);
                self.wake(id, timed_out, 0);
            }
            State::REPLY => {
                thread.token = 0;
                self.wake(id, timed_out, 0);
            }
            // Its budget is full again; what it had in its registers is untouched.
            State::THROTTLED => {
                thread.state = State::READY;
                self.ready.append(&mut self.threads, id);
            }
            // A thread that runs, ended or died: only its deadline or an old timer came.
            _ => {}
        }
    }

    /// Takes a queued caller out of its server's queue.
    pub(crate) fn leave_queue(&mut self, id: Tid) {
        let thread = &mut self.threads[id.index()];
        thread.token = 0;
        let server = thread.peer;
        self.threads[server.index()].callers[(id.0 >> 6) as usize] &= !(1 << (id.0 & 63));
    }
}
