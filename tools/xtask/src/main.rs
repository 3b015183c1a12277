//! `cargo xtask`: everything one does with this tree, a file a subcommand.
//!
//! This crate is built first on a clean machine, so it stays small: it finds out what is missing, calls cargo and QEMU,
//! and leaves formats and analyses to the other crates under `tools/`.

use std::process::ExitCode;

use anyhow::{Result, bail};

mod build;
mod check;
mod context;
mod emulator;
mod flat;
mod graph;
mod manifest_report;
mod new;
mod paths;
mod qemu;
mod run;
mod scenario;
mod screen;
mod session;
mod setup;
mod size;
mod terminal;
mod test;
mod timing;

/// A subcommand: its name, what `help` says of it, and the function that does it and answers the exit code.
struct Command {
    name: &'static str,
    usage: &'static str,
    about: &'static str,
    run: fn(lexopt::Parser) -> Result<u8>,
}

/// All subcommands, in the order of `help`.
const COMMANDS: &[Command] = &[
    Command { name: "run", usage: run::USAGE, about: "boot a system in the emulator", run: run::command },
    Command { name: "test", usage: test::USAGE, about: "prove everything that needs no board", run: test::command },
    Command { name: "build", usage: build::USAGE, about: "build a system's image", run: build::command },
    Command { name: "check", usage: check::USAGE, about: "hold the tree against its rules", run: check::command },
    Command {
        name: "timing",
        usage: timing::USAGE,
        about: "measure, and compare with the budgets",
        run: timing::command,
    },
    Command { name: "paths", usage: paths::USAGE, about: "bound every masked path of the kernel", run: paths::command },
    Command {
        name: "manifest",
        usage: manifest_report::USAGE,
        about: "check and explain a system's manifests",
        run: manifest_report::command,
    },
    Command { name: "graph", usage: graph::USAGE, about: "draw a system's priorities and edges", run: graph::command },
    Command { name: "size", usage: size::USAGE, about: "say what an image is made of", run: size::command },
    Command { name: "new", usage: new::USAGE, about: "make a new application", run: new::command },
    Command { name: "setup", usage: "", about: "install what the other commands need", run: setup::command },
];

/// Prints the subcommands.
fn help() {
    println!("usage: cargo xtask COMMAND\n");
    for command in COMMANDS {
        println!("  {:10}{}\n  {:10}  {}", command.name, command.usage, "", command.about);
    }
}

/// Finds the subcommand and runs it.
fn dispatch() -> Result<u8> {
    let mut parser = lexopt::Parser::from_env();
    let name = match parser.next()? {
        Some(lexopt::Arg::Value(value)) => value.to_string_lossy().into_owned(),
        None | Some(lexopt::Arg::Long("help") | lexopt::Arg::Short('h')) => "help".to_owned(),
        Some(other) => return Err(other.unexpected().into()),
    };
    if name == "help" {
        help();
        return Ok(0);
    }
    match COMMANDS.iter().find(|command| command.name == name) {
        Some(command) => (command.run)(parser),
        None => bail!("there is no command '{name}'; `cargo xtask help` lists them"),
    }
}

fn main() -> ExitCode {
    match dispatch() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(1)
        }
    }
}
