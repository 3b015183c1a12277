//! The longest path through a graph, each loop taken its largest number of turns.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{Graph, Target};
use crate::loops;
use crate::path::Path;
use crate::problem::Kind;

/// The longest path to each target outside a part of a graph.
pub type Exits = BTreeMap<Target, Path>;

/// Finds longest paths and notes what has no bound.
pub struct Longest<'a> {
    /// The graph.
    graph: &'a Graph,
    /// What was refused, and at which block.
    pub refused: BTreeSet<(u64, Kind)>,
}

impl<'a> Longest<'a> {
    /// Nothing found yet.
    #[must_use]
    pub fn new(graph: &'a Graph) -> Self {
        Self { graph, refused: BTreeSet::new() }
    }

    /// The longest path from block `start` to each end of the graph.
    pub fn from(&mut self, start: u64) -> Exits {
        let members = self.graph.reachable(start);
        self.exits(&members, start, None)
    }

    /// The longest path from `start` through `members` to each target outside them, and [`Target::Back`] to `header`.
    fn exits(&mut self, members: &BTreeSet<u64>, start: u64, header: Option<u64>) -> Exits {
        let mut arrive = BTreeMap::from([(start, Path::empty())]);
        let mut exits = Exits::new();
        for (part, repeats) in loops::parts(self.graph, members, header) {
            let part: BTreeSet<u64> = part.into_iter().collect();
            let Some(node) = part.iter().copied().find(|node| arrive.contains_key(node)) else {
                continue;
            };
            let so_far = arrive[&node].clone();
            let edges = if repeats {
                let mut entries = loops::entries(self.graph, &part, members, header);
                entries.extend(part.get(&start));
                if entries.len() > 1 {
                    self.refused.insert((node, Kind::Irreducible));
                }
                self.loop_exits(&part, node)
            } else {
                self.graph.blocks.get(&node).map(|block| block.edges.clone()).unwrap_or_default()
            };
            for (target, path) in edges {
                let whole = so_far.then(&path);
                match target {
                    Target::Node(next) if Some(next) == header => keep(&mut exits, Target::Back, whole),
                    Target::Node(next) if members.contains(&next) => keep(&mut arrive, next, whole),
                    other => keep(&mut exits, other, whole),
                }
            }
        }
        exits
    }

    /// The longest path from entering a loop at `header` to each target outside it.
    ///
    /// A record met in the last, partial turn is one of those that the bound counts.
    fn loop_exits(&mut self, part: &BTreeSet<u64>, header: u64) -> Vec<(Target, Path)> {
        let own = self.own_bounds(part, header);
        let turns = match loops::most_turns(self.graph, part, header, &own) {
            Ok(turns) => turns,
            Err(kind) => {
                self.refused.insert((header, kind));
                1
            }
        };
        let mut last = self.exits(part, header, Some(header));
        let turn = last.remove(&Target::Back).unwrap_or_else(Path::empty);
        let without: BTreeSet<u64> = part.iter().copied().filter(|node| !own.contains_key(node)).collect();
        let mut uncounted =
            if without.contains(&header) { self.exits(&without, header, Some(header)) } else { Exits::new() };
        let counted = turn.times(turns.saturating_sub(1));
        let all = turn.times(turns);
        let leaves = |target: &Target| loops::is_node(*target).is_none_or(|node| !part.contains(&node));
        let mut edges: Vec<(Target, Path)> =
            last.into_iter().map(|(target, path)| (target, counted.then(&path))).collect();
        uncounted.retain(|target, _| leaves(target) && *target != Target::Back);
        edges.extend(uncounted.into_iter().map(|(target, path)| (target, all.then(&path))));
        edges
    }

    /// The bounds of a loop's own blocks: those in none of its inner loops.
    fn own_bounds(&self, part: &BTreeSet<u64>, header: u64) -> BTreeMap<u64, Vec<u64>> {
        let inner = loops::parts(self.graph, part, Some(header));
        let own = inner.into_iter().filter(|(_, repeats)| !repeats).flat_map(|(nodes, _)| nodes);
        own.filter_map(|node| self.graph.blocks.get(&node).map(|block| (node, block.bounds.clone())))
            .filter(|(_, bounds)| !bounds.is_empty())
            .collect()
    }
}

/// Keeps the longer path.
fn keep<K: Ord>(paths: &mut BTreeMap<K, Path>, key: K, path: Path) {
    if paths.get(&key).is_none_or(|old| old.cost < path.cost) {
        paths.insert(key, path);
    }
}
