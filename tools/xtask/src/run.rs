//! `cargo xtask run`: builds a system, boots it in the emulator and connects the terminal, or a script, to its shell.

use std::fs::File;
use std::io::{BufRead, BufReader, stdin};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use lexopt::ValueExt;

use crate::build::{self, System};
use crate::qemu::{Board, Machine};
use crate::session::{self, Step};
use crate::{setup, terminal};

/// What `help` says of it.
pub const USAGE: &str = "[--board rpi3|rpi4|virt] [--system NAME] [--card FILE] [--app NAME] [--script FILE|-] \
                         [--icount|--real-time] [--timeout SECONDS]";
/// A scripted session that takes longer has gone wrong.
const SCRIPT_LIMIT: Duration = Duration::from_secs(300);

/// What the arguments say.
struct Options {
    board: Board,
    system: String,
    card: Option<PathBuf>,
    app: Option<String>,
    script: Option<PathBuf>,
    icount: Option<bool>,
    timeout: Option<Duration>,
}

impl Options {
    fn parse(mut arguments: lexopt::Parser) -> Result<Self> {
        let mut options = Self {
            board: Board::Rpi4,
            system: build::DEFAULT_SYSTEM.to_owned(),
            card: None,
            app: None,
            script: None,
            icount: None,
            timeout: None,
        };
        while let Some(argument) = arguments.next()? {
            match argument {
                lexopt::Arg::Long("board") => options.board = arguments.value()?.string()?.parse()?,
                lexopt::Arg::Long("system") => options.system = arguments.value()?.string()?,
                lexopt::Arg::Long("card") => options.card = Some(arguments.value()?.into()),
                lexopt::Arg::Long("app") => options.app = Some(arguments.value()?.string()?),
                lexopt::Arg::Long("script") => options.script = Some(arguments.value()?.into()),
                lexopt::Arg::Long("icount") => options.icount = Some(true),
                lexopt::Arg::Long("real-time") => options.icount = Some(false),
                lexopt::Arg::Long("timeout") => {
                    options.timeout = Some(Duration::from_secs(arguments.value()?.parse::<u64>()?));
                }
                other => return Err(other.unexpected().into()),
            }
        }
        if let Some(card) = options.card.as_ref().filter(|card| !card.is_file()) {
            bail!("there is no card image {}", card.display());
        }
        Ok(options)
    }

    /// The steps to type, if no terminal is connected. They are read as they are needed: they may come from a pipe.
    fn steps(&self) -> Result<Option<Box<dyn Iterator<Item = Result<Step>>>>> {
        let lines: Box<dyn BufRead> = match &self.script {
            Some(file) if file.as_os_str() != "-" => {
                Box::new(BufReader::new(File::open(file).with_context(|| format!("cannot read {}", file.display()))?))
            }
            None if terminal::is_interactive() => return Ok(None),
            _ => Box::new(BufReader::new(stdin())),
        };
        let steps = lines.lines().filter_map(|line| match line.context("cannot read the script") {
            Ok(line) => Step::parse(&line).transpose(),
            Err(error) => Some(Err(error)),
        });
        Ok(Some(Box::new(steps)))
    }
}

/// The subcommand.
pub fn command(arguments: lexopt::Parser) -> Result<u8> {
    let options = Options::parse(arguments)?;
    let steps = options.steps()?;
    setup::targets()?;
    setup::emulator()?;
    let system = build::system(&options.system, options.app.as_deref())?;
    let machine = machine(&system, &options, steps.is_some());
    let code = match steps {
        Some(steps) => {
            let limit = options.timeout.unwrap_or(SCRIPT_LIMIT);
            let report = session::play(&machine, steps, &session::Options { limit, show: true, shell: true })?;
            report.outcome.map_err(anyhow::Error::msg)
        }
        None => {
            let first = options.app.as_ref().map(|app| format!("run {app}"));
            terminal::interact(&machine, first.as_deref(), options.timeout).map(|code| code.unwrap_or(0))
        }
    };
    for line in machine.unexpected().iter().take(20) {
        eprintln!("emulator: {line}");
    }
    code
}

/// The emulator for these options.
fn machine(system: &System, options: &Options, scripted: bool) -> Machine {
    let mut machine = system.machine(options.board, "run");
    machine.card.clone_from(&options.card);
    // A script runs in virtual time, where sleeping costs nothing; a person lives in real time.
    machine.icount = options.icount.unwrap_or(scripted);
    machine
}
