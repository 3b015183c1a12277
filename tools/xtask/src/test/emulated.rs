//! Steps in the emulator: scenarios on every board, side by side.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use super::{Done, Tally};
use crate::build::{self, System};
use crate::qemu::Board;
use crate::scenario::{self, Scenario};
use crate::session::{self, Options};
use crate::timing;

/// Emulators at the same time.
const SIDE_BY_SIDE: usize = 2;

/// One scenario on one board.
struct Job<'a> {
    scenario: &'a Scenario,
    board: Board,
    system: System,
}

impl Job<'_> {
    fn name(&self) -> String {
        name(self.scenario, self.board)
    }

    fn run(&self) -> Result<Done> {
        let machine = self.system.machine(self.board, &self.scenario.name);
        let steps = self.scenario.steps()?.into_iter().map(Ok);
        let report =
            session::play(&machine, steps, &Options { limit: self.scenario.limit(), show: false, shell: true })?;
        let mut misses = self.scenario.misses(&report);
        misses.extend(machine.unexpected().into_iter().take(10).map(|line| format!("emulator: {line}")));
        if misses.is_empty() {
            return Ok(Done::ONE);
        }
        let session = report.lines.iter().map(|line| format!("    | {line}\n")).collect::<String>();
        bail!(
            "{}\n{session}{}",
            self.scenario.about,
            misses.iter().map(|miss| format!("  * {miss}\n")).collect::<String>()
        );
    }
}

/// The steps.
pub fn steps(tally: &mut Tally, quick: bool) {
    let scenarios = match scenario::all() {
        Ok(scenarios) => scenarios,
        Err(error) => return tally.count("scenarios", Duration::ZERO, Err(error)),
    };
    let mut plan = Vec::new();
    for scenario in scenarios.iter().filter(|scenario| scenario.quick || !quick) {
        let boards = scenario.boards().unwrap_or_default();
        plan.extend(boards.into_iter().map(|board| (scenario, board)));
    }
    plan.retain(|(scenario, board)| tally.wanted(&name(scenario, *board)));
    let mut systems = BTreeMap::new();
    for (scenario, _) in &plan {
        let system = scenario.system.as_str();
        if !systems.contains_key(system) {
            let start = Instant::now();
            let built = build::system(system, None);
            systems.insert(system, built.as_ref().ok().cloned());
            tally.count(&format!("build, {system}"), start.elapsed(), built.map(|_| Done::ONE));
        }
    }
    let jobs = plan.iter().filter_map(|(scenario, board)| {
        let system = systems.get(scenario.system.as_str())?.clone()?;
        Some(Job { scenario, board: *board, system })
    });
    side_by_side(&jobs.collect::<Vec<_>>(), |name, time, result| tally.count(name, time, result));
    if !quick {
        Board::ALL.into_iter().for_each(|board| tally.step(&format!("{board}, timing"), || timed(board)));
    }
}

/// The figures are within their budgets, and the same twice, byte for byte.
fn timed(board: Board) -> Result<Done> {
    let first = timing::measure(board)?;
    let over = first.over();
    ensure!(over.is_empty(), "over budget: {}\n{}", over.join(", "), first.table());
    let again = timing::measure(board)?;
    ensure!(first.json()? == again.json()?, "two runs differ:\n{}{}", first.table(), again.table());
    Ok(Done::ONE)
}

/// What a scenario on a board is called.
fn name(scenario: &Scenario, board: Board) -> String {
    format!("{board}, {}", scenario.name)
}

/// Runs the jobs, some at a time, and tells of each as it ends.
fn side_by_side(jobs: &[Job<'_>], mut told: impl FnMut(&str, Duration, Result<Done>)) {
    let next = AtomicUsize::new(0);
    let (sender, results) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE.min(jobs.len()) {
            let sender = sender.clone();
            let next = &next;
            scope.spawn(move || {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let start = Instant::now();
                    let result = job.run();
                    if sender.send((job.name(), start.elapsed(), result)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for (name, time, result) in results {
            told(&name, time, result);
        }
    });
}
