//! Priorities, times, budgets and stacks.

use rtos_abi::limits::PAGE_BYTES;

use crate::partition::{Budget, MIN_STACK_KIB, OwnBudget, PartitionFile, Thread};
use crate::rule::{Refusal, Rule};
use crate::system::Draft;

/// Shortest period of a thread or budget, microseconds.
const MIN_PERIOD_US: u32 = 50;
/// Longest one: what the kernel's arithmetic on ticks holds with room to spare.
const MAX_PERIOD_US: u32 = 3_600_000_000;
/// What budgets may add up to, in millionths of a core; the rest is the kernel's.
pub const CAPACITY_PPM: u64 = 950_000;
/// Largest stack, KiB: the place for stacks has 1 MiB.
pub(super) const MAX_STACK_KIB: u32 = 512;

pub(super) fn check(draft: &Draft, refusals: &mut Vec<Refusal>) {
    let before = refusals.len();
    for member in &draft.members {
        let file = &member.file;
        for budget in &file.manifest.budget {
            refusals.extend(budget_value(file, &budget.name, budget.value()).err());
        }
        for thread in &file.manifest.thread {
            urgency(file, thread, refusals);
            times(file, thread, refusals);
            stack(file, thread, refusals);
            refusals.extend(budget(file, thread).err());
        }
    }
    // A sum of budgets that are wrong already would say nothing more.
    if refusals.len() == before {
        overload(draft, refusals);
    }
}

fn overload(draft: &Draft, refusals: &mut Vec<Refusal>) {
    let mut load = 0;
    for (slot, member) in draft.members.iter().enumerate() {
        let before = load;
        load += load_ppm(&member.file);
        if before <= CAPACITY_PPM && load > CAPACITY_PPM {
            let text = format!(
                "with \"{}\" the budgets add up to {} % of the core; {} % can be given",
                member.file.name(),
                percent(load),
                percent(CAPACITY_PPM)
            );
            refusals.push(draft.refuse_entry(slot, Rule::Overload, text));
        }
    }
}

/// Millionths as percent with one digit.
#[must_use]
pub fn percent(ppm: u64) -> String {
    format!("{}.{}", ppm / 10_000, ppm / 1000 % 10)
}

/// Millionths of a core that a budget takes.
#[must_use]
pub fn budget_ppm(budget: OwnBudget) -> u64 {
    u64::from(budget.amount_us) * 1_000_000 / u64::from(budget.period_us).max(1)
}

/// Millionths of a core that a partition's budgets take, shared ones once.
#[must_use]
pub fn load_ppm(file: &PartitionFile) -> u64 {
    let shared = file.manifest.budget.iter().map(|b| budget_ppm(b.value()));
    let own = file.manifest.thread.iter().map(|t| match t.budget.get_ref() {
        Budget::Own(own) => budget_ppm(*own),
        Budget::Shared(_) => 0,
    });
    shared.chain(own).sum()
}

fn urgency(file: &PartitionFile, thread: &Thread, refusals: &mut Vec<Refusal>) {
    let priority = *thread.priority.get_ref();
    if priority == 0 || priority > u32::from(u8::MAX) {
        let text = format!("priority {priority}, expected 1 to 255; larger is more urgent");
        refusals.push(file.refuse(&thread.priority, Rule::BadPriority, text));
    }
    let ceiling = *thread.ceiling.get_ref();
    let most = file.manifest.thread.iter().map(|t| *t.priority.get_ref()).max().unwrap_or(priority);
    if ceiling == 0 {
        return;
    }
    if ceiling < priority || ceiling > most.max(priority) {
        let text = format!(
            "ceiling {ceiling}, expected {priority} (the thread's own priority) to {most} (the highest of its partition)"
        );
        refusals.push(file.refuse(&thread.ceiling, Rule::BadCeiling, text));
    } else if ceiling > priority && thread.hold_us == 0 {
        let text = "a ceiling above the own priority needs hold_us, the longest time it is held";
        refusals.push(file.refuse(&thread.ceiling, Rule::NoHoldTime, text));
    }
}

fn times(file: &PartitionFile, thread: &Thread, refusals: &mut Vec<Refusal>) {
    if let Some(period) = &thread.period_us
        && !(MIN_PERIOD_US..=MAX_PERIOD_US).contains(period.get_ref())
    {
        let text = format!("period of {} us, expected {MIN_PERIOD_US} to {MAX_PERIOD_US}", period.get_ref());
        refusals.push(file.refuse(period, Rule::PeriodTooShort, text));
    }
    let Some(deadline) = &thread.deadline_us else { return };
    let text = match &thread.period_us {
        None => "a deadline needs a period_us that it counts from".into(),
        Some(period) if deadline.get_ref() > period.get_ref() => {
            format!("a deadline of {} us is after the next release, {} us", deadline.get_ref(), period.get_ref())
        }
        Some(_) if *deadline.get_ref() == 0 => "a deadline of 0 us is missed always".into(),
        Some(_) => return,
    };
    refusals.push(file.refuse(deadline, Rule::BadDeadline, text));
}

/// The amount and period of a thread's budget.
///
/// # Errors
/// A budget that does not exist or cannot be kept.
pub fn budget(file: &PartitionFile, thread: &Thread) -> Result<OwnBudget, Refusal> {
    match thread.budget.get_ref() {
        Budget::Own(own) => budget_value(file, &thread.budget, *own),
        Budget::Shared(name) => {
            let found = file.manifest.budget.iter().find(|b| b.name.get_ref() == name);
            found.map(crate::partition::SharedBudget::value).ok_or_else(|| {
                file.refuse(&thread.budget, Rule::BadBudget, format!("there is no [[budget]] \"{name}\""))
            })
        }
    }
}

fn budget_value<T>(file: &PartitionFile, at: &toml::Spanned<T>, value: OwnBudget) -> Result<OwnBudget, Refusal> {
    let OwnBudget { amount_us, period_us } = value;
    if amount_us == 0 {
        return Err(file.refuse(at, Rule::BadBudget, "a budget of 0 us: the thread would never run"));
    }
    if amount_us > period_us {
        let text = format!("a budget of {amount_us} us does not fit its period of {period_us} us");
        return Err(file.refuse(at, Rule::BudgetOverPeriod, text));
    }
    if !(MIN_PERIOD_US..=MAX_PERIOD_US).contains(&period_us) {
        let text = format!("budget period of {period_us} us, expected {MIN_PERIOD_US} to {MAX_PERIOD_US}");
        return Err(file.refuse(at, Rule::PeriodTooShort, text));
    }
    Ok(value)
}

fn stack(file: &PartitionFile, thread: &Thread, refusals: &mut Vec<Refusal>) {
    let size = *thread.stack_kib.get_ref();
    let page = PAGE_BYTES as u32 / 1024;
    if !(MIN_STACK_KIB..=MAX_STACK_KIB).contains(&size) || !size.is_multiple_of(page) {
        let text = format!("stack of {size} KiB, expected {MIN_STACK_KIB} to {MAX_STACK_KIB} in steps of {page}");
        refusals.push(file.refuse(&thread.stack_kib, Rule::BadStack, text));
    }
}
