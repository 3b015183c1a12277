//! Steps in the emulator: scenarios on every board, side by side.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::{Done, Tally};
use crate::build::{self, System};
use crate::qemu::Board;
use crate::scenario::{self, Scenario};
use crate::session::{self, Options};

/// Emulators at the same time.
const SIDE_BY_SIDE: usize = 2;

/// One scenario on one board.
struct Job<'a> {
    scenario: &'a Scenario,
    board: Board,
    system: &'a System,
}

impl Job<'_> {
    fn name(&self) -> String {
        format!("{}, {}", self.board, self.scenario.name)
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
    let mut scenarios = Vec::new();
    tally.step("scenarios", || {
        scenarios = scenario::all()?;
        scenarios.retain(|scenario| scenario.quick || !quick);
        Ok(Done { passed: 0, note: format!("{} to play", scenarios.len()) })
    });
    let mut systems = BTreeMap::new();
    for scenario in &scenarios {
        let name = scenario.system.as_str();
        if !systems.contains_key(name) {
            let mut built = None;
            tally.step(&format!("build, {name}"), || {
                built = Some(build::system(name, None)?);
                Ok(Done::ONE)
            });
            systems.insert(name, built);
        }
    }
    let mut jobs = Vec::new();
    for scenario in &scenarios {
        let Some(Some(system)) = systems.get(scenario.system.as_str()) else { continue };
        let boards = scenario.boards().unwrap_or_default();
        jobs.extend(boards.into_iter().map(|board| Job { scenario, board, system }));
    }
    jobs.retain(|job| tally.wanted(&job.name()));
    side_by_side(&jobs, |name, time, result| tally.count(name, time, result));
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
