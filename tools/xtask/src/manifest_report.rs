//! `cargo xtask manifest`: checks a system's manifests, and prints its partitions and when each thread is done at the
//! latest.

use anyhow::Result;
use lexopt::ValueExt;

use crate::build;

/// What `help` says of it.
pub const USAGE: &str = "[--system NAME]";

/// The subcommand.
pub fn command(mut arguments: lexopt::Parser) -> Result<u8> {
    let mut name = build::DEFAULT_SYSTEM.to_owned();
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("system") => name = arguments.value()?.string()?,
            other => return Err(other.unexpected().into()),
        }
    }
    print!("{}", manifest::report::report(&build::load(&name, None)?));
    Ok(0)
}
