//! `part_*`: what `init` builds the other partitions with. Right: `build`.

use crate::build::Step;
use crate::decision::{Decision, TIMER};
use crate::id::Slot;
use crate::kernel::Kernel;
use crate::partition::Life;
use crate::port::Port;
use crate::user_range::Claim;
use rtos_abi::call::{self, perm, right};
use rtos_abi::{Error, Misuse};

/// Who asks for which slot, or the decision that refuses it.
type Checked = Result<Slot, Decision>;

/// Where a search stands that found nothing in the caller's own memory.
const NOWHERE: u8 = u8::MAX;

impl Kernel {
    /// The slot a builder names.
    #[inline(always)]
    fn build_slot<P: Port>(&mut self, port: &mut P, now: u64, slot: u64) -> Checked {
        if !self.partitions[self.running_slot().index()].may(right::BUILD) {
            return Err(self.misuse(port, Misuse::MissingRight, now));
        }
        match Slot::new(slot) {
            Some(found) if slot < u64::from(self.partition_count) => Ok(found),
            _ => Err(Decision::error(Error::NotFound)),
        }
    }

    /// What the running thread's call of several steps has done so far; a new call starts at 0.
    #[inline(always)]
    pub(crate) fn steps_done(&mut self, number: u8) -> u64 {
        let progress = &mut self.progress[self.current.index()];
        if progress.call != number {
            *progress = crate::thread::Progress { call: number, ..Default::default() };
        }
        progress.done
    }

    /// Answers a step: again, or the call's end.
    #[inline(always)]
    pub(crate) fn after_step(&mut self, now: u64, step: Step) -> Decision {
        let progress = &mut self.progress[self.current.index()];
        let status = match step {
            Step::More(done) => {
                progress.done = done;
                return self.again();
            }
            Step::Done => 0,
            Step::Failed(error) => error.status(),
        };
        progress.call = 0;
        self.set_results(status, [0; 3]);
        self.finish_call(now)
    }

    /// Says again. If the step readied a more urgent thread, the timer's interrupt comes at once and lets it run.
    #[inline(always)]
    fn again(&self) -> Decision {
        let next = self.ready.first();
        if self.threads[next.index()].priority > self.running().priority {
            return Decision { ctl: Decision::AGAIN.ctl | TIMER, val: 0 };
        }
        Decision::AGAIN
    }

    /// `part_map`.
    pub fn sys_part_map<P: Port>(
        &mut self,
        port: &mut P,
        now: u64,
        slot: u64,
        va: u64,
        pages: u64,
        perms: u64,
    ) -> Decision {
        let slot = match self.build_slot(port, now, slot) {
            Ok(slot) => slot,
            Err(decision) => return decision,
        };
        if perms > 7 {
            return self.misuse(port, Misuse::BadValue, now);
        }
        let done = self.steps_done(call::PART_MAP);
        let step = self.map_step(port, slot, (va, pages), perms as u8, done);
        self.after_step(now, step)
    }

    /// `part_write`.
    pub fn sys_part_write<P: Port>(
        &mut self,
        port: &mut P,
        now: u64,
        slot: u64,
        va: u64,
        from: u64,
        len: u64,
    ) -> Decision {
        let slot = match self.build_slot(port, now, slot) {
            Ok(slot) => slot,
            Err(decision) => return decision,
        };
        if self.partitions[slot.index()].life != Life::Building {
            return self.after_step(now, Step::Failed(Error::BadState));
        }
        if len == 0 {
            return self.after_step(now, Step::Done);
        }
        let target = Claim { slot, address: va, len, perm: 0, ram_only: true };
        let source = Claim { slot: self.running_slot(), address: from, len, perm: perm::READ, ram_only: false };
        self.copy_step(port, now, call::PART_WRITE, (target, source), (Step::Failed(Error::Refused), Misuse::BadRange))
    }

    /// One step of a copy between two claims. The first steps find the regions; each later one copies a kilobyte.
    /// `refusals`: what a claim on the other side, and what one on the caller's side comes to if it is wrong.
    pub(crate) fn copy_step<P: Port>(
        &mut self,
        port: &mut P,
        now: u64,
        number: u8,
        claims: (Claim, Claim),
        refusals: (Step, Misuse),
    ) -> Decision {
        let done = self.steps_done(number);
        let (target, source) = &claims;
        if self.progress[self.current.index()].search == NOWHERE {
            self.progress[self.current.index()].search = 0;
            return self.misuse(port, refusals.1, now);
        }
        let hints = self.progress[self.current.index()].hints;
        let (unfound, claim) = match (self.claim_at(target, hints[0]), self.claim_at(source, hints[1])) {
            (Some(to), Some(from)) => {
                let step = self.write_step(port, to, from, target.len, done);
                return self.after_step(now, step);
            }
            (None, _) => (0, target),
            (_, None) => (1, source),
        };
        if self.search_step(unfound, claim) {
            return Decision::AGAIN;
        }
        if claim.slot == self.running_slot() {
            // A step of its own, so that no path has both the search and the caller's end.
            self.progress[self.current.index()].search = NOWHERE;
            return Decision::AGAIN;
        }
        self.after_step(now, refusals.0)
    }

    /// `part_seal`.
    pub fn sys_part_seal<P: Port>(&mut self, port: &mut P, now: u64, slot: u64) -> Decision {
        let slot = match self.build_slot(port, now, slot) {
            Ok(slot) => slot,
            Err(decision) => return decision,
        };
        let done = self.steps_done(call::PART_SEAL);
        let step = self.seal_step(port, slot, done);
        self.after_step(now, step)
    }

    /// One step of the search for the code that holds an entry; none while it goes on.
    fn find_entry(&mut self, slot: Slot, entry: u64) -> Option<Step> {
        let claim = Claim { slot, address: entry, len: 4, perm: perm::EXECUTE, ram_only: true };
        let hint = self.progress[self.current.index()].hints[0];
        if !entry.is_multiple_of(4) {
            return Some(Step::Failed(Error::Refused));
        }
        if self.claim_at(&claim, hint).is_some() {
            return Some(Step::More(1));
        }
        if self.search_step(0, &claim) { None } else { Some(Step::Failed(Error::Refused)) }
    }

    /// `part_start`.
    pub fn sys_part_start<P: Port>(
        &mut self,
        port: &mut P,
        now: u64,
        slot: u64,
        entry: u64,
        argument: u64,
    ) -> Decision {
        let slot = match self.build_slot(port, now, slot) {
            Ok(slot) => slot,
            Err(decision) => return decision,
        };
        if self.partitions[slot.index()].life != Life::Sealed {
            return self.after_step(now, Step::Failed(Error::BadState));
        }
        let step = match self.steps_done(call::PART_START) {
            0 => match self.find_entry(slot, entry) {
                Some(step) => step,
                None => return Decision::AGAIN,
            },
            1 => {
                self.meet_peers(slot);
                Step::More(2)
            }
            2 => {
                self.wind_up(port, slot);
                Step::More(3)
            }
            _ => {
                self.start_partition(port, slot, entry, argument, now);
                Step::Done
            }
        };
        self.after_step(now, step)
    }

    /// `part_reap`.
    pub fn sys_part_reap<P: Port>(&mut self, port: &mut P, now: u64, slot: u64) -> Decision {
        let slot = match self.build_slot(port, now, slot) {
            Ok(slot) => slot,
            Err(decision) => return decision,
        };
        let done = self.steps_done(call::PART_REAP);
        let step = self.reap_step(port, slot, done);
        self.after_step(now, step)
    }
}
