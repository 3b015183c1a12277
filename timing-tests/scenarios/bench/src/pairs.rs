//! Two threads of this partition that yield to each other.

use crate::{ROUNDS, Set, WARM_UP, print, reading_cost, threads};
use rtos_api::prelude::{Error, Instant};
use rtos_api::{sys, thread};

/// Yields as often as the measuring thread does; one more, so that it never ends first.
fn other() {
    for _ in 0..=WARM_UP + ROUNDS {
        thread::yield_now();
    }
}

/// Half of what a yield and the other's yield back cost.
pub fn measure_yields(name: &'static str) {
    let cost = reading_cost();
    let mut samples = Set::new();
    for round in 0..WARM_UP + ROUNDS {
        let before = sys::cycles();
        thread::yield_now();
        let after = sys::cycles();
        if round >= WARM_UP {
            samples.add((after - before - cost).div_ceil(2));
        }
    }
    print(&samples.row(name, "insn"));
}

/// Rows `yield_same_partition` and `yield_same_partition_fp`. The measuring thread starts the other one, which has the
/// same priority and so waits for the first yield.
pub fn same_partition() -> Result<(), Error> {
    threads::PAIR_A.start(|| threads::PAIR_B.start(other).map(|()| measure_yields("yield_same_partition")))?;
    threads::PAIR_A.join(Instant::NEVER)?;
    threads::PAIR_B.join(Instant::NEVER)?;
    threads::PAIR_FP_A.start(|| threads::PAIR_FP_B.start(other).map(|()| measure_yields("yield_same_partition_fp")))?;
    threads::PAIR_FP_A.join(Instant::NEVER)?;
    threads::PAIR_FP_B.join(Instant::NEVER)
}
