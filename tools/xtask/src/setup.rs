//! `cargo xtask setup`: installs what is missing, each with a line that says what and why. The other commands call the
//! parts they need.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::context::{self, KERNEL_TARGET, PROGRAM_TARGET};

mod apt;

/// First version of QEMU with a Raspberry Pi 4.
const QEMU_MAJOR: u32 = 9;

/// The subcommand.
pub fn command(mut arguments: lexopt::Parser) -> Result<u8> {
    if let Some(argument) = arguments.next()? {
        return Err(argument.unexpected().into());
    }
    targets()?;
    components()?;
    emulator()?;
    println!("setup: nothing is missing");
    Ok(0)
}

/// The two bare-metal targets.
pub fn targets() -> Result<()> {
    for (target, why) in [(KERNEL_TARGET, "the kernel, which uses no floating point"), (PROGRAM_TARGET, "programs")] {
        let library = context::output(Command::new("rustc").current_dir(context::root()).args([
            "--print=target-libdir",
            "--target",
            target,
        ]))?;
        if Path::new(library.trim()).exists() {
            continue;
        }
        println!("setup: adding the Rust target {target}, for {why}");
        rustup(&["target", "add", target])?;
    }
    Ok(())
}

/// Formatter and lints, for `cargo xtask test`; a minimal toolchain comes without them.
pub fn components() -> Result<()> {
    for (program, component, why) in
        [("cargo-fmt", "rustfmt", "the format check"), ("cargo-clippy", "clippy", "the lints")]
    {
        if !context::available(program, "--version") {
            println!("setup: adding the Rust component {component}, for {why}");
            rustup(&["component", "add", component])?;
        }
    }
    Ok(())
}

/// Calls rustup for the toolchain of this tree, or says what to type where there is none.
fn rustup(arguments: &[&str]) -> Result<()> {
    let mut call = Command::new("rustup");
    call.args(arguments).current_dir(context::root());
    if !context::available("rustup", "--version") {
        bail!("rustup is missing, so this cannot be done here; type:\n  {}", context::shown(&call));
    }
    context::run(&mut call)
}

/// The emulator's version, if it is there.
fn emulator_version() -> Option<u32> {
    let text = context::output(Command::new(crate::context::QEMU).arg("--version")).ok()?;
    leading_version(text.split("version ").nth(1)?)
}

/// The first number of a version such as `1:10.0.2+ds-2`, without its epoch.
fn leading_version(version: &str) -> Option<u32> {
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// QEMU with `raspi3b`, `raspi4b` and `virt`.
pub fn emulator() -> Result<()> {
    let found = emulator_version();
    if found.is_some_and(|major| major >= QEMU_MAJOR) {
        return Ok(());
    }
    let why = match found {
        Some(major) => format!("QEMU {major} has no Raspberry Pi 4"),
        None => "the emulator is missing".to_owned(),
    };
    println!("setup: installing QEMU >= {QEMU_MAJOR}: {why}");
    apt::install_qemu(QEMU_MAJOR)?;
    match emulator_version() {
        Some(major) if major >= QEMU_MAJOR => Ok(()),
        Some(major) => bail!("QEMU is still version {major}; is there an older one earlier in PATH?"),
        None => bail!("the packages were installed, but {} is not in PATH", context::QEMU),
    }
}

#[cfg(test)]
mod tests {
    use super::leading_version;

    #[test]
    fn a_version_is_read_with_and_without_epoch() {
        assert_eq!(leading_version("1:10.0.2+ds-2+deb13u1~bpo12+1"), Some(10));
        assert_eq!(leading_version("7.2.17 (Debian)"), Some(7));
        assert_eq!(leading_version("none"), None);
    }
}
