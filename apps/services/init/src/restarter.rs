//! Starts dead partitions again, as their manifests allow.

use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::{AcqRel, Acquire};

use init_lib::restart::{Deaths, Policy, Verdict};
use rtos_abi::FaultReason;
use rtos_abi::bundle::{Partition, partition_flag};
use rtos_abi::call::NEVER;
use rtos_abi::limits::MAX_PARTITIONS;
use rtos_api::info;
use rtos_api::prelude::*;

use crate::loader::Programs;
use crate::{bits, threads};

/// Slots that died and were cleared, a bit each.
static DIED: AtomicU64 = AtomicU64::new(0);

/// Tells the restarter that these slots died, a bit each.
pub fn tell(slots: u64) {
    DIED.fetch_or(slots, AcqRel);
    // Until the loader has started the system there is no restarter; it looks here when it begins.
    let _ = threads::RESTARTER.notify(bits::RESTART);
}

/// What is known of a slot.
#[derive(Clone, Copy)]
struct Slot {
    deaths: Deaths,
    /// When it is to be started, ticks; [`NEVER`] if it is not.
    restart_at: u64,
}

/// The restarter thread.
pub fn run() -> Result<(), Error> {
    let programs = Programs::open().map_err(|_| Error::NotFound)?;
    let mut slots = [Slot { deaths: Deaths::default(), restart_at: NEVER }; MAX_PARTITIONS];
    loop {
        let died = DIED.swap(0, Acquire);
        for (n, partition) in programs.partitions() {
            let Some(slot) = slots.get_mut(usize::from(n)) else { break };
            if died & 1 << n != 0 {
                slot.restart_at = decide(n, &partition, &mut slot.deaths);
            }
            if slot.restart_at <= Instant::now().ticks() {
                slot.restart_at = NEVER;
                // If it cannot be built again, it stays dead; the shell shows that.
                let _ = programs.start(n, &partition, &[]);
            }
        }
        let next = slots.iter().map(|slot| slot.restart_at).min().unwrap_or(NEVER);
        // At its end there is a restart to do.
        let _ = notify::wait(bits::RESTART, Instant::from_ticks(next));
    }
}

/// When a dead partition is to be started again.
fn decide(n: u8, partition: &Partition, deaths: &mut Deaths) -> u64 {
    let Ok(fault) = info::fault(n) else { return NEVER };
    let reason = FaultReason::from_number(fault.reason.into());
    let is_program = partition.flags & partition_flag::PROGRAM != 0;
    if is_program && matches!(reason, FaultReason::Exited | FaultReason::Killed) {
        // It was meant to end.
        return NEVER;
    }
    let ticks = |milliseconds: u32| Duration::from_millis(milliseconds.into()).ticks();
    let policy = Policy {
        restarts: partition.restarts,
        window: ticks(partition.restart_window_ms),
        backoff: ticks(partition.backoff_ms),
    };
    match deaths.next(policy, fault.at) {
        Verdict::RestartAt(time) => time,
        Verdict::GiveUp => NEVER,
    }
}
