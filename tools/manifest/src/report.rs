//! A system for people: its partitions, its threads, and when each thread is done at the latest.
//!
//! The analysis is the classical one for fixed priorities: a thread waits for everything that can run above it, each
//! budget as often as its periods fit into the answer, once more where a thread may save its budget up to the end of one
//! period and go on in the next. What the kernel itself takes is not in it; the capacity that budgets leave is for that.

use std::fmt::Write;

use crate::check::{CAPACITY_PPM, budget_ppm, load_ppm, percent};
use crate::links::ThreadAt;
use crate::partition::{Budget, OwnBudget};
use crate::resolve::thread_order;
use crate::system::Draft;
use crate::{System, memory};

/// What can take the core from a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Load {
    budget: OwnBudget,
    /// The work may come late in one budget period and early in the next.
    shifts: bool,
}

/// The report of a system.
#[must_use]
pub fn report(system: &System) -> String {
    let draft = &system.draft;
    let mut text = format!("system {}\n\n", draft.name.get_ref());
    partitions(&mut text, draft);
    threads(&mut text, draft);
    let load: u64 = draft.members.iter().map(|m| load_ppm(&m.file)).sum();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "\ntotal load {} % of {} %", percent(load), percent(CAPACITY_PPM));
    let pages: u64 = draft.members.iter().map(|m| memory::pages(&m.file.manifest).total()).sum();
    let rings: u64 = system.links.rings.iter().map(|r| u64::from(r.pages)).sum();
    let _ = writeln!(text, "reserved memory {} KiB, rings {} KiB", pages * 4, rings * 4);
    text
}

fn partitions(text: &mut String, draft: &Draft) {
    let _ = writeln!(text, "slot  partition        memory KiB  started  restarts  rights and devices");
    for (slot, member) in draft.members.iter().enumerate() {
        let manifest = &member.file.manifest;
        let restarts = manifest.on_fault.as_ref().map_or("-".into(), |p| p.get_ref().restarts.to_string());
        let rights = manifest.rights.iter().map(|r| format!("{:?}", r.get_ref()));
        let devices = manifest.devices.iter().chain(manifest.pins.iter().map(|p| &p.role));
        let has: Vec<_> = rights.chain(devices.map(|d| d.get_ref().clone())).collect();
        let line = format!(
            "{slot:>4}  {:<15}  {:>10}  {:<7}  {restarts:>8}  {}",
            member.file.name(),
            memory::pages(manifest).total() * 4,
            if manifest.starts_at_boot() { "at boot" } else { "by hand" },
            has.join(" ")
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

fn threads(text: &mut String, draft: &Draft) {
    let _ = writeln!(text, "\nall times in microseconds");
    let _ =
        writeln!(text, "thread                          priority  period  deadline  budget          load %  response");
    for at in thread_order(draft).into_iter().rev() {
        let (name, thread) = named(draft, at);
        let Some(budget) = budget_of(draft, at) else { continue };
        let number = |n: u32| if n == 0 { "-".to_string() } else { n.to_string() };
        let limit = if thread.deadline() == 0 { budget.period_us } else { thread.deadline() };
        let response = match response(draft, at, limit) {
            Some(time) => time.to_string(),
            None => format!("over {limit}"),
        };
        let _ = writeln!(
            text,
            "{name:<30}  {:>8}  {:>6}  {:>8}  {:<14}  {:>6}  {response:>8}",
            thread.urgency(),
            number(thread.period_us.as_ref().map_or(0, |p| *p.get_ref())),
            number(thread.deadline()),
            format!("{} / {}", budget.amount_us, budget.period_us),
            percent(budget_ppm(budget)),
        );
    }
}

fn named(draft: &Draft, at: ThreadAt) -> (String, &crate::partition::Thread) {
    let file = &draft.members[at.slot].file;
    let thread = &file.manifest.thread[at.number];
    (format!("{}.{}", file.name(), thread.name.get_ref()), thread)
}

fn budget_of(draft: &Draft, at: ThreadAt) -> Option<OwnBudget> {
    let file = &draft.members[at.slot].file;
    crate::check::budget(file, &file.manifest.thread[at.number]).ok()
}

/// The latest time after its release at which a thread has used its budget, or `None` if that is after `limit`.
fn response(draft: &Draft, at: ThreadAt, limit: u32) -> Option<u64> {
    let own = u64::from(budget_of(draft, at)?.amount_us);
    let above = above(draft, at);
    let mut time = own;
    while time <= u64::from(limit) {
        let next = own + above.iter().map(|load| taken(load, time)).sum::<u64>();
        if next == time {
            return Some(time);
        }
        time = next;
    }
    None
}

/// What a load takes of any `time` microseconds, at most.
fn taken(load: &Load, time: u64) -> u64 {
    let (amount, period) = (u64::from(load.budget.amount_us), u64::from(load.budget.period_us).max(1));
    let shift = if load.shifts { period - amount.min(period) } else { 0 };
    (time + shift).div_ceil(period) * amount
}

/// Everything that can run before a thread: what is as urgent or more so, shared budgets once.
fn above(draft: &Draft, at: ThreadAt) -> Vec<Load> {
    let (_, thread) = named(draft, at);
    let mut loads = Vec::new();
    let mut shared = Vec::new();
    for other in thread_order(draft).into_iter().filter(|o| *o != at) {
        let (_, rival) = named(draft, other);
        if rival.urgency() < thread.urgency() {
            continue;
        }
        if let Budget::Shared(name) = rival.budget.get_ref() {
            let same = matches!(thread.budget.get_ref(), Budget::Shared(own) if own == name && other.slot == at.slot);
            if same || shared.contains(&(other.slot, name)) {
                continue;
            }
            shared.push((other.slot, name));
        }
        if let Some(budget) = budget_of(draft, other) {
            let period = rival.period_us.as_ref().map(|p| *p.get_ref());
            loads.push(Load { budget, shifts: period != Some(budget.period_us) });
        }
    }
    loads
}

#[cfg(test)]
mod tests {
    use super::{Load, taken};
    use crate::partition::OwnBudget;

    #[test]
    fn a_saved_up_budget_can_be_used_twice_in_a_row() {
        let budget = OwnBudget { amount_us: 200, period_us: 1000 };
        assert_eq!(taken(&Load { budget, shifts: false }, 900), 200);
        assert_eq!(taken(&Load { budget, shifts: true }, 150), 200);
        assert_eq!(taken(&Load { budget, shifts: true }, 250), 400);
    }
}
