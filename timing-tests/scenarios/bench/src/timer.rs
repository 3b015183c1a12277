//! A timer's expiry, to the first instruction of the thread that slept for it.

use crate::{Set, WARM_UP, print, threads};
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use rtos_api::prelude::{Duration, Error, Instant, sleep_until};
use rtos_api::sys;

/// Sleeps of a row: each ends at another phase of the counter's ticks.
const SLEEPS: usize = 100;

/// The sleeper is done; the busy thread may stop.
static DONE: AtomicBool = AtomicBool::new(false);

/// How the cycle counter follows the time: the cycles of one tick, and the cycle count at tick 0, from two edges.
struct Clock {
    cycles_per_tick: u64,
    offset: u64,
}

/// The tick that has just begun and the cycle count soon after.
fn edge() -> (u64, u64) {
    let start = sys::counter();
    loop {
        let ticks = sys::counter();
        if ticks != start {
            return (ticks, sys::cycles());
        }
    }
}

impl Clock {
    fn new() -> Self {
        let (ticks, cycles) = edge();
        let mut later = edge();
        while later.0 - ticks < 1000 {
            later = edge();
        }
        let (span_ticks, span_cycles) = (later.0 - ticks, later.1 - cycles);
        let cycles_per_tick = (span_cycles + span_ticks / 2) / span_ticks;
        Self { cycles_per_tick, offset: cycles.wrapping_sub(ticks * cycles_per_tick) }
    }

    /// The cycle count at which tick `ticks` began, up to the few instructions that noticing an edge takes.
    fn cycles_at(&self, ticks: u64) -> u64 {
        self.offset.wrapping_add(ticks * self.cycles_per_tick)
    }
}

fn measure(name: &'static str) {
    let clock = Clock::new();
    let mut samples = Set::new();
    for round in 0..WARM_UP + SLEEPS {
        // An odd number of ticks, so that the phases differ.
        let at = Instant::after(Duration::from_ticks(1237 + round as u64));
        sleep_until(at);
        let woke = sys::cycles();
        if round >= WARM_UP {
            samples.add(woke.wrapping_sub(clock.cycles_at(at.ticks())));
        }
    }
    print(&samples.row(name, "insn"));
    DONE.store(true, Relaxed);
}

/// Rows `timer_to_user` (nothing else runs) and `timer_to_user_busy` (a less urgent thread does).
pub fn all() -> Result<(), Error> {
    threads::SLEEPER.start(|| measure("timer_to_user"))?;
    threads::SLEEPER.join(Instant::NEVER)?;
    DONE.store(false, Relaxed);
    threads::SLEEPER.start(|| measure("timer_to_user_busy"))?;
    while !DONE.load(Relaxed) {
        core::hint::spin_loop();
    }
    threads::SLEEPER.join(Instant::NEVER)
}
