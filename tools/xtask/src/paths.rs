//! `cargo xtask paths`: the bound of every interrupt-masked path, and the deepest kernel stack, from the shipped ELF.

use anyhow::{Result, anyhow};

use crate::{build, context, setup};

/// What `help` says of it.
pub const USAGE: &str = "[--accept]";

/// The subcommand.
pub fn command(mut arguments: lexopt::Parser) -> Result<u8> {
    let mut accept = false;
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("accept") => accept = true,
            other => return Err(other.unexpected().into()),
        }
    }
    setup::targets()?;
    print!("{}", report(accept)?.text());
    Ok(0)
}

/// Builds the kernel and bounds it; an error if a figure grew over `docs/bounds.md` and that is not accepted.
pub fn report(accept: bool) -> Result<::paths::Report> {
    let page = context::root().join("docs/bounds.md");
    ::paths::run(&build::kernel()?, &page, accept).map_err(|why| anyhow!(why))
}
