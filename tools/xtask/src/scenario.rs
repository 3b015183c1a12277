//! Emulator tests as data: `tools/xtask/scenarios/*.toml`. A scenario boots a system, types lines as a person would, and
//! says what must be answered. Adding one is adding a file; CONTRIBUTING.md shows the form.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::build::DEFAULT_SYSTEM;
use crate::context;
use crate::qemu::Board;
use crate::session::{Report, Step, unescape};

mod expect;

/// A scenario.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Name: that of its file.
    #[serde(skip)]
    pub name: String,
    /// What it promises.
    pub about: String,
    /// Boards; all by default.
    boards: Option<Vec<String>>,
    /// The system that is booted.
    #[serde(default = "default_system")]
    pub system: String,
    /// Part of `cargo xtask test --quick`.
    #[serde(default)]
    pub quick: bool,
    /// Longest time, seconds of the host.
    #[serde(default = "default_timeout")]
    timeout_s: u64,
    /// Exit code of the system.
    #[serde(default)]
    exit: u8,
    /// Must be said nowhere in the session.
    #[serde(default)]
    never: Vec<String>,
    /// What is done, in this order.
    #[serde(rename = "step")]
    steps: Vec<ScenarioStep>,
}

/// One step: exactly one of `type`, `keys`, `wait` and `prompt`, and what must follow.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioStep {
    /// A line typed at the prompt, or several; the step lasts until the next prompt.
    #[serde(rename = "type")]
    lines: Option<Lines>,
    /// Keys pressed, with `\r` and `\xNN`; the step lasts until the next one.
    keys: Option<String>,
    /// Text to wait for since something was typed last.
    wait: Option<String>,
    /// Waits for the prompt.
    #[serde(default)]
    prompt: bool,
    /// How often the step is done.
    #[serde(default = "once")]
    repeat: u32,
    /// Parts of lines of this step, in this order.
    #[serde(default)]
    expect: Vec<String>,
    /// Parts of lines from this step to the end of the session, in this order.
    #[serde(default)]
    later: Vec<String>,
    /// Parts of lines that this step must not have.
    #[serde(default)]
    never: Vec<String>,
    /// Cells of a table in this step.
    #[serde(default, rename = "cell")]
    cells: Vec<expect::Cell>,
    /// Keeps this step's lines under a name...
    save: Option<String>,
    /// ...and demands the same lines again.
    same: Option<String>,
}

/// One line or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Lines {
    One(String),
    Several(Vec<String>),
}

impl Lines {
    fn as_slice(&self) -> &[String] {
        match self {
            Self::One(line) => std::slice::from_ref(line),
            Self::Several(lines) => lines,
        }
    }
}

fn default_system() -> String {
    DEFAULT_SYSTEM.to_owned()
}

const fn default_timeout() -> u64 {
    60
}

const fn once() -> u32 {
    1
}

impl ScenarioStep {
    /// The step as the session knows it.
    fn steps(&self) -> Result<Vec<Step>> {
        let ways = [self.lines.is_some(), self.keys.is_some(), self.wait.is_some(), self.prompt];
        ensure!(ways.iter().filter(|way| **way).count() == 1, "a step is one of `type`, `keys`, `wait` and `prompt`");
        let once = match (&self.lines, &self.keys, &self.wait) {
            (Some(lines), _, _) => lines.as_slice().iter().cloned().map(Step::Line).collect(),
            (_, Some(keys), _) => vec![Step::Type(unescape(keys)?)],
            (_, _, Some(text)) => vec![Step::Wait(text.clone())],
            _ => vec![Step::Prompt],
        };
        Ok(std::iter::repeat_n(once, self.repeat as usize).flatten().collect())
    }

    /// Steps of the session that it stands for.
    fn count(&self) -> usize {
        self.repeat as usize * self.lines.as_ref().map_or(1, |lines| lines.as_slice().len())
    }
}

impl Scenario {
    /// Reads one file's text.
    fn parse(name: &str, text: &str) -> Result<Self> {
        let mut scenario: Self = toml::from_str(text)?;
        scenario.name = name.to_owned();
        scenario.steps()?;
        scenario.boards()?;
        Ok(scenario)
    }

    /// The boards on which it runs.
    pub fn boards(&self) -> Result<Vec<Board>> {
        match &self.boards {
            Some(names) => names.iter().map(|name| name.parse()).collect(),
            None => Ok(Board::ALL.to_vec()),
        }
    }

    /// Its time limit.
    pub const fn limit(&self) -> Duration {
        Duration::from_secs(self.timeout_s)
    }

    /// The steps of the session, repeated ones as often as they are done.
    pub fn steps(&self) -> Result<Vec<Step>> {
        let steps = self.steps.iter().map(ScenarioStep::steps).collect::<Result<Vec<_>>>()?;
        Ok(steps.concat())
    }

    /// What the session lacks of what was promised.
    pub fn misses(&self, report: &Report) -> Vec<String> {
        let mut misses = Vec::new();
        match &report.outcome {
            Ok(code) if *code != self.exit => misses.push(format!("exit code {code} instead of {}", self.exit)),
            Ok(_) => {}
            Err(reason) => misses.push(reason.clone()),
        }
        for line in report.lines.iter().filter(|line| self.never.iter().any(|part| line.contains(part))) {
            misses.push(format!("never expected: {line}"));
        }
        let mut saved: BTreeMap<&str, &[String]> = BTreeMap::new();
        let mut number = 0;
        for step in &self.steps {
            let start = report.begun.get(number).copied();
            number += step.count();
            let Some(start) = start else {
                misses.push(format!("never begun: {}", step.title()));
                break;
            };
            let end = report.begun.get(number).copied().unwrap_or(report.lines.len());
            let told = |miss: String| format!("{}: {miss}", step.title());
            misses.extend(step.misses(&report.lines[start..end], &report.lines[start..]).into_iter().map(told));
            // The first line is what was typed.
            let answer = report.lines[start..end].get(1..).unwrap_or(&[]);
            if let Some(before) = step.same.as_deref().and_then(|name| saved.get(name)) {
                misses.extend(expect::differences(before, answer).into_iter().map(told));
            }
            if let Some(name) = &step.save {
                saved.insert(name, answer);
            }
        }
        misses
    }
}

impl ScenarioStep {
    /// Names the step in messages.
    fn title(&self) -> String {
        let line = self.lines.as_ref().and_then(|lines| lines.as_slice().first());
        let text = line.or(self.keys.as_ref()).or(self.wait.as_ref());
        format!("`{}`", text.map_or("prompt", String::as_str))
    }

    /// What `own` lines, and all lines `from` here, lack.
    fn misses(&self, own: &[String], from: &[String]) -> Vec<String> {
        let mut misses = expect::in_order(own, &self.expect);
        misses.extend(expect::in_order(from, &self.later));
        for line in own.iter().filter(|line| self.never.iter().any(|part| line.contains(part))) {
            misses.push(format!("never expected: {line}"));
        }
        misses.extend(self.cells.iter().filter_map(|cell| cell.miss(own)));
        misses
    }
}

/// All scenarios, by name.
pub fn all() -> Result<Vec<Scenario>> {
    let directory = context::root().join("tools/xtask/scenarios");
    let mut files: Vec<_> = fs::read_dir(&directory).context("no scenarios")?.flatten().map(|e| e.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    let read = |file: &std::path::PathBuf| {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Scenario::parse(&name, &fs::read_to_string(file)?).with_context(|| file.display().to_string())
    };
    files.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::Scenario;
    use crate::session::Report;

    const TEXT: &str = "about = \"x\"\nexit = 3\nnever = [\"panic\"]\n[[step]]\ntype = \"mem\"\nsave = \"m\"\n\
        [[step]]\ntype = \"run a\"\nrepeat = 2\nexpect = [\"hi\", \"hi\"]\n\
        [[step]]\ntype = \"mem\"\nsame = \"m\"\n[[step]]\ntype = \"shutdown 3\"\nlater = [\"bye\"]\n";

    fn report(lines: &[&str], outcome: Result<u8, String>) -> Report {
        let begun = lines.iter().enumerate().filter(|(_, l)| l.starts_with("tinyos>")).map(|(n, _)| n).collect();
        Report { lines: lines.iter().map(|line| (*line).to_owned()).collect(), begun, outcome }
    }

    const GOOD: [&str; 10] = [
        "boot",
        "tinyos> mem",
        "free 5",
        "tinyos> run a",
        "hi",
        "tinyos> run a",
        "hi",
        "tinyos> mem",
        "free 5",
        "tinyos> shutdown 3",
    ];

    #[test]
    fn a_session_that_keeps_every_promise_misses_nothing() {
        let scenario = Scenario::parse("s", TEXT).unwrap();
        let mut lines = GOOD.to_vec();
        lines.push("bye");
        assert_eq!(scenario.misses(&report(&lines, Ok(3))), Vec::<String>::new());
    }

    #[test]
    fn each_broken_promise_is_named() {
        let scenario = Scenario::parse("s", TEXT).unwrap();
        let mut lines = GOOD.to_vec();
        (lines[0], lines[6], lines[8]) = ("panic", "ho", "free 4");
        let misses = scenario.misses(&report(&lines, Ok(0)));
        assert_eq!(misses.len(), 5, "{misses:#?}");
        let died = scenario.misses(&report(&lines[..3], Err("time".to_owned())));
        assert!(died.contains(&"time".to_owned()) && died.contains(&"never begun: `run a`".to_owned()), "{died:#?}");
    }

    #[test]
    fn the_scenarios_of_this_tree_can_be_read() {
        assert!(super::all().unwrap().iter().any(|scenario| scenario.quick));
    }
}
