//! `cargo xtask test`: everything that can be proven without a board. One line a step; what a failed step said follows it.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::setup;

mod emulated;
mod host;

/// What `help` says of it.
pub const USAGE: &str = "[--quick] [--only PART]";

/// How far the tests go, and how they went.
pub struct Tally {
    /// Only steps whose name has this part.
    only: Option<String>,
    passed: usize,
    failed: usize,
}

/// What a step found: the tests that it counts as, and a remark.
pub struct Done {
    /// Tests that passed.
    pub passed: usize,
    /// Tests that failed; the remark then is what was said.
    pub failed: usize,
    /// A remark, maybe empty.
    pub note: String,
}

impl Done {
    /// One test passed.
    pub const ONE: Self = Self { passed: 1, failed: 0, note: String::new() };
}

impl Tally {
    /// The step is among those asked for.
    pub fn wanted(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|part| name.contains(part.as_str()))
    }

    /// Does one step and prints its line.
    pub fn step(&mut self, name: &str, work: impl FnOnce() -> Result<Done>) {
        if self.wanted(name) {
            let start = Instant::now();
            let result = work();
            self.count(name, start.elapsed(), result);
        }
    }

    /// Counts a step that was done and prints its line.
    pub fn count(&mut self, name: &str, time: Duration, result: Result<Done>) {
        let seconds = time.as_secs_f64();
        match result {
            Ok(done) if done.failed > 0 => {
                self.passed += done.passed;
                self.failed += done.failed;
                println!("FAILED  {name}  ({seconds:.1} s)\n{}\n{} of them failed\n", done.note, done.failed);
            }
            Ok(done) => {
                self.passed += done.passed;
                let note = if done.note.is_empty() { String::new() } else { format!("  {}", done.note) };
                println!("ok      {name}  ({seconds:.1} s){note}");
            }
            Err(error) => {
                self.failed += 1;
                println!("FAILED  {name}  ({seconds:.1} s)\n{error:#}\n");
            }
        }
    }
}

/// The subcommand.
pub fn command(mut arguments: lexopt::Parser) -> Result<u8> {
    use lexopt::ValueExt;
    let mut quick = false;
    let mut tally = Tally { only: None, passed: 0, failed: 0 };
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("quick") => quick = true,
            lexopt::Arg::Long("only") => tally.only = Some(arguments.value()?.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    tally.step("setup", || {
        setup::targets()?;
        setup::components()?;
        setup::emulator()?;
        Ok(Done::ONE)
    });
    host::steps(&mut tally, quick);
    emulated::steps(&mut tally, quick);
    println!("{} passed, {} failed", tally.passed, tally.failed);
    Ok(u8::from(tally.failed > 0))
}
