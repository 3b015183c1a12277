//! Stopping: the own partition, another one, the machine.

use crate::{Error, sys};

/// Ends the own partition, with all its threads.
pub fn exit(code: u64) -> ! {
    sys::exit(code)
}

/// Stops partition `slot` if it still is in life number `generation`. Its actuators go to their safe state.
/// Right: `control`.
///
/// # Errors
/// [`Error::NotFound`] for a slot that the system does not have, [`Error::BadState`] when that life is over.
pub fn kill(slot: u8, generation: u32) -> Result<(), Error> {
    sys::kill(slot, generation)
}

/// Stops the machine. Right: `shutdown`.
pub fn shutdown(code: u64) -> ! {
    sys::shutdown(code)
}
