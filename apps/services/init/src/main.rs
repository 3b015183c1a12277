//! The first partition. The kernel builds and starts it; it does so for all others, and its death is a reboot.
//!
//! | thread | does |
//! |---|---|
//! | `supervisor` | is told of every death, clears the dead partition away, tells the restarter and the shell; calls nobody |
//! | `loader` | starts the system from the boot bundle, then programs for whoever may call it |
//! | `restarter` | starts partitions again, as their manifests allow |
#![cfg_attr(target_os = "none", no_std, no_main)]

mod bundle_view;
mod loader;
mod restarter;

use rtos_abi::call::SUPERVISOR_DEATH_BIT;
use rtos_api::build::Slot;
use rtos_api::info::{self, partition_state};
use rtos_api::prelude::*;

include!(concat!(env!("OUT_DIR"), "/handles.rs"));

rtos_api::entry!(main);

/// The supervisor thread.
fn main() -> Result<(), Error> {
    let slots = info::system()?.partitions.min(64) as u8;
    threads::LOADER.start(loader::run)?;
    loop {
        notify::wait(SUPERVISOR_DEATH_BIT, Instant::NEVER)?;
        let died = (0..slots).fold(0, |died, slot| died | u64::from(reap(slot)) << slot);
        if died != 0 {
            restarter::tell(died);
            tell_shell();
        }
    }
}

/// Clears a partition away if it is dead; answers whether it was.
fn reap(slot: u8) -> bool {
    let dead = info::partition(slot).is_ok_and(|partition| partition.state == partition_state::DEAD);
    dead && Slot::new(slot).reap().is_ok()
}

fn tell_shell() {
    // The shell itself may be the one that died; a restarted one is reported once and then told.
    if peers::SHELL_MAIN.notify() == Err(Error::PeerRestarted) {
        let _ = peers::SHELL_MAIN.notify();
    }
}
