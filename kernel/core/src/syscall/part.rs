//! `part_*`: what `init` builds the other partitions with. Right: `build`.

use crate::build::Step;
use crate::decision::{Decision, TIMER};
use crate::id::Slot;
use crate::kernel::Kernel;
use crate::partition::Life;
use crate::port::Port;
use crate::user_range::Claim;
use rtos_abi::call::{self, perm, right};
use rtos_abi::limits::STEP_BYTES;
use rtos_abi::{Error, Misuse};

/// Who asks for which slot, or the decision that refuses it.
type Checked = Result<Slot, Decision>;

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

    /// One step of a copy between two claims. The first two steps find the regions; each later one copies a kilobyte.
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
        let hints = self.progress[self.current.index()].hints;
        let own_slot = self.running_slot();
        for (n, claim) in [target, source].into_iter().enumerate() {
            kernel_bounds::turn::<2>();
            if self.claim_at(claim, hints[n]).is_none() {
                let Some(hint) = self.find_region(claim) else {
                    if claim.slot == own_slot {
                        return self.misuse(port, refusals.1, now);
                    }
                    return self.after_step(now, refusals.0);
                };
                self.progress[self.current.index()].hints[n] = hint;
                return Decision::AGAIN;
            }
        }
        let (Some(to), Some(from)) = (self.claim_at(target, hints[0]), self.claim_at(source, hints[1])) else {
            return Decision::AGAIN;
        };
        debug_assert!(done < target.len || target.len == 0);
        let step = self.write_step(port, to, from, target.len, done);
        let _ = STEP_BYTES;
        self.after_step(now, step)
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
            0 if !self.is_code(slot, entry) || self.partitions[slot.index()].threads[0].is_none() => {
                Step::Failed(Error::Refused)
            }
            0 => Step::More(1),
            1 => {
                self.meet_peers(slot);
                Step::More(2)
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
