//! Deadlines: one timer a thread, in a tree of minima.
//!
//! Leaf `n` is thread `n`'s timer; each inner node holds the least of its four children. Setting or clearing any timer
//! costs the same few steps whatever else is queued, and because thread numbers rise with priority, the least deadline
//! of all threads above a priority is a walk along one edge of the tree ([`Timers::first_from`]): that is what lets a
//! thread run undisturbed by the timers of less urgent ones.
//!
//! A key is `deadline << 8 | 255 - thread`: of two equal deadlines the more urgent thread's is less.

use crate::id::Tid;
use kernel_bounds::turn;
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
        let n = from.index();
        let mut least = NEVER;
        rest(&mut least, &self.leaves, n);
        rest(&mut least, &self.level1, (n >> 2) + 1);
        rest(&mut least, &self.level2, (n >> 4) + 1);
        rest(&mut least, &self.level3, (n >> 6) + 1);
        deadline_of(least)
    }

    /// The most urgent thread whose deadline is at or before `now`.
    #[must_use]
    pub fn most_urgent_expired(&self, now: u64) -> Option<Tid> {
        let a = last_expired(&self.level3, 0, now)?;
        let b = last_expired(&self.level2, a, now)?;
        let c = last_expired(&self.level1, b, now)?;
        let d = last_expired(&self.leaves, c, now)?;
        Some(Tid(d as u8))
    }
}

/// Takes the least of the group of four from `start` to the group's end; nothing if `start` begins the next group.
#[inline(always)]
fn rest(least: &mut u64, level: &[u64], start: usize) {
    for step in 0..4 {
        turn::<4>();
        let i = start + step;
        if (step > 0 && i.is_multiple_of(4)) || (step == 0 && start.is_multiple_of(4) && level.len() != 256) {
            return;
        }
        if let Some(key) = level.get(i) {
            *least = (*least).min(*key);
        }
    }
}

/// Of the children of node `parent`, the index of the last that has expired.
#[inline(always)]
fn last_expired(level: &[u64], parent: usize, now: u64) -> Option<usize> {
    let mut found = None;
    for step in 0..4 {
        turn::<4>();
        let i = parent * 4 + step;
        if level.get(i).is_some_and(|key| deadline_of(*key) <= now) {
            found = Some(i);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::Timers;
    use crate::id::Tid;
    use proptest::prelude::{any, prop, proptest};
    use rtos_abi::call::NEVER;

    fn reference_first_from(model: &[u64; 256], from: u8) -> u64 {
        model[from as usize..].iter().copied().min().unwrap_or(NEVER)
    }

    proptest! {
        #[test]
        fn the_tree_agrees_with_a_plain_table(steps in prop::collection::vec((1u8..=255, 0u64..1000, any::<bool>()), 1..200)) {
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
                let expired = model.iter().rposition(|d| *d <= now).map(|n| Tid(n as u8));
                assert_eq!(timers.most_urgent_expired(now), expired);
            }
        }
    }
}
