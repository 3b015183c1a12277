//! `cargo xtask check`: the rules of this tree that no compiler holds. Each finding names the place and the rule.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::{build, context, setup};

mod dependencies;
mod erratum;
mod source;
mod text;

/// What `help` says of it.
pub const USAGE: &str = "[--no-build]";

/// The subcommand.
pub fn command(mut arguments: lexopt::Parser) -> Result<u8> {
    let mut with_build = true;
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("no-build") => with_build = false,
            other => return Err(other.unexpected().into()),
        }
    }
    let mut findings = dependencies::findings()?;
    findings.extend(text::findings(&tracked_files()?)?);
    if with_build {
        setup::targets()?;
        let system = build::system(build::DEFAULT_SYSTEM, None)?;
        let programs = system.programs.iter().map(|(_, elf)| elf);
        findings.extend(erratum::findings(std::iter::once(&system.kernel).chain(programs))?);
    }
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => Ok(0),
        1 => bail!("1 rule is broken"),
        count => bail!("{count} rules are broken"),
    }
}

/// The tree's files, relative to its root: what is committed and what is about to be.
fn tracked_files() -> Result<Vec<PathBuf>> {
    let mut git = std::process::Command::new("git");
    git.current_dir(context::root()).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let list = context::output(&mut git).context("the list of files comes from git")?;
    let mut files: Vec<_> = list.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect();
    files.retain(|file| context::root().join(file).is_file());
    files.sort();
    files.dedup();
    Ok(files)
}
