//! Synchronous calls: a client calls a server that is more urgent, the server receives, works and replies.
//!
//! The 64-byte message travels in registers: on the fast path it is stored once, from the live registers into the
//! other's frame. Calls go only uphill, so a server never waits for its client and nothing can wait in a circle. A
//! server's queue is a set of thread bits: the highest bit is the most urgent caller.

use crate::decision::{DELIVER, DELIVER_SHIFT, Decision, FETCH, FETCH_SHIFT, RESULTS, SLOW};
use crate::id::Tid;
use crate::kernel::Kernel;
use crate::port::Port;
use crate::thread::{FLAG_SERVER, State, Thread};
use rtos_abi::call::NEVER;
use rtos_abi::limits::MAX_CALL_EDGES;
use rtos_abi::{Error, Misuse};

/// A token: which thread's call, and which of its calls.
#[inline(always)]
const fn token_of(client: Tid, count: u32) -> u64 {
    (count as u64) << 8 | client.0 as u64
}

/// A loan as the caller gave it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Loan {
    /// Address in the caller.
    pub address: u64,
    /// Length and kind.
    pub len: u64,
}

impl Kernel {
    /// `call`: hands the message to a waiting server and runs it; queues it at a busy one.
    #[inline(always)]
    pub fn sys_call<P: Port>(&mut self, port: &mut P, now: u64, edge: u64, deadline: u64, loan: Loan) -> Decision {
        let id = self.current;
        let slot = self.running_slot().index();
        if edge >= MAX_CALL_EDGES as u64 {
            return self.misuse(port, Misuse::UnknownHandle, now);
        }
        let edge_index = edge as usize % MAX_CALL_EDGES;
        let edge = self.partitions[slot].calls[edge_index];
        let server = edge.thread;
        let target = &self.threads[server.index()];
        let caller = self.running();
        // One slow path for everything rare: a busy, stale or less urgent server, a window that ended, a loan.
        if target.state != State::RECEIVING
            || target.generation != edge.generation
            || target.priority <= caller.priority
            || edge.left == 0
            || now >= edge.window_end
            || loan.len != 0
        {
            return self.call_slow(port, now, edge_index, deadline, loan);
        }
        self.partitions[slot].calls[edge_index].left = edge.left - 1;
        let client = self.running_mut();
        client.call_count = client.call_count.wrapping_add(1);
        let token = token_of(id, client.call_count);
        client.token = token;
        client.peer = server;
        client.badge = edge.badge;
        client.state = State::REPLY;
        client.loan_len = 0;
        if deadline != NEVER {
            return self.call_with_deadline(now, server, deadline);
        }
        self.hand_over(now, server)
    }

    /// Blocks the caller and runs the server with its message.
    #[inline(always)]
    fn hand_over(&mut self, now: u64, server: Tid) -> Decision {
        let id = self.current;
        let Thread { token, badge, loan_len, .. } = *self.running();
        self.ready.remove(&mut self.threads, id);
        let target = &mut self.threads[server.index()];
        target.frame.x[2] = u64::from(badge);
        target.frame.x[3] = loan_len;
        self.wake(server, 0, token);
        self.switch(server, now, DELIVER | (server.0 as u64) << DELIVER_SHIFT)
    }

    /// The same for a call with a deadline. One such deadline at a time stays out of the tree: it goes in only if
    /// something other than the reply comes first, which is rare.
    #[cold]
    #[inline(never)]
    fn call_with_deadline(&mut self, now: u64, server: Tid, deadline: u64) -> Decision {
        let id = self.current;
        let client = self.running_mut();
        if deadline <= now {
            client.state = State::READY;
            client.token = 0;
            return Decision::error(if deadline == 0 { Error::WouldBlock } else { Error::TimedOut });
        }
        client.state = State::REPLY.armed();
        client.wake_at = deadline;
        let job = client.job_deadline;
        if self.lazy.is_none() && job == NEVER {
            self.lazy = id;
            self.limit = self.limit.min(deadline);
        } else {
            self.set_timer(id, deadline.min(job));
        }
        self.hand_over(now, server)
    }

    /// A call that does not go straight through.
    #[cold]
    #[inline(never)]
    fn call_slow<P: Port>(&mut self, port: &mut P, now: u64, edge_index: usize, deadline: u64, loan: Loan) -> Decision {
        let id = self.current;
        let slot = self.running_slot().index();
        let edge = self.partitions[slot].calls[edge_index];
        let server = edge.thread;
        if server.is_none() {
            return self.misuse(port, Misuse::UnknownHandle, now);
        }
        if self.threads[server.index()].priority <= self.running().priority {
            return self.misuse(port, Misuse::NotUphill, now);
        }
        let (running, generation) = self.life_of(server);
        if !running {
            return Decision::error(Error::PeerDead);
        }
        if edge.generation != generation {
            self.partitions[slot].calls[edge_index].generation = generation;
            return Decision::error(Error::PeerRestarted);
        }
        if deadline <= now {
            return Decision::error(if deadline == 0 { Error::WouldBlock } else { Error::TimedOut });
        }
        if !self.take_from_window(slot, edge_index, now) {
            return Decision::error(Error::CallLimit);
        }
        let client = self.running_mut();
        client.call_count = client.call_count.wrapping_add(1);
        client.token = token_of(id, client.call_count);
        client.peer = server;
        client.badge = edge.badge;
        client.loan_address = loan.address;
        client.loan_len = loan.len;
        if self.threads[server.index()].state.kind() == State::RECEIVING {
            if self.threads[server.index()].state.is_armed() {
                self.disarm(server);
            }
            self.running_mut().state = State::REPLY;
            return if deadline == NEVER {
                self.hand_over(now, server)
            } else {
                self.call_with_deadline(now, server, deadline)
            };
        }
        self.queue_call(now, server, deadline)
    }

    /// The server is busy: the call waits in its queue. The message waits in the caller's own frame.
    fn queue_call(&mut self, now: u64, server: Tid, deadline: u64) -> Decision {
        let id = self.current;
        self.threads[server.index()].callers[(id.0 >> 6) as usize] |= 1 << (id.0 & 63);
        let mut decision = self.block_until(now, State::CALLING, deadline);
        decision.ctl |= DELIVER | (id.0 as u64) << DELIVER_SHIFT;
        decision
    }

    /// Takes one call from the edge's window; opens a new window when the old one is over. An edge without a window has
    /// no limit, and comes here once in 2^32 calls.
    fn take_from_window(&mut self, slot: usize, edge_index: usize, now: u64) -> bool {
        let edge = &mut self.partitions[slot].calls[edge_index];
        if edge.window == 0 {
            return true;
        }
        if now >= edge.window_end {
            let passed = (now - edge.window_end) / edge.window.max(1) + 1;
            edge.window_end += passed * edge.window;
            edge.left = edge.limit;
        }
        if edge.left == 0 {
            return false;
        }
        edge.left -= 1;
        true
    }

    /// `receive`.
    #[inline(always)]
    pub fn sys_receive<P: Port>(&mut self, port: &mut P, now: u64, deadline: u64) -> Decision {
        let server = self.running();
        if !server.has(FLAG_SERVER) {
            return self.misuse(port, Misuse::NotAllowed, now);
        }
        if server.has_callers() {
            return self.take_queued(now, 0);
        }
        self.block_until(now, State::RECEIVING, deadline)
    }

    /// Takes the most urgent queued call; its message is fetched from the caller's frame after any delivery.
    #[cold]
    #[inline(never)]
    fn take_queued(&mut self, _now: u64, delivery: u64) -> Decision {
        let server = self.current;
        let callers = &mut self.running_mut().callers;
        let word = if callers[3] != 0 {
            3
        } else if callers[2] != 0 {
            2
        } else if callers[1] != 0 {
            1
        } else {
            0
        };
        let bit = 63 - (callers[word] | 1).leading_zeros();
        callers[word] &= !(1 << bit);
        let client_id = Tid((word as u32 * 64 + bit) as u8);
        let client = &mut self.threads[client_id.index()];
        client.state = if client.state.is_armed() { State::REPLY.armed() } else { State::REPLY };
        client.peer = server;
        let results = [client.token, u64::from(client.badge), client.loan_len];
        self.set_results(0, results);
        Decision { ctl: SLOW | delivery | FETCH | RESULTS | (client_id.0 as u64) << FETCH_SHIFT, val: 0 }
    }

    /// Ends a client's wait for the reply, if the token is still good. The message is delivered by the decision.
    #[inline(always)]
    fn answer(&mut self, token: u64) -> Answer {
        let id = Tid(token as u8);
        let client = &mut self.threads[id.index()];
        if client.token != token || client.peer != self.current || token == 0 {
            return Answer::Stale;
        }
        if client.state != State::REPLY {
            return self.answer_slow(id);
        }
        client.token = 0;
        self.wake(id, 0, 0);
        Answer::Done(id)
    }

    /// The client has a deadline, in the tree or out of it; or the token was forged for a call that still queues.
    #[cold]
    #[inline(never)]
    fn answer_slow(&mut self, id: Tid) -> Answer {
        let client = &mut self.threads[id.index()];
        if client.state != State::REPLY.armed() {
            return Answer::Stale;
        }
        client.token = 0;
        client.wake_at = NEVER;
        if self.lazy == id {
            self.lazy = Tid::IDLE;
            self.limit = self.timers.first();
        }
        self.wake(id, 0, 0);
        Answer::Done(id)
    }

    /// `reply`.
    #[inline(always)]
    pub fn sys_reply<P: Port>(&mut self, port: &mut P, now: u64, token: u64) -> Decision {
        if !self.running().has(FLAG_SERVER) || token == 0 || token >> 40 != 0 {
            return self.misuse(port, Misuse::BadToken, now);
        }
        match self.answer(token) {
            Answer::Done(client) => {
                self.set_results(0, [0; 3]);
                let mut decision = self.finish_call(now);
                decision.ctl |= DELIVER | (client.0 as u64) << DELIVER_SHIFT;
                decision
            }
            // Not the client's current token: the caller has gone.
            Answer::Stale => Decision::error(Error::Cancelled),
        }
    }

    /// `reply_receive`: the server's loop in one call.
    #[inline(always)]
    pub fn sys_reply_receive<P: Port>(&mut self, port: &mut P, now: u64, token: u64, deadline: u64) -> Decision {
        let mut delivery = 0;
        if token != 0
            && let Answer::Done(client) = self.answer(token)
        {
            delivery = DELIVER | (client.0 as u64) << DELIVER_SHIFT;
        }
        let server = self.running();
        if !server.has(FLAG_SERVER) {
            return self.misuse(port, Misuse::NotAllowed, now);
        }
        if server.has_callers() {
            return self.take_queued(now, delivery);
        }
        if deadline != NEVER {
            return self.receive_slow(now, deadline, delivery);
        }
        self.running_mut().state = State::RECEIVING;
        self.block(now, delivery)
    }

    #[cold]
    #[inline(never)]
    fn receive_slow(&mut self, now: u64, deadline: u64, delivery: u64) -> Decision {
        let mut decision = self.block_until_slow(now, State::RECEIVING, deadline);
        if decision.ctl & SLOW == 0 {
            // Nothing queued and no time to wait: the status goes by the frame, so that the delivery can be made too.
            self.set_results(decision.ctl, [0; 3]);
            decision = self.finish_call(now);
        }
        decision.ctl |= delivery;
        decision
    }
}

/// What became of a reply.
enum Answer {
    /// The client is ready; its frame takes the message.
    Done(Tid),
    /// The token is not that of a client that waits for this server.
    Stale,
}
