//! The system calls, a file a family. Each is a leaf function of [`Kernel`]; the rare ways out of
//! a hot one are cold functions of their own, so that the hot one needs no stack frame.

mod control;
mod info;
mod ipc;
mod irq;
mod loan;
mod notify;
mod part;
mod register;
mod thread;
mod time;

pub use ipc::Loan;

use crate::decision::Decision;
use crate::event::{CallArgs, Event};
use crate::kernel::Kernel;
use crate::port::Port;
use rtos_abi::Misuse;
use rtos_abi::call;

impl Kernel {
    /// Answers any event. The hardware's vectors call the same functions one by one; this is for tests and replay.
    pub fn on_event<P: Port>(&mut self, port: &mut P, event: Event, now: u64) -> Decision {
        match event {
            Event::Call(number, args) => self.on_call(port, number, args, now),
            Event::Irq(line) if self.is_bound(line) => self.on_irq(port, line, now),
            Event::Irq(line) => self.on_unknown_irq(line, now),
            Event::SpuriousIrq => self.on_spurious_irq(now),
            Event::Timer => self.on_timer(port, now),
            Event::Fault(fault) => self.on_fault(port, fault, now),
        }
    }

    /// Answers a system call.
    pub fn on_call<P: Port>(&mut self, port: &mut P, number: u8, args: CallArgs, now: u64) -> Decision {
        let CallArgs { a1, a2, a3, a6, .. } = args;
        match number {
            call::NULL => self.sys_null(),
            call::YIELD => self.sys_yield(now),
            call::NOTIFY => self.sys_notify(port, now, a1, a2),
            call::WAIT => self.sys_wait(now, a1, a2),
            call::WAIT_PERIOD => self.sys_wait_period(port, now, a1),
            call::CALL => self.sys_call(port, now, a1, a2, Loan { address: a3, len: a6 }),
            call::RECEIVE => self.sys_receive(port, now, a1),
            call::REPLY => self.sys_reply(port, now, a1),
            call::REPLY_RECEIVE => self.sys_reply_receive(port, now, a1, a2),
            call::IRQ_DONE => self.sys_irq_done(port, now, a1),
            call::SLEEP_UNTIL => self.sys_sleep_until(now, a1),
            call::EXIT => self.sys_exit(port, now, a1),
            call::THREAD_START => self.sys_thread_start(port, now, a1, a2, a3),
            call::THREAD_EXIT => self.sys_thread_exit(now),
            call::THREAD_JOIN => self.sys_thread_join(port, now, a1, a2),
            call::LOAN_READ => self.sys_loan_read(port, now, a1, a2, a3, a6),
            call::LOAN_WRITE => self.sys_loan_write(port, now, a1, a2, a3, a6),
            call::REG_READ => self.sys_reg_read(port, now, a1),
            call::REG_WRITE => self.sys_reg_write(port, now, a1, a2),
            call::INFO => self.sys_info(port, now, a1, a2),
            call::KILL => self.sys_kill(port, now, a1, a2),
            call::PART_REAP => self.sys_part_reap(port, now, a1),
            call::PART_MAP => self.sys_part_map(port, now, a1, a2, a3, a6),
            call::PART_WRITE => self.sys_part_write(port, now, a1, a2, a3, a6),
            call::PART_SEAL => self.sys_part_seal(port, now, a1),
            call::PART_START => self.sys_part_start(port, now, a1, a2, a3),
            call::SHUTDOWN => self.sys_shutdown(port, now, a1),
            call::PANIC => self.sys_panic(port, now, a1, a2, a3),
            call::NOTIFY_OWN => self.sys_notify_own(port, now, a1, a2),
            _ => self.sys_unknown(port, now),
        }
    }

    /// A number that no call has.
    pub fn sys_unknown<P: Port>(&mut self, port: &mut P, now: u64) -> Decision {
        self.misuse(port, Misuse::UnknownCall, now)
    }
}
