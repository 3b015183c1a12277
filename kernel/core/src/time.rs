//! Deadlines: one timer a thread, in a tree of minima.
//!
//! Leaf `n` is thread `n`'s timer; each inner node holds the least of its four children. Setting or clearing any timer
//! costs the same few steps whatever else is queued, and because thread numbers rise with priority, the least deadline
//! of all threads above a priority is a walk along one edge of the tree ([`Timers::first_from`]): that is what lets a
//! thread run undisturbed by the timers of less urgent ones.
//!
//! A key is `deadline << 8 | 255 - thread`: of two equal deadlines the more urgent thread's is less.

use crate::id::Tid;
use rtos_abi::call::NEVER;

/// The tree. Zero is not a valid tree: [`Timers::reset`] first.
#[derive(Debug)]
#[repr(C)]
pub struct Timers {
    first: u64,
    level3: [u64; 4],
    level2: [u64; 16],
    level1: [u64; 64],
    leaves: [u64; 256],
}

/// The first deadline that counts as never; 2^56 ticks are more than two years at any counter frequency.
const END_OF_TIME: u64 = 1 << 56;

#[inline(always)]
const fn key(id: Tid, deadline: u64) -> u64 {
    if deadline >= END_OF_TIME { NEVER } else { deadline << 8 | (255 - id.0) as u64 }
}

#[inline(always)]
fn least(of: [u64; 4]) -> u64 {
    of[0].min(of[1]).min(of[2].min(of[3]))
}

/// The deadline in a key. That of "no timer" is later than any counter value.
#[inline(always)]
const fn deadline_of(key: u64) -> u64 {
    key >> 8
}

impl Timers {
    /// For a static; not a valid tree.
    pub const ZERO: Self = Self { first: 0, level3: [0; 4], level2: [0; 16], level1: [0; 64], leaves: [0; 256] };

    /// No timer is set.
    pub fn reset(&mut self) {
        *self =
            Self { first: NEVER, level3: [NEVER; 4], level2: [NEVER; 16], level1: [NEVER; 64], leaves: [NEVER; 256] };
    }

    /// Sets or clears (`NEVER`) a thread's timer.
    #[inline(always)]
    pub fn set(&mut self, id: Tid, deadline: u64) {
        let n = id.0;
        self.leaves[n as usize] = key(id, deadline);
        let i = (n & 0xfc) as usize;
        self.level1[(n >> 2) as usize] =
            least([self.leaves[i], self.leaves[i + 1], self.leaves[i + 2], self.leaves[i + 3]]);
        let i = (n >> 4) as usize * 4;
        self.level2[(n >> 4) as usize] =
            least([self.level1[i], self.level1[i + 1], self.level1[i + 2], self.level1[i + 3]]);
        let i = (n >> 6) as usize * 4;
        self.level3[(n >> 6) as usize] =
            least([self.level2[i], self.level2[i + 1], self.level2[i + 2], self.level2[i + 3]]);
        self.first = least(self.level3);
    }

    /// The earliest deadline; later than any counter value if there is none.
    #[inline(always)]
    #[must_use]
    pub const fn first(&self) -> u64 {
        deadline_of(self.first)
    }

    /// The thread whose deadline is the earliest.
    #[inline(always)]
    #[must_use]
    pub const fn first_thread(&self) -> Tid {
        Tid(255 - self.first as u8)
    }

    /// A thread's deadline; later than any counter value if it has none.
    #[must_use]
    pub const fn of(&self, id: Tid) -> u64 {
        deadline_of(self.leaves[id.index()])
    }

    /// The earliest deadline of thread `from` and all more urgent ones; `Tid` 0 asks for none.
    #[must_use]
    pub fn first_from(&self, from: Tid) -> u64 {
        if from.is_none() {
            return deadline_of(NEVER);
        }
        let n = from.0;
        let leaves = four(&self.leaves, n & 0xfc);
        let level1 = four(&self.level1, n >> 4 << 2);
        let level2 = four(&self.level2, n >> 6 << 2);
        let own = least_from(leaves, n & 3);
        // In each level above, the groups after the one below.
        let next = least_from(level1, (n >> 2 & 3) + 1);
        let further = least_from(level2, (n >> 4 & 3) + 1);
        let furthest = least_from(self.level3, (n >> 6) + 1);
        deadline_of(own.min(next).min(further.min(furthest)))
    }

    /// The most urgent thread whose deadline is at or before `now`; none if there is none.
    #[must_use]
    pub fn most_urgent_expired(&self, now: u64) -> Tid {
        if self.first() > now {
            return Tid::IDLE;
        }
        let a = last_expired(self.level3, now);
        let b = a << 2 | last_expired(four(&self.level2, a << 2), now);
        let c = b << 2 | last_expired(four(&self.level1, b << 2), now);
        Tid(c << 2 | last_expired(four(&self.leaves, c << 2), now))
    }
}

/// Four keys of a level from `start`, a multiple of four.
#[inline(always)]
fn four<const N: usize>(level: &[u64; N], start: u8) -> [u64; 4] {
    let start = start as usize % N / 4 * 4;
    [level[start], level[start + 1], level[start + 2], level[start + 3]]
}

/// The least of the keys from `start` on; no timer if `start` is 4.
#[inline(always)]
fn least_from(keys: [u64; 4], start: u8) -> u64 {
    let key = |n: u8| if n >= start { keys[n as usize] } else { NEVER };
    key(0).min(key(1)).min(key(2).min(key(3)))
}

/// The last of four keys that has expired; one of them has.
#[inline(always)]
fn last_expired(keys: [u64; 4], now: u64) -> u8 {
    if deadline_of(keys[3]) <= now {
        3
    } else if deadline_of(keys[2]) <= now {
        2
    } else {
        u8::from(deadline_of(keys[1]) <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::Timers;
    use crate::id::Tid;
    use proptest::prelude::{ProptestConfig, any, prop, proptest};
    use rtos_abi::call::NEVER;

    /// Most steps of a case.
    const STEPS: usize = if cfg!(miri) { 8 } else { 200 };

    fn reference_first_from(model: &[u64; 256], from: u8) -> u64 {
        model[from as usize..].iter().copied().min().unwrap_or(NEVER)
    }

    proptest! {
        // Miri is slow, and has no directory to keep failures in.
        #![proptest_config(ProptestConfig {
            cases: if cfg!(miri) { 1 } else { 256 },
            failure_persistence: None,
            ..ProptestConfig::default()
        })]
        #[test]
        fn the_tree_agrees_with_a_plain_table(steps in prop::collection::vec((1u8..=255, 0u64..1000, any::<bool>()), 1..STEPS)) {
            let mut timers = Timers::ZERO;
            timers.reset();
            let mut model = [NEVER; 256];
            for (id, deadline, clear) in steps {
                let deadline = if clear { NEVER } else { deadline };
                timers.set(Tid(id), deadline);
                model[id as usize] = deadline;
                let first = reference_first_from(&model, 0);
                assert_eq!(timers.first(), first.min(NEVER >> 8));
                if first != NEVER {
                    let urgent = model.iter().rposition(|d| *d == first).unwrap();
                    assert_eq!(timers.first_thread().index(), urgent, "of equal deadlines the more urgent thread's is first");
                }
                for from in [1u8, id, 200, 255] {
                    assert_eq!(timers.first_from(Tid(from)), reference_first_from(&model, from).min(NEVER >> 8));
                }
                let now = 500;
                let expired = model.iter().rposition(|d| *d <= now).map_or(Tid::IDLE, |n| Tid(n as u8));
                assert_eq!(timers.most_urgent_expired(now), expired);
            }
        }
    }
}
