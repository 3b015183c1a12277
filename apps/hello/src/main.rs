//! The smallest program: greets, prints its words, and ends.
//!
//! `hello count N` counts to N, a line every 100 ms; `hello exit CODE` ends with that code.
#![cfg_attr(target_os = "none", no_std, no_main)]

use rtos_api::entry::ExitCode;
use rtos_api::prelude::*;
// On the host these names are also the standard library's.
use rtos_api::{print, println};

rtos_api::entry!(main);

/// Pause between two lines of `count`, milliseconds.
const PAUSE_MS: u64 = 100;

fn main() -> ExitCode {
    let mut words = args::words();
    match (words.next(), words.next()) {
        (Some("count"), Some(last)) => count(last),
        (Some("exit"), Some(code)) => exit(code),
        _ => {
            greet();
            ExitCode::SUCCESS
        }
    }
}

fn greet() {
    print!("Hello from a partition of its own");
    for (n, word) in args::words().enumerate() {
        print!("{}{word}", if n == 0 { ": " } else { " " });
    }
    println!("");
}

fn count(last: &str) -> ExitCode {
    let Ok(last) = last.parse::<u32>() else {
        println!("hello: count: expected a number, found `{last}`");
        return ExitCode::FAILURE;
    };
    for n in 1..=last {
        println!("{n} of {last}");
        sleep(Duration::from_millis(PAUSE_MS));
    }
    ExitCode::SUCCESS
}

fn exit(code: &str) -> ExitCode {
    match code.parse() {
        Ok(code) => ExitCode(code),
        Err(_) => {
            println!("hello: exit: expected a number, found `{code}`");
            ExitCode::FAILURE
        }
    }
}
