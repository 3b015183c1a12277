//! The other partition of the timing tests: it answers calls, yields back, and notes when it woke.
#![cfg_attr(target_os = "none", no_std, no_main)]

use rtos_api::device::VirtualTimer;
use rtos_api::prelude::{Instant, Message};
use rtos_api::{ipc, ring, sys, thread};
use timing_tests::Shared;
use timing_tests::shared::word;

include!(concat!(env!("OUT_DIR"), "/handles.rs"));

rtos_api::entry!(main);

/// First word of a message that asks for a yielding thread; the second is how often it is to yield.
const YIELD: u64 = 1;
/// The same for the thread with floating point.
const YIELD_FP: u64 = 2;

fn shared() -> Shared {
    let address = ring::describe(0).map_or(0, |ring| ring.address);
    // SAFETY: ring 0 is declared for this use by the partition that measures, and is not opened as a ring.
    unsafe { Shared::new(address) }
}

static ROUNDS: core::sync::atomic::AtomicU64 = core::sync::atomic::AtomicU64::new(0);

fn yielder() {
    for _ in 0..ROUNDS.load(core::sync::atomic::Ordering::Relaxed) {
        thread::yield_now();
    }
}

fn note(shared: Shared) {
    shared.set(word::WOKE, sys::cycles());
    shared.set(word::WAKES, shared.get(word::WAKES) + 1);
}

fn waiter() {
    let shared = shared();
    loop {
        let came = rtos_api::notify::wait(bits::GO | bits::RAISED, Instant::NEVER);
        note(shared);
        if came.is_ok_and(|came| came & bits::RAISED != 0) {
            VirtualTimer.stop();
            irqs::VIRTUAL_TIMER.done();
        }
    }
}

fn waiter_fp() {
    let shared = shared();
    loop {
        let _ = rtos_api::notify::wait(bits::GO_FP, Instant::NEVER);
        note(shared);
    }
}

/// Answers at once; a request to yield starts a thread first.
fn serve() {
    let mut request = ipc::receive(Instant::NEVER);
    loop {
        let Ok(call) = request else { return };
        let message: Message = call.message;
        let started = match message[0] {
            YIELD | YIELD_FP => {
                ROUNDS.store(message[1], core::sync::atomic::Ordering::Relaxed);
                let number = if message[0] == YIELD { threads::YIELDER } else { threads::YIELDER_FP };
                number.start(yielder).is_ok()
            }
            _ => true,
        };
        let mut answer = message;
        answer[7] = u64::from(started);
        request = call.reply_receive(answer, Instant::NEVER);
    }
}

fn main() -> Result<(), rtos_api::Error> {
    threads::WAITER.start(waiter)?;
    threads::WAITER_FP.start(waiter_fp)?;
    threads::SERVER_FP.start(serve)?;
    irqs::VIRTUAL_TIMER.done();
    serve();
    Ok(())
}
