//! A manifest file as text: reads it, parses it, and turns byte offsets into line numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::rule::{Refusal, Rule};

/// The files of a source tree, by path relative to its root: the disk, or a map in the tests.
pub trait Files {
    /// The text of the file at `path`, if there is one.
    fn read(&self, path: &Path) -> Option<String>;
    /// The directories directly below `path`, sorted.
    fn directories(&self, path: &Path) -> Vec<PathBuf>;
}

/// A source tree on the disk.
#[derive(Clone, Debug)]
pub struct Disk {
    root: PathBuf,
}

impl Disk {
    /// The tree whose root is `root`.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }
}

impl Files for Disk {
    fn read(&self, path: &Path) -> Option<String> {
        std::fs::read_to_string(self.root.join(path)).ok()
    }

    fn directories(&self, path: &Path) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.root.join(path)) else { return Vec::new() };
        let directories = entries.flatten().filter(|e| e.path().is_dir());
        let mut names: Vec<_> = directories.map(|e| path.join(e.file_name())).collect();
        names.sort();
        names
    }
}

/// A source tree in memory, for tests; files of another tree that it does not have show through.
pub struct Overlay<'a> {
    /// The files, by path.
    pub files: BTreeMap<PathBuf, String>,
    /// The tree below.
    pub below: Option<&'a dyn Files>,
}

impl Files for Overlay<'_> {
    fn read(&self, path: &Path) -> Option<String> {
        self.files.get(path).cloned().or_else(|| self.below?.read(path))
    }

    fn directories(&self, path: &Path) -> Vec<PathBuf> {
        let own = self.files.keys().flat_map(|p| p.ancestors().skip(1));
        let own = own.filter(|p| p.parent() == Some(path)).map(Path::to_path_buf);
        let below = self.below.map(|b| b.directories(path)).unwrap_or_default();
        let names: BTreeSet<_> = own.chain(below).collect();
        names.into_iter().collect()
    }
}

/// A file that was read.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Where it is, relative to the root of the tree.
    pub path: PathBuf,
    text: String,
}

impl Source {
    /// Reads `path`.
    ///
    /// # Errors
    /// [`Rule::MissingFile`], blamed on `from`.
    pub fn read(files: &dyn Files, path: &Path, from: &Refusal) -> Result<Self, Refusal> {
        match files.read(path) {
            Some(text) => Ok(Self { path: path.to_path_buf(), text }),
            None => Err(from.clone()),
        }
    }

    /// A file with this text.
    #[must_use]
    pub fn from_text(path: &Path, text: String) -> Self {
        Self { path: path.to_path_buf(), text }
    }

    /// The line of a byte offset, counted from 1.
    #[must_use]
    pub fn line(&self, offset: usize) -> usize {
        1 + self.text.bytes().take(offset).filter(|b| *b == b'\n').count()
    }

    /// A refusal that names the line where `span` begins.
    pub fn refuse(&self, span: Range<usize>, rule: Rule, text: impl Into<String>) -> Refusal {
        Refusal { path: self.path.clone(), line: self.line(span.start), rule, text: text.into() }
    }

    /// Parses the text.
    ///
    /// # Errors
    /// [`Rule::UnknownKey`], [`Rule::MissingKey`], or [`Rule::Syntax`] for everything else that is not of the grammar.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        toml::from_str(&self.text).map_err(|error| {
            let text = error.message().replace('\n', ", ");
            let rule = if text.starts_with("unknown field") {
                Rule::UnknownKey
            } else if text.starts_with("missing field") {
                Rule::MissingKey
            } else {
                Rule::Syntax
            };
            self.refuse(error.span().unwrap_or(0..0), rule, text)
        })
    }
}
