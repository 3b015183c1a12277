//! `cargo xtask new NAME`: a new application that already builds, runs, and has a test.

use std::fs;

use anyhow::{Context, Result, bail, ensure};
use lexopt::ValueExt;

use crate::context;

/// What `help` says of it.
pub const USAGE: &str = "NAME";
/// Longest name of a partition.
const NAME_LENGTH: usize = 15;

/// The subcommand.
pub fn command(mut arguments: lexopt::Parser) -> Result<u8> {
    let Some(lexopt::Arg::Value(name)) = arguments.next()? else { bail!("how is it called? usage: new {USAGE}") };
    let name = name.string()?;
    if let Some(argument) = arguments.next()? {
        return Err(argument.unexpected().into());
    }
    let fits = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let fits = fits && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= NAME_LENGTH;
    ensure!(fits, "a name has a letter, then letters, digits and -, at most {NAME_LENGTH}, all lower case");
    let known = &context::metadata()?.packages;
    ensure!(!known.iter().any(|package| package.name == name), "there is a package {name} already");
    let directory = context::root().join("apps").join(&name);
    ensure!(!directory.exists(), "{} is there already", directory.display());
    fs::create_dir_all(directory.join("src"))?;
    for (file, text) in files(&name) {
        fs::write(directory.join(file), text)?;
    }
    add_member(&name)?;
    println!("apps/{name} is ready:");
    println!("  cargo xtask run --app {name}     boots a system with it and runs it");
    println!("  cargo test -p {name} --lib       runs its test");
    println!("Add \"{name}\" to apps/systems/default.toml to ship it.");
    Ok(0)
}

/// The files of a new application.
fn files(name: &str) -> [(&'static str, String); 5] {
    let library = name.replace('-', "_") + "_lib";
    let fill = |text: &str| text.replace("NAME", name).replace("LIBRARY", &library);
    [
        ("Cargo.toml", fill(CARGO)),
        ("build.rs", fill(BUILD)),
        ("partition.toml", fill(PARTITION)),
        ("src/lib.rs", fill(LOGIC)),
        ("src/main.rs", fill(MAIN)),
    ]
}

/// Puts the application among the workspace's members, before the timing tests.
fn add_member(name: &str) -> Result<()> {
    let file = context::root().join("Cargo.toml");
    let text = fs::read_to_string(&file)?;
    let next = "    \"timing-tests\",\n";
    ensure!(text.contains(next), "Cargo.toml does not list timing-tests; add apps/{name} to its members yourself");
    fs::write(&file, text.replacen(next, &format!("    \"apps/{name}\",\n{next}"), 1)).context("Cargo.toml")
}

const CARGO: &str = r#"[package]
name = "NAME"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
publish.workspace = true

[lib]
name = "LIBRARY"
path = "src/lib.rs"

# Runs on the target alone; what can be tested on the host is in the library.
[[bin]]
name = "NAME"
path = "src/main.rs"
test = false
bench = false

[dependencies]
rtos-api.workspace = true

[build-dependencies]
manifest.workspace = true

[lints]
workspace = true
"#;

const BUILD: &str = r#"//! Writes the handles that `partition.toml` gives this program.

fn main() {
    manifest::handles::generate();
}
"#;

const PARTITION: &str = r#"# What NAME may use. The build refuses what does not fit, the kernel refuses the rest.
name = "NAME"
program = true
memory = { image_kib = 64, heap_kib = 0 }
stdio = true

[[thread]]
name = "main"
priority = 50
budget = { amount_us = 5000, period_us = 50000 }
overrun = "throttle"
stack_kib = 8
"#;

const LOGIC: &str = r#"//! What NAME computes. Nothing here needs a board, so it is tested on the host.
#![no_std]

/// The sum of the numbers from 1 to `last`; `None` if it does not fit.
#[must_use]
pub fn sum_to(last: u32) -> Option<u32> {
    (1..=last).try_fold(0_u32, u32::checked_add)
}

#[cfg(test)]
mod tests {
    use super::sum_to;

    #[test]
    fn the_sum_is_that_of_the_formula_or_refused() {
        assert_eq!(sum_to(100), Some(100 * 101 / 2));
        assert_eq!(sum_to(u32::MAX), None);
    }
}
"#;

const MAIN: &str = r#"//! NAME: a program of its own partition. `run NAME 100` adds the numbers from 1 to 100.
#![cfg_attr(target_os = "none", no_std, no_main)]

use LIBRARY::sum_to;
use rtos_api::entry::ExitCode;
use rtos_api::prelude::*;

rtos_api::entry!(main);

fn main() -> ExitCode {
    let Some(last) = args::words().next().and_then(|word| word.parse().ok()) else {
        println!("usage: NAME NUMBER");
        return ExitCode::FAILURE;
    };
    match sum_to(last) {
        Some(sum) => println!("1 + ... + {last} = {sum}"),
        None => println!("1 + ... + {last} is too much"),
    }
    ExitCode::SUCCESS
}
"#;

#[cfg(test)]
mod tests {
    use super::files;

    #[test]
    fn no_placeholder_is_left_in_a_new_application() {
        for (file, text) in files("my-app") {
            assert!(!text.contains("NAME") && !text.contains("LIBRARY"), "{file}:\n{text}");
        }
    }
}
