//! Yield, sleep, and the end of a period.

use crate::decision::Decision;
use crate::kernel::Kernel;
use crate::port::Port;
use crate::thread::{FLAG_MISSED, FLAG_PERIODIC, State};
use rtos_abi::call::NEVER;
use rtos_abi::{Error, Misuse};

impl Kernel {
    /// `null`.
    #[inline(always)]
    pub fn sys_null(&mut self) -> Decision {
        Decision::value(0)
    }

    /// `yield`: the running thread goes to the end of its level.
    #[inline(always)]
    pub fn sys_yield(&mut self, now: u64) -> Decision {
        let next = self.ready.rotate(&self.threads, self.current);
        if next == self.current {
            return Decision::value(0);
        }
        self.switch_with_success(next, now, 0)
    }

    /// `sleep_until`.
    #[inline(always)]
    pub fn sys_sleep_until(&mut self, now: u64, at: u64) -> Decision {
        if at <= now {
            return Decision::value(0);
        }
        self.block_with_timer(now, State::SLEEPING, at)
    }

    /// `wait_period`: closes the job's account and waits for the next release.
    #[inline(always)]
    pub fn sys_wait_period<P: Port>(&mut self, port: &mut P, now: u64, started: u64) -> Decision {
        if !self.running().has(FLAG_PERIODIC) {
            return self.misuse(port, Misuse::NotAllowed, now);
        }
        self.close_job(now, started);
        let id = self.current;
        let thread = self.running_mut();
        let mut release = thread.release.wrapping_add(thread.period);
        if release <= now {
            release = thread.skip_releases(now);
        } else {
            thread.skip = 0;
        }
        thread.state = State::PERIOD;
        thread.wake_at = release;
        thread.job_deadline = NEVER;
        self.set_timer(id, release);
        self.block(now, 0)
    }

    /// Counts the job that ends now.
    #[inline(always)]
    fn close_job(&mut self, now: u64, started: u64) {
        let spent = self.budgets[self.running().budget.index()].spent(self.budget_end.wrapping_sub(now));
        let thread = self.running_mut();
        let response = now.wrapping_sub(thread.release);
        let record = &mut thread.record;
        record.runs += 1;
        record.worst_response = record.worst_response.max(response);
        record.worst_execution = record.worst_execution.max(spent.wrapping_sub(record.consumed_mark));
        record.consumed_mark = spent;
        // A time from before the release, or none, is no measurement.
        let wakeup = started.saturating_sub(thread.release);
        record.worst_wakeup = record.worst_wakeup.max(wakeup);
        if response > thread.deadline && thread.flags & FLAG_MISSED == 0 {
            record.missed += 1;
        }
        thread.flags &= !FLAG_MISSED;
    }

    /// Blocks the running thread until `at` or until what it waits for comes.
    #[inline(always)]
    pub(crate) fn block_with_timer(&mut self, now: u64, state: State, at: u64) -> Decision {
        let id = self.current;
        let thread = self.running_mut();
        thread.state = state.armed();
        thread.wake_at = at;
        let first = at.min(thread.job_deadline);
        self.set_timer(id, first);
        self.block(now, 0)
    }

    /// Blocks the running thread for a wait that can end by itself, by a deadline that may be `POLL` or `NEVER`.
    #[inline(always)]
    pub(crate) fn block_until(&mut self, now: u64, state: State, deadline: u64) -> Decision {
        if deadline == NEVER {
            self.running_mut().state = state;
            return self.block(now, 0);
        }
        self.block_until_slow(now, state, deadline)
    }

    /// The same with a deadline.
    #[cold]
    #[inline(never)]
    pub(crate) fn block_until_slow(&mut self, now: u64, state: State, deadline: u64) -> Decision {
        if deadline <= now {
            self.running_mut().wait_mask = 0;
            return Decision::error(if deadline == 0 { Error::WouldBlock } else { Error::TimedOut });
        }
        self.block_with_timer(now, state, deadline)
    }
}

impl crate::thread::Thread {
    /// The first release after `now` when one or more have passed; those are skipped and counted.
    #[cold]
    #[inline(never)]
    fn skip_releases(&mut self, now: u64) -> u64 {
        let passed = now.wrapping_sub(self.release) / self.period.max(1);
        self.skip = passed;
        self.record.skipped += passed;
        self.release.wrapping_add((passed + 1).wrapping_mul(self.period))
    }
}
