//! A control-flow graph: blocks of instructions, and what it costs to leave each by each of its edges.

use std::collections::{BTreeMap, BTreeSet};

use crate::path::Path;

/// Where an edge leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// To the block that starts at this address.
    Node(u64),
    /// Through the table of system calls: the callee's part is left out.
    Table,
    /// Back to the caller.
    Return,
    /// To where the masked path ends: `eret`, `wfi`, a panic.
    End,
    /// Back to the header of the loop under analysis.
    Back,
}

/// A block.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// Its edges, each with the path through the block (and what it calls) that takes it.
    pub edges: Vec<(Target, Path)>,
    /// Loop bounds recorded at its instructions.
    pub bounds: Vec<u64>,
}

/// Blocks by the address of their first instruction.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// The blocks.
    pub blocks: BTreeMap<u64, Block>,
}

impl Graph {
    /// The blocks that may follow a block.
    pub fn successors(&self, node: u64) -> impl Iterator<Item = u64> + '_ {
        self.blocks.get(&node).into_iter().flat_map(|block| block.edges.iter()).filter_map(|(target, _)| match target {
            Target::Node(next) => Some(*next),
            _ => None,
        })
    }

    /// The blocks that may run after `start`, itself included.
    #[must_use]
    pub fn reachable(&self, start: u64) -> BTreeSet<u64> {
        let mut seen = BTreeSet::new();
        let mut open = vec![start];
        while let Some(node) = open.pop() {
            if self.blocks.contains_key(&node) && seen.insert(node) {
                open.extend(self.successors(node));
            }
        }
        seen
    }

    /// The blocks from which `goal` can be reached, itself included.
    #[must_use]
    pub fn leading_to(&self, goal: u64) -> BTreeSet<u64> {
        let mut leading = BTreeSet::from([goal]);
        loop {
            let more: Vec<u64> = self
                .blocks
                .keys()
                .copied()
                .filter(|node| !leading.contains(node) && self.successors(*node).any(|next| leading.contains(&next)))
                .collect();
            if more.is_empty() {
                return leading;
            }
            leading.extend(more);
        }
    }
}
