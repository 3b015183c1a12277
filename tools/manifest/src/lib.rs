//! Manifests: what partitions ask for, what boards have, and whether the two fit.
//!
//! | file | read by | says |
//! |---|---|---|
//! | `partition.toml` | [`partition`] | what one partition needs: threads, budgets, devices by role, peers |
//! | `apps/systems/*.toml` | [`system`] | which partitions ship together |
//! | `bsp-rpi/boards/*.toml` | [`board`] | what one board has |
//!
//! [`load_system`] reads all three, refuses what is wrong ([`check`]) by file, line and [`rule`], and resolves the rest
//! into the records of the boot bundle ([`resolve`]). [`handles`] makes the constants by which a program names what its
//! manifest gives it; [`report`] prints a system for people.
#![forbid(unsafe_code)]

use std::path::Path;

pub mod board;
pub mod check;
pub mod handles;
pub mod links;
pub mod memory;
pub mod partition;
pub mod report;
pub mod resolve;
pub mod rule;
pub mod source;
pub mod system;

use links::Links;
use resolve::Tables;
use rule::Refusals;
use source::{Disk, Files};
use system::{Draft, Member};

/// A system that fits its boards.
#[derive(Clone, Debug)]
pub struct System {
    /// Its files.
    pub draft: Draft,
    /// Its notification edges and rings.
    pub links: Links,
    /// Its tables, one for each board.
    pub tables: Vec<Tables>,
}

impl System {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.draft.name.get_ref()
    }

    /// Its partitions by slot: which packages to build, and what they are called.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.draft.members
    }
}

/// Reads, checks and resolves a system of the source tree at `root`: `name` is a file of `apps/systems` without its
/// ending, or a path from the root that ends in `.toml`.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load_system(root: &Path, name: &str) -> Result<System, Refusals> {
    load_system_from(&Disk::new(root), name)
}

/// As [`load_system`], from any tree of files.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load_system_from(files: &dyn Files, name: &str) -> Result<System, Refusals> {
    let draft = Draft::read(files, name)?;
    let links = check::check(files, &draft).map_err(Refusals)?;
    let tables = draft.boards.iter().map(|board| resolve::resolve(&draft, &links, board)).collect();
    Ok(System { draft, links, tables })
}
