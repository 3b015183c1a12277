//! A thread: what it waits for, its place in the ready queue, its frame and its record of service.

use crate::frame::Frame;
use crate::id::{BudgetId, Slot, Tid};

/// What a thread is doing. With [`ARMED`](State::armed) the thread's timer also ends the wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(transparent)]
pub struct State(pub u8);

impl State {
    /// Not started, or ended.
    pub const DORMANT: Self = Self(0);
    /// Running or in the ready queue.
    pub const READY: Self = Self(1);
    /// Waits for notification bits.
    pub const WAITING: Self = Self(2);
    /// Sleeps until a time.
    pub const SLEEPING: Self = Self(3);
    /// Waits for its next release.
    pub const PERIOD: Self = Self(4);
    /// A server that waits for a call.
    pub const RECEIVING: Self = Self(5);
    /// Its call is queued at the server.
    pub const CALLING: Self = Self(6);
    /// Its call was received; waits for the reply.
    pub const REPLY: Self = Self(7);
    /// Its budget is used up until the next replenishment.
    pub const THROTTLED: Self = Self(8);
    /// Waits for a thread of its partition to end.
    pub const JOINING: Self = Self(9);
    /// Its partition is dead.
    pub const DEAD: Self = Self(10);

    /// The same state, ended by the thread's timer at the latest. One compare with the unarmed state tests both.
    #[inline(always)]
    #[must_use]
    pub const fn armed(self) -> Self {
        Self(self.0 | 0x80)
    }

    /// The state without its timer.
    #[inline(always)]
    #[must_use]
    pub const fn kind(self) -> Self {
        Self(self.0 & 0x7f)
    }

    /// Whether the thread's timer ends this wait.
    #[inline(always)]
    #[must_use]
    pub const fn is_armed(self) -> bool {
        self.0 & 0x80 != 0
    }
}

/// The thread saves floating-point registers.
pub const FLAG_FP: u8 = 1;
/// The thread has a period.
pub const FLAG_PERIODIC: u8 = 2;
/// The thread may receive calls.
pub const FLAG_SERVER: u8 = 4;
/// The current job's missed deadline is already counted.
pub const FLAG_MISSED: u8 = 8;

/// What a thread did so far.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Record {
    /// Releases completed; 0 for a thread without a period.
    pub runs: u64,
    /// Deadlines missed.
    pub missed: u64,
    /// Worst response, ticks.
    pub worst_response: u64,
    /// Worst wake-up as the thread measured it, ticks.
    pub worst_wakeup: u64,
    /// Most it ran in one release, ticks.
    pub worst_execution: u64,
    /// Releases skipped after overruns.
    pub skipped: u64,
    /// Times it was put aside while it could run.
    pub preemptions: u64,
    /// What its budget had consumed when its current release began.
    pub consumed_mark: u64,
}

/// One thread. The first cache lines are what scheduling and messages touch; the layout is fixed by `repr(C)` because
/// assembly reaches [`Thread::frame`].
#[derive(Clone, Copy, Debug)]
#[repr(C, align(512))]
pub struct Thread {
    /// What it is doing.
    pub state: State,
    /// Priority it runs at.
    pub priority: u8,
    /// Declared priority.
    pub base_priority: u8,
    /// Its partition.
    pub slot: Slot,
    /// Its budget.
    pub budget: BudgetId,
    /// Next in its ready level; itself when alone or not queued.
    pub next: Tid,
    /// Previous in its ready level; itself when alone or not queued.
    pub prev: Tid,
    /// `FLAG_*`.
    pub flags: u8,
    /// Notification bits that came and were not taken.
    pub pending: u64,
    /// Bits it waits for; 0 unless waiting.
    pub wait_mask: u64,
    /// Generation of its partition when it was started; handles of another one are stale.
    pub generation: u32,
    /// Counts its calls, so that an old token fits no new call.
    pub call_count: u32,
    /// Token of the call it waits for the reply of; 0 for none.
    pub token: u64,
    /// The server it calls, or the thread it joins.
    pub peer: Tid,
    /// Badge of its call.
    pub badge: u8,
    /// The thread that waits for its end.
    pub joiner: Tid,
    /// Number within its partition.
    pub number: u8,
    /// What its budget's end does: [`rtos_abi::bundle::overrun`].
    pub overrun: u8,
    /// Highest lock ceiling it may take.
    pub ceiling: u8,
    /// Reserved; keeps the next field aligned.
    pub spare: [u8; 2],
    /// Release of the current or last job, ticks.
    pub release: u64,
    /// Period, ticks; 0 if none.
    pub period: u64,
    /// Deadline after the release, ticks.
    pub deadline: u64,
    /// Absolute deadline of the current job; `NEVER` when there is none.
    pub job_deadline: u64,
    /// When its timer ends the current wait; `NEVER` if it does not.
    pub wake_at: u64,
    /// Threads whose calls are queued here, a bit each: the highest bit is the most urgent caller.
    pub callers: [u64; 4],
    /// Releases skipped before the one that comes next.
    pub skip: u64,
    /// Its registers while it does not run.
    pub frame: Frame,
    /// Loan of its current call: address.
    pub loan_address: u64,
    /// Loan of its current call: length and kind.
    pub loan_len: u64,
    /// What it did so far.
    pub record: Record,
}

const _: () = assert!(size_of::<Thread>() == 512);

impl Thread {
    /// All zero: dormant.
    pub const EMPTY: Self = Self {
        state: State::DORMANT,
        priority: 0,
        base_priority: 0,
        slot: Slot::FIRST,
        budget: BudgetId(0),
        next: Tid::IDLE,
        prev: Tid::IDLE,
        flags: 0,
        pending: 0,
        wait_mask: 0,
        generation: 0,
        call_count: 0,
        token: 0,
        peer: Tid::IDLE,
        badge: 0,
        joiner: Tid::IDLE,
        number: 0,
        overrun: 0,
        ceiling: 0,
        spare: [0; 2],
        release: 0,
        period: 0,
        deadline: 0,
        job_deadline: 0,
        wake_at: 0,
        callers: [0; 4],
        skip: 0,
        frame: Frame::EMPTY,
        loan_address: 0,
        loan_len: 0,
        record: Record {
            runs: 0,
            missed: 0,
            worst_response: 0,
            worst_wakeup: 0,
            worst_execution: 0,
            skipped: 0,
            preemptions: 0,
            consumed_mark: 0,
        },
    };

    /// Whether all of these flags are set.
    #[inline(always)]
    #[must_use]
    pub const fn has(&self, flags: u8) -> bool {
        self.flags & flags == flags
    }

    /// Whether a call is queued here. Written out: the compiler would call a library function to compare four words.
    #[inline(always)]
    #[must_use]
    pub const fn has_callers(&self) -> bool {
        let [a, b, c, d] = self.callers;
        a | b | c | d != 0
    }
}

/// A system call of several steps that is under way, so that one interrupted between steps goes on where it was.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// Number of the call; 0 for none (`null` has no steps).
    pub call: u8,
    /// Regions in which the last step found its two ranges.
    pub hints: [u8; 2],
    /// Where the search for the next region goes on.
    pub search: u8,
    /// The call's own measure of what is done.
    pub done: u64,
}

/// What cannot change while the system runs, and is not hot.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThreadFacts {
    /// Name.
    pub name: [u8; rtos_abi::limits::NAME_BYTES],
    /// Stack, lowest address.
    pub stack_bottom: u64,
    /// Stack, one past the highest address.
    pub stack_top: u64,
    /// Round-robin slice, ticks; 0 for none.
    pub slice: u64,
    /// Longest time it may hold a raised ceiling, ticks.
    pub hold: u64,
}

impl ThreadFacts {
    /// All zero.
    pub const EMPTY: Self =
        Self { name: [0; rtos_abi::limits::NAME_BYTES], stack_bottom: 0, stack_top: 0, slice: 0, hold: 0 };
}
