//! Random walks: any thread of a random system does anything at any time, and the invariants hold after every step.
//!
//! A walk is a seed. A failing one prints it with its latest events.

mod acts;
mod random;
mod systems;

use crate::machine::Machine;
use random::Random;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Walks of a run, and steps of a walk.
const SIZE: (u64, u64) = if cfg!(miri) { (1, 60) } else { (240, 2000) };

/// What a walk came across, so that a run that tests nothing is noticed.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// Partitions that were started.
    starts: u64,
    /// Calls that were answered.
    answers: u64,
    /// Interrupts of the timer.
    timers: u64,
    /// Steps that said again.
    steps: u64,
    /// Budgets that were used up.
    exhausted: u64,
    /// Deadlines missed.
    missed: u64,
}

/// Walks one seed.
fn walk(seed: u64, steps: u64) -> Seen {
    let mut random = Random::new(seed);
    let system = systems::random(&mut random);
    let mut machine = Machine::boot(&system);
    machine.step_ticks = random.below(3);
    let mut answers = 0;
    let walked = catch_unwind(AssertUnwindSafe(|| {
        for step in 0..steps {
            if machine.halted.is_some() {
                break;
            }
            answers += u64::from(acts::act(&mut machine, &mut random));
            if !cfg!(miri) || step % 8 == 7 {
                machine.check();
            }
            if step % 64 == 60 {
                machine.check_memory();
            }
        }
        if !cfg!(miri) {
            machine.check_memory();
        }
    }));
    if let Err(panic) = walked {
        eprintln!("walk {seed:#x} failed after:");
        machine.log.iter().for_each(|event| eprintln!("  {event}"));
        resume_unwind(panic);
    }
    let kernel = &machine.kernel;
    Seen {
        starts: kernel.partitions.iter().map(|partition| u64::from(partition.starts)).sum(),
        answers,
        timers: machine.timer_interrupts,
        steps: machine.steps,
        exhausted: kernel.budgets.iter().map(|budget| budget.exhausted).sum(),
        missed: kernel.threads.iter().map(|thread| thread.record.missed).sum(),
    }
}

#[test]
fn whatever_programs_do_the_invariants_hold() {
    let (walks, steps) = SIZE;
    let mut all = Seen::default();
    for n in 0..walks {
        let seen = walk(0x5eed_0000 + n, steps);
        all.starts += seen.starts;
        all.answers += seen.answers;
        all.timers += seen.timers;
        all.steps += seen.steps;
        all.exhausted += seen.exhausted;
        all.missed += seen.missed;
    }
    println!("{all:?}");
    if !cfg!(miri) {
        assert!(all.starts > walks * 15 && all.answers > walks * 4 && all.timers > walks * 200, "{all:?}");
        assert!(all.steps > walks * 500 && all.exhausted > walks * 4 && all.missed > walks * 4, "{all:?}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "the walk above says all there is to say about memory")]
fn a_walk_is_the_same_each_time() {
    let steps = SIZE.1.min(300);
    let (one, two) = (walk(7, steps), walk(7, steps));
    assert_eq!(format!("{one:?}"), format!("{two:?}"));
}
