//! Wrong manifests, at least one for every rule, and what each is told.
//!
//! A file of `tests/bad` is named after its rule. It begins with why it is wrong and with the messages it gets; then
//! come the files that it changes in the right system of `tests/good`, each after a line `#--- path`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use manifest::rule::Rule;
use manifest::source::{Disk, Overlay};

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The corpus: name and text of each file.
fn corpus() -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(tests().join("bad")).unwrap();
    let file = |path: PathBuf| {
        (path.file_stem().unwrap().to_str().unwrap().to_string(), std::fs::read_to_string(path).unwrap())
    };
    entries.map(|e| file(e.unwrap().path())).collect()
}

/// The rule that a corpus file is named after.
fn rule_of(name: &str) -> &str {
    name.split('.').next().unwrap()
}

/// The messages that a corpus file expects, and the files it holds.
fn split(text: &str) -> (Vec<&str>, BTreeMap<PathBuf, String>) {
    let expected = text.lines().filter_map(|l| l.strip_prefix("# expect: ")).collect();
    let mut files = BTreeMap::new();
    for part in text.split("#--- ").skip(1) {
        let (path, text) = part.split_once('\n').unwrap();
        files.insert(PathBuf::from(path), text.to_string());
    }
    (expected, files)
}

#[test]
fn the_system_that_the_corpus_changes_is_right() {
    let system = manifest::load_system_from(&Disk::new(&tests().join("good")), "test");
    assert_eq!(system.map_err(|refusals| refusals.to_string()).map(|s| s.tables.len()), Ok(1));
}

#[test]
fn every_wrong_manifest_gets_exactly_the_messages_it_expects() {
    let good = Disk::new(&tests().join("good"));
    let mut wrong = Vec::new();
    for (name, text) in corpus() {
        let (expected, files) = split(&text);
        let found = match manifest::load_system_from(&Overlay { files, below: Some(&good) }, "test") {
            Ok(_) => "accepted".to_string(),
            Err(refusals) => refusals.to_string(),
        };
        if found != expected.join("\n") {
            wrong.push(format!("## {name}\n{found}"));
        }
    }
    assert!(wrong.is_empty(), "these are told otherwise than they expect:\n{}", wrong.join("\n"));
}

#[test]
fn every_wrong_manifest_breaks_the_rule_it_is_named_after_and_no_other() {
    for (name, text) in corpus() {
        let (expected, _) = split(&text);
        assert!(!expected.is_empty(), "{name} expects nothing");
        for message in expected {
            assert_eq!(message.split(": ").nth(1), Some(rule_of(&name)), "{name}");
        }
    }
}

#[test]
fn every_rule_has_a_wrong_manifest() {
    let corpus = corpus();
    for rule in Rule::ALL {
        assert!(corpus.keys().any(|name| rule_of(name) == rule.id()), "no tests/bad/{}.toml", rule.id());
    }
}
