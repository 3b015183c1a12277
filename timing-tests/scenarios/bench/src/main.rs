//! Measures the kernel's paths from user space: each row is the cycle counter before and after, less what reading it
//! costs. In the emulator the counter counts instructions. The first rounds are left out.
#![cfg_attr(target_os = "none", no_std, no_main)]

mod pairs;
mod peer;
mod timer;

use rtos_api::prelude::{Duration, Error, Instant, println, sleep};
use rtos_api::{control, ring, sys};
use timing_tests::{Row, Samples, Shared, row};

include!(concat!(env!("OUT_DIR"), "/handles.rs"));

rtos_api::entry!(main);

/// Samples of a row.
const ROUNDS: usize = 200;
/// Rounds before the first sample.
const WARM_UP: usize = 8;
/// The samples of a row.
type Set = Samples<ROUNDS>;

/// Prints a row; waits while the console has no room for it.
fn print(row: &Row<'_>) {
    println!("{row}");
    // The console is more urgent and drains the ring at once; the pause keeps its work out of the next row.
    sleep(Duration::from_millis(2));
}

/// What reading the counter twice costs.
fn reading_cost() -> u64 {
    let before = sys::cycles();
    sys::cycles() - before
}

fn shared() -> Result<Shared, Error> {
    // Rings 0 and 1 are standard output and input.
    let address = ring::describe(2)?.address;
    // SAFETY: ring 2 is declared for this use, and neither side opens it as a ring.
    Ok(unsafe { Shared::new(address) })
}

fn null_syscall() {
    let cost = reading_cost();
    let mut samples = Set::new();
    for round in 0..WARM_UP + ROUNDS {
        let before = sys::cycles();
        sys::null();
        let after = sys::cycles();
        if round >= WARM_UP {
            samples.add(after - before - cost);
        }
    }
    print(&samples.row("null_syscall", "insn"));
}

fn main() -> Result<(), Error> {
    // The console and the shell have their say first.
    sleep(Duration::from_millis(20));
    null_syscall();
    pairs::same_partition()?;
    peer::all(false)?;
    threads::PAIR_FP_A.start(|| peer::all(true))?;
    threads::PAIR_FP_A.join(Instant::NEVER)?;
    timer::all()?;
    println!("{}", row::END);
    sleep(Duration::from_millis(50));
    control::shutdown(0)
}
