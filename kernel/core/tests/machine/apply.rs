//! Enters the kernel and applies what it decides, as `kernel/arch/src/{vectors,switch}.s` do.

use super::{Kept, Machine};
use kernel_core::decision::{AGAIN, DELIVER, Decision, FETCH, HALT, RESULTS, SLOW, SPACE, SWITCH, TIMER};
use kernel_core::event::{CallArgs, Event, FaultEvent};
use kernel_core::frame::FrameKind;
use kernel_core::id::Tid;
use kernel_core::partition::{Life, Partition};
use kernel_core::thread::State;
use rtos_abi::FaultReason;

/// More interrupts than this in a row mean that they never end.
const MOST_INTERRUPTS: usize = 600;

impl Machine {
    /// Takes all interrupts that are pending, and goes on with calls that were interrupted.
    pub fn settle(&mut self) {
        for _ in 0..MOST_INTERRUPTS {
            if self.halted.is_some() {
                return;
            }
            if self.timer <= self.now {
                self.timer_interrupts += 1;
                self.interrupt(Event::Timer);
            } else if let Some(line) = self.pending_line() {
                self.port.lines.entry(line).or_default().enabled = false;
                self.interrupt(Event::Irq(line));
            } else if self.unfinished[self.current.index()] {
                self.unfinished[self.current.index()] = false;
                self.supervisor_call();
            } else {
                return;
            }
        }
        panic!("interrupts never end: {:?}", self.log);
    }

    /// An interrupt: the scratch registers are saved first, the rest only if another thread runs.
    pub fn interrupt(&mut self, event: Event) {
        self.note(format!("{event:?}"));
        let before = self.live.clone();
        let current = self.current;
        if !current.is_none() {
            let frame = &mut self.kernel.threads[current.index()].frame;
            frame.x[..20].copy_from_slice(&before.x[..20]);
        }
        let decision = self.enter(event);
        assert_eq!(decision.ctl & (FETCH | RESULTS | AGAIN | DELIVER), 0, "after an interrupt: {decision:?}");
        if !decision.has(SWITCH) && !current.is_none() {
            let frame = &self.kernel.threads[current.index()].frame;
            assert_eq!(frame.x[..19], before.x[..19], "an interrupt changed the registers of {}", self.name(current));
        }
        if decision.has(SWITCH) && !current.is_none() {
            self.save_full(current);
        }
        self.apply_interrupt(decision);
    }

    /// Applies what follows an interrupt or fault, with everything saved.
    pub fn apply_interrupt(&mut self, decision: Decision) {
        assert!(decision.has(SLOW), "{decision:?}");
        if decision.has(SWITCH) {
            return self.load_next(decision);
        }
        if decision.has(HALT) {
            self.halted = Some(decision.val);
        } else if decision.has(TIMER) {
            self.timer = decision.val;
        }
    }

    /// The running thread causes an exception: everything is saved before the kernel decides.
    pub fn fault(&mut self, reason: FaultReason, address: u64) {
        assert!(!self.current.is_none(), "nobody runs");
        self.note(format!("{reason:?} at {address:#x}"));
        self.save_full(self.current);
        let decision = self.enter(Event::Fault(FaultEvent { reason, address, syndrome: 0x77 }));
        self.apply_interrupt(decision);
        self.settle();
    }

    /// Lets the kernel decide.
    fn enter(&mut self, event: Event) -> Decision {
        self.port.step_bytes = 0;
        let decision = self.kernel.on_event(&mut self.port, event, self.now);
        assert!(self.port.step_bytes <= 1024, "{} bytes moved in one step of {event:?}", self.port.step_bytes);
        for id in self.port.forgotten.split_off(0) {
            self.kept.remove(&id.0);
            self.unfinished[id.index()] = false;
        }
        decision
    }

    /// The running thread executes `svc`, with number and arguments in its registers.
    pub(super) fn supervisor_call(&mut self) {
        let x = self.live.x;
        let args = CallArgs { a1: x[1], a2: x[2], a3: x[3], a6: x[6], a7: x[7] };
        let number = x[0] as u8;
        self.live.pc += 4;
        self.note(format!("call {number} {:#x} {:#x} {:#x} {:#x}", x[1], x[2], x[3], x[6]));
        loop {
            let decision = self.enter(Event::Call(number, args));
            if !decision.has(SLOW | AGAIN) {
                return self.apply_call(decision);
            }
            assert_eq!(decision.ctl & !(SLOW | AGAIN | TIMER), 0, "{decision:?}");
            if decision.has(TIMER) {
                self.timer = decision.val;
            }
            self.step();
            if self.interrupt_pending() {
                self.live.pc -= 4;
                self.live.x[4..6].fill(0);
                self.live.x[8..19].fill(0);
                self.unfinished[self.current.index()] = true;
                return;
            }
        }
    }

    /// A step of a long call has been done.
    fn step(&mut self) {
        self.steps += 1;
        self.pass(self.step_ticks);
        if let Some((left, line)) = self.raise_after {
            self.raise_after = (left > 1).then_some((left - 1, line));
            if left <= 1 {
                self.port.lines.entry(line).or_default().raised = true;
            }
        }
    }

    fn apply_call(&mut self, decision: Decision) {
        if !decision.has(SLOW) {
            assert!(decision.ctl < 256, "{decision:?}");
            return self.leave_call([decision.ctl, decision.val, 0, 0]);
        }
        if decision.has(DELIVER) {
            let message: [u64; 8] = core::array::from_fn(|n| self.live.x[20 + n]);
            let to = decision.deliver_to();
            self.kernel.threads[to.index()].frame.set_message(message);
            if let Some(kept) = self.kept.get_mut(&to.0) {
                kept.delivered = true;
            }
        }
        if decision.has(SWITCH) {
            self.save_call(self.current);
            return self.load_next(decision);
        }
        if decision.has(FETCH) {
            let message = self.kernel.threads[decision.fetch_from().index()].frame.message();
            self.live.x[20..28].copy_from_slice(&message);
        }
        if decision.has(HALT) {
            self.halted = Some(decision.val);
            return;
        }
        if decision.has(TIMER) {
            self.timer = decision.val;
        }
        assert!(decision.has(RESULTS), "a slow return in place needs results: {decision:?}");
        let x = self.kernel.threads[self.current.index()].frame.x;
        self.leave_call([x[0], x[1], x[2], x[3]]);
    }

    /// Returns from a system call in place.
    fn leave_call(&mut self, results: [u64; 4]) {
        self.live.x[..4].copy_from_slice(&results);
        self.live.x[4..19].fill(0);
        self.live.psr = 0;
    }

    fn save_call(&mut self, id: Tid) {
        let live = &self.live;
        let frame = &mut self.kernel.threads[id.index()].frame;
        frame.x[19..].copy_from_slice(&live.x[19..]);
        (frame.sp, frame.pc, frame.psr, frame.tpidr) = (live.sp, live.pc, 0, live.tpidr);
        frame.kind = FrameKind::Call;
        self.kept.insert(id.0, Kept { registers: live.clone(), in_call: true, delivered: false });
    }

    fn save_full(&mut self, id: Tid) {
        let live = &self.live;
        let frame = &mut self.kernel.threads[id.index()].frame;
        frame.x = live.x;
        (frame.sp, frame.pc, frame.psr, frame.tpidr) = (live.sp, live.pc, live.psr, live.tpidr);
        frame.kind = FrameKind::Full;
        self.kept.insert(id.0, Kept { registers: live.clone(), in_call: false, delivered: false });
    }

    fn load_next(&mut self, decision: Decision) {
        let next = decision.next();
        assert_ne!(next, self.current, "a switch to the running thread");
        assert_eq!(next, self.kernel.current);
        self.timer = decision.val;
        self.current = next;
        if next.is_none() {
            return;
        }
        let thread = &self.kernel.threads[next.index()];
        let partition = &self.kernel.partitions[thread.slot.index()];
        assert_eq!(thread.state, State::READY, "{} runs", self.name(next));
        assert_eq!(partition.life, Life::Running, "{} runs", self.name(next));
        if decision.has(SPACE) {
            self.space = thread.frame.space;
        }
        let own_space = partition.root.0 | u64::from(Partition::asid(thread.slot)) << 48;
        assert_eq!(self.space, own_space, "{} runs in another address space", self.name(next));
        let frame = thread.frame;
        if frame.cpacr != 0 {
            self.load_fp(next);
        }
        self.live.x = frame.x;
        (self.live.sp, self.live.pc, self.live.tpidr) = (frame.sp, frame.pc, frame.tpidr);
        self.live.psr = frame.psr;
        if frame.kind == FrameKind::Call {
            self.live.x[4..19].fill(0);
            self.live.psr = 0;
        }
        let fp = if frame.cpacr != 0 { self.live.fp } else { 0 };
        if let Some(kept) = self.kept.remove(&next.0) {
            let mut found = self.live.clone();
            found.fp = fp;
            let mut kept = kept;
            kept.registers.fp = if frame.cpacr != 0 { kept.registers.fp } else { 0 };
            assert!(kept.fits(&frame, &found), "{} finds {found:x?}\ninstead of {kept:x?}", self.name(next));
        } else {
            assert_eq!(frame.kind, FrameKind::Full, "{} was just started", self.name(next));
            assert!(frame.x[1..].iter().all(|x| *x == 0) && fp == 0, "{} starts with old registers", self.name(next));
        }
    }

    /// The next thread uses floating point: unless its registers are still loaded, change them.
    fn load_fp(&mut self, next: Tid) {
        let port = &mut self.port;
        if port.fp_owner == next {
            return;
        }
        if !port.fp_owner.is_none() {
            port.fp_areas.insert(port.fp_owner.0, self.live.fp);
        }
        self.live.fp = *port.fp_areas.get(&next.0).unwrap_or(&0);
        port.fp_owner = next;
    }
}
