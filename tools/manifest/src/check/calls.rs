//! Calls: strictly uphill, to servers that exist.

use crate::handles;
use crate::links::{ThreadAt, peer};
use crate::partition::{Call, PartitionFile};
use crate::rule::{Refusal, Rule};
use crate::system::Draft;

/// A call that a thread may make.
struct Edge<'a> {
    from: ThreadAt,
    to: ThreadAt,
    call: &'a Call,
}

pub(super) fn check(draft: &Draft, refusals: &mut Vec<Refusal>) {
    let mut edges = Vec::new();
    for (slot, member) in draft.members.iter().enumerate() {
        irqs(&member.file, refusals);
        for call in &member.file.manifest.call {
            match edges_of(draft, slot, &member.file, call) {
                Ok(found) => edges.extend(found),
                Err(refusal) => refusals.push(refusal),
            }
        }
    }
    for edge in &edges {
        refusals.extend(uphill(draft, &edges, edge).err());
    }
}

/// The threads and bits that a manifest's interrupt lines name are its own.
fn irqs(file: &PartitionFile, refusals: &mut Vec<Refusal>) {
    for irq in &file.manifest.irq {
        let name = irq.thread.get_ref();
        let owner = handles::thread(file, &irq.thread, &file.manifest, name, Rule::UnknownThread);
        let bit = owner.and_then(|(_, thread)| handles::bit(file, thread, &irq.bit));
        refusals.extend(bit.err());
        if let Some(limit) = &irq.limit_hz
            && *limit.get_ref() == 0
        {
            let text = "limit_hz = 0 would stop the first interrupt; leave it out for no limit";
            refusals.push(file.refuse(limit, Rule::BadCallLimit, text));
        }
    }
}

fn edges_of<'a>(draft: &Draft, slot: usize, file: &PartitionFile, call: &'a Call) -> Result<Vec<Edge<'a>>, Refusal> {
    let (to, server) = peer(draft, file, &call.to)?;
    if !server.server {
        let text = format!("\"{}\" does not receive calls: its manifest does not say server = true", call.to.get_ref());
        return Err(file.refuse(&call.to, Rule::NotServer, text));
    }
    let limited = call.limit.is_some_and(|n| n > 0);
    let windowed = call.window_us.is_some_and(|n| n > 0);
    if limited != windowed || (call.limit.is_some() != limited) || (call.window_us.is_some() != windowed) {
        let text = "limit and window_us go together, both larger than 0; leave both out for no limit";
        return Err(file.refuse(&call.to, Rule::BadCallLimit, text));
    }
    let own = &file.manifest;
    let callers = match &call.thread {
        Some(name) => {
            let (number, _) = handles::thread(file, name, own, name.get_ref(), Rule::UnknownThread)?;
            number..number + 1
        }
        None => 0..own.thread.len(),
    };
    Ok(callers.map(|number| Edge { from: ThreadAt { slot, number }, to, call }).collect())
}

fn uphill(draft: &Draft, edges: &[Edge<'_>], edge: &Edge<'_>) -> Result<(), Refusal> {
    let file = &draft.members[edge.from.slot].file;
    let caller = &file.manifest.thread[edge.from.number];
    let server = &draft.members[edge.to.slot].file.manifest.thread[edge.to.number];
    if server.urgency() > caller.urgency() {
        return Ok(());
    }
    if let Some(way) = way_back(edges, edge) {
        let names: Vec<_> = way.iter().map(|at| name(draft, *at)).collect();
        let text = format!("calls lead in a circle: {}", names.join(" -> "));
        return Err(file.refuse(&edge.call.to, Rule::CallCycle, text));
    }
    let text = format!(
        "\"{}\" has priority {}, which is not above that of the caller \"{}\", {}; calls go uphill, notify instead",
        edge.call.to.get_ref(),
        server.urgency(),
        caller.name.get_ref(),
        caller.urgency()
    );
    Err(file.refuse(&edge.call.to, Rule::NotUphill, text))
}

fn name(draft: &Draft, at: ThreadAt) -> String {
    let file = &draft.members[at.slot].file;
    format!("{}.{}", file.name(), file.manifest.thread[at.number].name.get_ref())
}

/// The calls from the end of `edge` back to its start, if they exist.
fn way_back(edges: &[Edge<'_>], edge: &Edge<'_>) -> Option<Vec<ThreadAt>> {
    let mut ways = vec![vec![edge.from, edge.to]];
    let mut seen = vec![edge.to];
    while let Some(way) = ways.pop() {
        let end = *way.last()?;
        if end == edge.from {
            return Some(way);
        }
        for next in edges.iter().filter(|e| e.from == end) {
            if next.to == edge.from || !seen.contains(&next.to) {
                seen.push(next.to);
                ways.push(way.iter().copied().chain([next.to]).collect());
            }
        }
    }
    None
}
