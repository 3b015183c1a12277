//! Rows between this partition and the other one.

use crate::{ROUNDS, Set, WARM_UP, calls, pairs, peers, print, reading_cost, shared, threads};
use rtos_api::prelude::{CallEdge, Duration, Error, Instant, NotifyEdge};
use rtos_api::{device::VirtualTimer, sys};
use timing_tests::shared::word;

/// See the other partition's program.
const ECHO: u64 = 0;
/// See the other partition's program.
const YIELD: u64 = 1;
/// See the other partition's program.
const YIELD_FP: u64 = 2;

/// Measures all of them, from the calling thread; with floating point in all threads that take part, or in none.
pub fn all(fp: bool) -> Result<(), Error> {
    if fp {
        call_reply(calls::PEER_SERVER_FP, Instant::NEVER, "call_reply_64_fp")?;
        notify(peers::PEER_WAITER_FP, "notify_other_partition_fp")?;
        yield_with(calls::PEER_SERVER_FP, YIELD_FP, "yield_two_partitions_fp");
        return Ok(());
    }
    call_reply(calls::PEER_SERVER, Instant::NEVER, "call_reply_64")?;
    call_reply(calls::PEER_SERVER, Instant::after(Duration::from_secs(10)), "call_reply_64_deadline")?;
    notify(peers::PEER_WAITER, "notify_other_partition")?;
    irq_to_user()?;
    threads::PAIR_A.start(two_partitions)?;
    threads::PAIR_A.join(Instant::NEVER)
}

/// A call with a 64-byte message and its reply.
fn call_reply(server: CallEdge, deadline: Instant, name: &'static str) -> Result<(), Error> {
    let cost = reading_cost();
    let mut samples = Set::new();
    let mut message = [ECHO, 1, 2, 3, 4, 5, 6, 7];
    for round in 0..WARM_UP + ROUNDS {
        let before = sys::cycles();
        message = server.call(message, deadline)?;
        let after = sys::cycles();
        if round >= WARM_UP {
            samples.add(after - before - cost);
        }
    }
    print(&samples.row(name, "insn"));
    Ok(())
}

/// A notification, to the first instruction of the more urgent thread that waited for it.
fn notify(waiter: NotifyEdge, name: &'static str) -> Result<(), Error> {
    let (cost, shared) = (reading_cost(), shared()?);
    let mut samples = Set::new();
    for round in 0..WARM_UP + ROUNDS {
        let wakes = shared.get(word::WAKES);
        let before = sys::cycles();
        waiter.notify()?;
        if shared.get(word::WAKES) != wakes + 1 {
            return Err(Error::BadState);
        }
        if round >= WARM_UP {
            samples.add(shared.get(word::WOKE) - before - cost);
        }
    }
    print(&samples.row(name, "insn"));
    Ok(())
}

/// A device line, raised by the virtual timer, to the first instruction of its driver's thread.
fn irq_to_user() -> Result<(), Error> {
    let (cost, shared) = (reading_cost(), shared()?);
    let mut samples = Set::new();
    for round in 0..WARM_UP + ROUNDS {
        let wakes = shared.get(word::WAKES);
        let before = sys::cycles();
        VirtualTimer.set(Duration::ZERO);
        if shared.get(word::WAKES) != wakes + 1 {
            return Err(Error::BadState);
        }
        // The five instructions that set the timer come before the line is raised.
        if round >= WARM_UP {
            samples.add(shared.get(word::WOKE) - before - cost - 5);
        }
    }
    print(&samples.row("irq_to_user", "insn"));
    Ok(())
}

/// Yields between a thread here and one there, of the same priority. The thread here asks for the one there, so that
/// neither begins without the other.
pub fn two_partitions() {
    yield_with(calls::PEER_SERVER, YIELD, "yield_two_partitions");
}

fn yield_with(server: CallEdge, request: u64, name: &'static str) {
    let rounds = (WARM_UP + ROUNDS + 1) as u64;
    if server.call([request, rounds, 0, 0, 0, 0, 0, 0], Instant::NEVER).is_ok_and(|answer| answer[7] == 1) {
        pairs::measure_yields(name);
    }
}
