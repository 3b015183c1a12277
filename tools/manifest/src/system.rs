//! `apps/systems/*.toml`: which partitions ship together, and everything read on their behalf.

use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use crate::board::BoardFile;
use crate::partition::PartitionFile;
use crate::rule::{Refusal, Refusals, Rule};
use crate::source::{Files, Source};

/// Where the systems are.
pub const DIRECTORY: &str = "apps/systems";
/// Boards of a system that does not name any.
const ALL_BOARDS: [&str; 4] = ["rpi3", "rpi4", "rpi5", "virt"];

/// What a system file says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SystemToml {
    /// Name.
    name: Spanned<String>,
    /// Directories of the partitions, relative to `apps`, in the order of their slots.
    partitions: Spanned<Vec<Spanned<String>>>,
    /// Boards; all by default.
    boards: Option<Vec<Spanned<String>>>,
    /// Several partitions may have the right to the one virtual timer and must agree on its use: for tests that raise its
    /// line in one partition and take it in another.
    #[serde(default)]
    shared_virtual_timer: bool,
}

/// A partition of a system.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its manifest; the directory is in there.
    pub file: PartitionFile,
    /// The cargo package that builds its program: the one in its directory, or around it.
    pub package: String,
    /// Name of the program in that package: the package's, or the partition's if the directory is not the package's own.
    pub binary: String,
}

/// All files of a system, parsed but not checked.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The system file.
    pub source: Source,
    /// Name.
    pub name: Spanned<String>,
    /// Where the system file lists the partitions.
    pub list: Spanned<()>,
    /// Where it lists each one.
    pub entries: Vec<Spanned<String>>,
    /// Partitions by slot.
    pub members: Vec<Member>,
    /// Boards.
    pub boards: Vec<BoardFile>,
    /// Several partitions may have the right to the virtual timer.
    pub shared_virtual_timer: bool,
}

impl Draft {
    /// Reads the system `name`: a name below `apps/systems`, or a path that ends in `.toml`.
    ///
    /// # Errors
    /// Every file that is missing or not of the grammar.
    pub fn read(files: &dyn Files, name: &str) -> Result<Self, Refusals> {
        let path = if name.ends_with(".toml") {
            PathBuf::from(name)
        } else {
            Path::new(DIRECTORY).join(format!("{name}.toml"))
        };
        let text = format!("there is no system \"{name}\"");
        let missing = Refusal { path: path.clone(), line: 1, rule: Rule::MissingFile, text };
        let source = Source::read(files, &path, &missing)?;
        let system: SystemToml = source.parse()?;
        let mut refusals = Vec::new();
        let mut keep = |refusal: Refusal| refusals.push(refusal);
        let list = Spanned::new(system.partitions.span(), ());
        let entries = system.partitions.into_inner();
        let members: Vec<_> =
            entries.iter().filter_map(|e| member(files, &source, e).map_err(&mut keep).ok()).collect();
        let named = system.boards.unwrap_or_else(|| ALL_BOARDS.map(|b| Spanned::new(0..0, b.to_string())).into());
        let boards: Vec<_> = named.iter().filter_map(|b| board(files, &source, b).map_err(&mut keep).ok()).collect();
        if refusals.is_empty() {
            let shared_virtual_timer = system.shared_virtual_timer;
            Ok(Self { source, name: system.name, list, entries, members, boards, shared_virtual_timer })
        } else {
            Err(Refusals(refusals))
        }
    }

    /// The slot of the partition `name`.
    #[must_use]
    pub fn slot(&self, name: &str) -> Option<usize> {
        self.members.iter().position(|m| m.file.name() == name)
    }

    /// A refusal at the place where the system file lists partition `slot`.
    pub fn refuse_entry(&self, slot: usize, rule: Rule, text: impl Into<String>) -> Refusal {
        let span = self.entries.get(slot).map_or(self.list.span(), Spanned::span);
        self.source.refuse(span, rule, text)
    }
}

fn board(files: &dyn Files, source: &Source, name: &Spanned<String>) -> Result<BoardFile, Refusal> {
    let text = format!("there is no board \"{}\" in {}", name.get_ref(), crate::board::DIRECTORY);
    BoardFile::read(files, name.get_ref(), &source.refuse(name.span(), Rule::MissingFile, text))
}

fn member(files: &dyn Files, source: &Source, entry: &Spanned<String>) -> Result<Member, Refusal> {
    let dir = normal(&Path::new("apps").join(entry.get_ref()));
    let text = format!("there is no {}", dir.join("partition.toml").display());
    let file = PartitionFile::read(files, &dir, &source.refuse(entry.span(), Rule::MissingFile, text))?;
    let found = dir.ancestors().find_map(|d| package(files, d).map(|name| (d, name)));
    let (package, binary) = match found {
        Some((at, name)) if at == dir => (name.clone(), name),
        Some((_, name)) => (name, file.name().to_string()),
        None => (file.name().to_string(), file.name().to_string()),
    };
    Ok(Member { file, package, binary })
}

/// Name of the cargo package in `dir`.
fn package(files: &dyn Files, dir: &Path) -> Option<String> {
    let cargo: toml::Table = files.read(&dir.join("Cargo.toml"))?.parse().ok()?;
    Some(cargo.get("package")?.get("name")?.as_str()?.to_string())
}

/// `path` without `..` and `.`.
fn normal(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                clean.pop();
            }
            Component::CurDir => {}
            other => clean.push(other),
        }
    }
    clean
}
