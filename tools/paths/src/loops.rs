//! Loops: strongly connected parts of a graph, entered at one place, bounded by the records in their bodies.
//!
//! A loop's header is the one place where it is entered. Edges back to the header close a turn; without them the body is
//! again a graph whose strongly connected parts are the inner loops.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

use crate::graph::{Graph, Target};
use crate::problem::Kind;

/// The parts of a graph without the edges back to `header`, in the order in which control meets them.
///
/// A part of one node that is no loop has `false`.
pub fn parts(graph: &Graph, members: &BTreeSet<u64>, header: Option<u64>) -> Vec<(Vec<u64>, bool)> {
    let mut edges = DiGraphMap::<u64, ()>::new();
    for node in members {
        edges.add_node(*node);
        for next in graph.successors(*node).filter(|next| Some(*next) != header && members.contains(next)) {
            edges.add_edge(*node, next, ());
        }
    }
    let mut parts = tarjan_scc(&edges);
    parts.reverse();
    parts
        .into_iter()
        .map(|part| {
            let repeats = part.len() > 1 || part.iter().any(|node| edges.contains_edge(*node, *node));
            (part, repeats)
        })
        .collect()
}

/// The most turns of the loop `members`, from the records of its own nodes, those that are in no inner loop.
///
/// Records that each turn meets bound the same loop (a body that the compiler unrolled), and the largest counts. Records
/// that a turn can pass by may belong to a loop that the compiler merged with this one: each value multiplies.
///
/// # Errors
/// The loop has no record, or turns without one.
pub fn most_turns(
    graph: &Graph,
    members: &BTreeSet<u64>,
    header: u64,
    own: &BTreeMap<u64, Vec<u64>>,
) -> Result<u64, Kind> {
    if own.is_empty() {
        return Err(Kind::UnknownLoop);
    }
    let without: BTreeSet<u64> = members.iter().copied().filter(|node| !own.contains_key(node)).collect();
    if turns_within(graph, &without, header) {
        return Err(Kind::TurnWithoutRecord);
    }
    let mut always = 1;
    let mut sometimes = BTreeSet::new();
    for (node, bounds) in own {
        let mut others = members.clone();
        others.remove(node);
        if turns_within(graph, &others, header) {
            sometimes.extend(bounds.iter().copied());
        } else {
            always = bounds.iter().copied().fold(always, u64::max);
        }
    }
    Ok(sometimes.into_iter().fold(always, u64::saturating_mul))
}

/// Whether a turn is possible within `members` alone: a path from `header` back to it.
fn turns_within(graph: &Graph, members: &BTreeSet<u64>, header: u64) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![header];
    while let Some(node) = open.pop() {
        if members.contains(&node) && seen.insert(node) {
            for next in graph.successors(node) {
                if next == header {
                    return true;
                }
                open.push(next);
            }
        }
    }
    false
}

/// The nodes of `part` at which control enters it, from other members of the graph around it.
///
/// Edges to `header` are not counted: they close a turn of the loop around.
pub fn entries(graph: &Graph, part: &BTreeSet<u64>, around: &BTreeSet<u64>, header: Option<u64>) -> BTreeSet<u64> {
    let outside = around.iter().filter(|node| !part.contains(node));
    outside
        .flat_map(|node| graph.successors(*node))
        .filter(|next| Some(*next) != header && part.contains(next))
        .collect()
}

/// Whether an edge leads to this node.
pub fn is_node(target: Target) -> Option<u64> {
    match target {
        Target::Node(node) => Some(node),
        _ => None,
    }
}
