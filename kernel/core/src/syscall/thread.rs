//! Threads of the caller's own partition: start, end, wait for the end.

use crate::decision::Decision;
use crate::id::Tid;
use crate::kernel::Kernel;
use crate::port::Port;
use crate::thread::State;
use rtos_abi::call::NEVER;
use rtos_abi::{Error, Misuse};

impl Kernel {
    /// `thread_start`.
    pub fn sys_thread_start<P: Port>(
        &mut self,
        port: &mut P,
        now: u64,
        number: u64,
        entry: u64,
        argument: u64,
    ) -> Decision {
        let Some(id) = self.own_thread(number) else {
            return self.misuse(port, Misuse::UnknownHandle, now);
        };
        if self.threads[id.index()].state != State::DORMANT {
            return Decision::error(Error::BadState);
        }
        self.start_thread(port, id, entry, argument, now);
        self.set_results(0, [0; 3]);
        self.finish_call(now)
    }

    /// `thread_exit`.
    pub fn sys_thread_exit(&mut self, now: u64) -> Decision {
        let id = self.current;
        let thread = self.running_mut();
        thread.state = State::DORMANT;
        thread.job_deadline = NEVER;
        thread.wake_at = NEVER;
        let joiner = core::mem::replace(&mut thread.joiner, Tid::IDLE);
        self.set_timer(id, NEVER);
        if !joiner.is_none() {
            if self.threads[joiner.index()].state.is_armed() {
                self.disarm(joiner);
            }
            self.wake(joiner, 0, 0);
        }
        self.block(now, 0)
    }

    /// `thread_join`.
    pub fn sys_thread_join<P: Port>(&mut self, port: &mut P, now: u64, number: u64, deadline: u64) -> Decision {
        let caller = self.current;
        let Some(id) = self.own_thread(number) else {
            return self.misuse(port, Misuse::UnknownHandle, now);
        };
        if id == caller {
            return self.misuse(port, Misuse::NotAllowed, now);
        }
        let target = &mut self.threads[id.index()];
        if target.state == State::DORMANT {
            return Decision::value(0);
        }
        if !target.joiner.is_none() {
            return Decision::error(Error::BadState);
        }
        if deadline > now {
            target.joiner = caller;
            self.running_mut().peer = id;
        }
        self.block_until(now, State::JOINING, deadline)
    }
}
