//! Names, and what must exist once.

use std::collections::BTreeMap;

use rtos_abi::call::right;
use rtos_abi::limits::NAME_BYTES;
use toml::Spanned;

use crate::partition::{FaultPolicy, PartitionFile, Right};
use crate::rule::{Refusal, Rule};
use crate::system::Draft;

/// Name of the partition that the kernel starts.
const INIT: &str = "init";

pub(super) fn check(draft: &Draft, refusals: &mut Vec<Refusal>) {
    if let Err(text) = good_name(draft.name.get_ref()) {
        refusals.push(draft.source.refuse(draft.name.span(), Rule::BadName, text));
    }
    if draft.members.first().is_none_or(|m| m.file.name() != INIT) {
        let text = "the first partition must be \"init\": the kernel starts it, and it starts the others";
        refusals.push(draft.refuse_entry(0, Rule::InitNotFirst, text));
    }
    let mut seen = BTreeMap::new();
    for (slot, member) in draft.members.iter().enumerate() {
        if let Some(first) = seen.insert(member.file.name(), &member.file.source.path) {
            let text = format!("partition \"{}\" is already that of {}", member.file.name(), first.display());
            refusals.push(draft.refuse_entry(slot, Rule::DuplicatePartition, text));
        }
        partition(&member.file, refusals);
        rights(&member.file, slot, refusals);
        fault_policy(&member.file, refusals);
    }
    supervisor(draft, refusals);
    if !draft.shared_virtual_timer {
        virtual_timer(draft, refusals);
    }
}

/// Why `name` cannot be a name.
fn good_name(name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if name.is_empty() || name.len() >= NAME_BYTES || !name.chars().all(allowed) {
        return Err(format!("\"{name}\" is no name: 1 to {} characters of a-z, 0-9, _ and -", NAME_BYTES - 1));
    }
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err(format!("\"{name}\" is no name: it must begin with a letter"));
    }
    Ok(())
}

fn partition(file: &PartitionFile, refusals: &mut Vec<Refusal>) {
    let manifest = &file.manifest;
    if manifest.thread.is_empty() {
        refusals.push(file.refuse(&manifest.name, Rule::NoThread, "a partition needs at least one [[thread]]"));
    }
    let bits = manifest.thread.iter().flat_map(|t| &t.bits);
    let threads = manifest.thread.iter().map(|t| &t.name);
    let budgets = manifest.budget.iter().map(|b| &b.name);
    let all = [&manifest.name].into_iter().chain(threads.clone()).chain(bits.clone()).chain(budgets.clone());
    for name in all {
        if let Err(text) = good_name(name.get_ref()) {
            refusals.push(file.refuse(name, Rule::BadName, text));
        }
    }
    once(file, threads, "thread", Rule::DuplicateThread, refusals);
    once(file, bits, "bit", Rule::DuplicateBit, refusals);
    once(file, budgets, "budget", Rule::DuplicateEntry, refusals);
    once(file, manifest.devices.iter(), "device", Rule::DuplicateEntry, refusals);
    once(file, manifest.pins.iter().map(|p| &p.role), "pin", Rule::DuplicateEntry, refusals);
    once(file, manifest.irq.iter().map(|i| &i.role), "interrupt line", Rule::DuplicateEntry, refusals);
    once(file, manifest.call.iter().map(|c| &c.to), "call", Rule::DuplicateEntry, refusals);
    once(file, manifest.notify.iter().map(|n| &n.to), "notify", Rule::DuplicateEntry, refusals);
}

fn once<'a>(
    file: &PartitionFile,
    names: impl Iterator<Item = &'a Spanned<String>>,
    what: &str,
    rule: Rule,
    refusals: &mut Vec<Refusal>,
) {
    // Names that differ in `-`, `_` and `.` alone would be the same constant in the program.
    let mut seen = BTreeMap::new();
    for name in names {
        if let Some(line) = seen.insert(name.get_ref().replace(['-', '.'], "_"), file.source.line(name.span().start)) {
            let text = format!("{what} \"{}\" is already that of line {line}", name.get_ref());
            refusals.push(file.refuse(name, rule, text));
        }
    }
}

fn rights(file: &PartitionFile, slot: usize, refusals: &mut Vec<Refusal>) {
    let manifest = &file.manifest;
    let mut missing = |at: &Spanned<String>, text: &str| refusals.push(file.refuse(at, Rule::MissingRight, text));
    if slot == 0 && manifest.rights() & right::BUILD == 0 {
        missing(&manifest.name, "the first partition builds all others: it needs the right \"build\"");
    }
    for irq in &manifest.irq {
        if irq.role.get_ref() == "virtual_timer" && manifest.rights() & right::VIRTUAL_TIMER == 0 {
            missing(&irq.role, "the line of the virtual timer needs the right \"virtual_timer\"");
        }
    }
}

fn fault_policy(file: &PartitionFile, refusals: &mut Vec<Refusal>) {
    let Some(policy) = &file.manifest.on_fault else { return };
    let FaultPolicy { restarts, window_ms, backoff_ms } = *policy.get_ref();
    let mut refuse = |text: String| refusals.push(file.refuse(policy, Rule::BadFaultPolicy, text));
    if file.manifest.rights() & right::SUPERVISE != 0 {
        refuse("the supervisor is not restarted: its death is a reboot".into());
    } else if restarts == 0 || restarts > u32::from(u8::MAX) {
        refuse(format!("restarts = {restarts}, expected 1 to 255; leave on_fault out for none"));
    } else if backoff_ms >= window_ms {
        refuse(format!(
            "backoff_ms = {backoff_ms} must be less than window_ms = {window_ms}, or no restart is the second"
        ));
    }
}

fn supervisor(draft: &Draft, refusals: &mut Vec<Refusal>) {
    let with_right = |m: &&crate::system::Member| m.file.manifest.rights() & right::SUPERVISE != 0;
    let supervisors: Vec<_> = draft.members.iter().filter(with_right).collect();
    let Some(first) = supervisors.first() else {
        let text = "no partition has the right \"supervise\": nobody would be told of a death";
        refusals.push(draft.source.refuse(draft.list.span(), Rule::OneSupervisor, text));
        return;
    };
    for other in supervisors.iter().skip(1) {
        let rights = other.file.manifest.rights.iter();
        for right in rights.filter(|r| *r.get_ref() == Right::Supervise) {
            let text = format!(
                "partition \"{}\" already has the right \"supervise\"; one supervisor is told",
                first.file.name()
            );
            refusals.push(other.file.refuse(right, Rule::OneSupervisor, text));
        }
    }
    let Some(main) = first.file.manifest.thread.first() else { return };
    for member in &draft.members {
        for thread in &member.file.manifest.thread {
            let in_range = u8::try_from(*thread.priority.get_ref()).is_ok();
            if !std::ptr::eq(thread, main) && in_range && thread.urgency() >= main.urgency() {
                let text = format!(
                    "priority {} is not below that of the supervisor \"{}.{}\", {}",
                    thread.urgency(),
                    first.file.name(),
                    main.name.get_ref(),
                    main.urgency()
                );
                refusals.push(member.file.refuse(&thread.priority, Rule::SupervisorNotTop, text));
            }
        }
    }
    if main.server {
        let text = "the supervisor's main thread cannot be a server: it never waits for a client";
        refusals.push(first.file.refuse(&main.name, Rule::SupervisorCalls, text));
    }
    for call in &first.file.manifest.call {
        let text = "the supervisor never calls: it must not wait for a partition that it may have to restart";
        refusals.push(first.file.refuse(&call.to, Rule::SupervisorCalls, text));
    }
}

/// The virtual timer's registers belong to the core: two users would overwrite each other's.
fn virtual_timer(draft: &Draft, refusals: &mut Vec<Refusal>) {
    let mut first: Option<&PartitionFile> = None;
    for member in &draft.members {
        for right in member.file.manifest.rights.iter().filter(|r| *r.get_ref() == Right::VirtualTimer) {
            match first {
                Some(owner) if owner.source.path != member.file.source.path => {
                    let text = format!("partition \"{}\" already has the virtual timer", owner.name());
                    refusals.push(member.file.refuse(right, Rule::DeviceOwnedTwice, text));
                }
                _ => first = Some(&member.file),
            }
        }
    }
}
