//! Whether and when a dead partition is started again: so many times in a window, each time after twice the wait.

/// What a manifest allows. Times in ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Restarts in a window; 0 for none at all.
    pub restarts: u8,
    /// The window, from its first death.
    pub window: u64,
    /// Wait before the first restart of a window; doubled each time.
    pub backoff: u64,
}

/// What follows a death.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The partition is to be started at this time.
    RestartAt(u64),
    /// It stays dead.
    GiveUp,
}

/// The deaths of a partition in the present window.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deaths {
    /// Restarts that were granted.
    granted: u8,
    /// When the window began.
    since: u64,
}

impl Deaths {
    /// Counts a death at `now` and decides.
    pub fn next(&mut self, policy: Policy, now: u64) -> Verdict {
        if self.granted == 0 || now.saturating_sub(self.since) > policy.window {
            *self = Self { granted: 0, since: now };
        }
        if self.granted >= policy.restarts {
            return Verdict::GiveUp;
        }
        let wait = policy.backoff.saturating_mul(1 << self.granted.min(63));
        self.granted += 1;
        Verdict::RestartAt(now.saturating_add(wait))
    }
}

#[cfg(test)]
mod tests {
    use super::{Deaths, Policy, Verdict};

    const POLICY: Policy = Policy { restarts: 3, window: 1000, backoff: 10 };

    #[test]
    fn the_wait_doubles_with_each_restart_in_a_window() {
        let mut deaths = Deaths::default();
        assert_eq!(deaths.next(POLICY, 100), Verdict::RestartAt(110));
        assert_eq!(deaths.next(POLICY, 200), Verdict::RestartAt(220));
        assert_eq!(deaths.next(POLICY, 300), Verdict::RestartAt(340));
    }

    #[test]
    fn after_the_allowed_restarts_it_stays_dead_until_the_window_is_over() {
        let mut deaths = Deaths::default();
        for now in [0, 1, 2] {
            assert!(matches!(deaths.next(POLICY, now), Verdict::RestartAt(_)));
        }
        assert_eq!(deaths.next(POLICY, 1000), Verdict::GiveUp);
        assert_eq!(deaths.next(POLICY, 1001), Verdict::RestartAt(1011), "a new window, and the first wait again");
    }

    #[test]
    fn a_partition_without_a_policy_is_never_restarted() {
        let mut deaths = Deaths::default();
        for now in 0..5 {
            assert_eq!(deaths.next(Policy::default(), now), Verdict::GiveUp);
        }
    }

    #[test]
    fn many_restarts_do_not_overflow_the_wait() {
        let policy = Policy { restarts: u8::MAX, window: u64::MAX, backoff: u64::MAX / 2 };
        let mut deaths = Deaths::default();
        for now in 0..200 {
            assert!(matches!(deaths.next(policy, now), Verdict::RestartAt(at) if at > now));
        }
    }
}
