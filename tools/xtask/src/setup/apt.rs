//! QEMU from the distribution's packages: from the release if it is new enough, else from its backports, whose entry
//! is derived from the one that the machine already has, so that mirrors and keys stay what they are.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::leading_version;
use crate::context;

/// The package, on Debian and what derives from it.
const PACKAGE: &str = "qemu-system-arm";
/// Debian releases whose own QEMU is too old, for when the package lists cannot be asked.
const OLD_RELEASES: &[&str] = &["bullseye", "bookworm"];
/// Where apt keeps its entries.
const SOURCES: &str = "/etc/apt";

/// A command line for a shell, run as root, and why.
struct Step {
    line: String,
    why: &'static str,
}

/// Installs a QEMU of at least `major`, or says why not and what to type.
pub fn install_qemu(major: u32) -> Result<()> {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    if !context::available("apt-get", "--version") {
        bail!(
            "this system ({}) has no apt, so QEMU is yours to install: {} of version {major} or later, with the machine \
             raspi4b",
            field(&release, "PRETTY_NAME").unwrap_or("unknown"),
            context::QEMU
        );
    }
    let root = Root::find();
    let codename = field(&release, "VERSION_CODENAME").context("/etc/os-release names no release")?;
    let debian = field(&release, "ID") == Some("debian");
    let update = |why| Step { line: "apt-get update -qq".to_owned(), why };
    if candidates(PACKAGE).is_empty() {
        // The lists of a fresh machine or container are empty: nothing can be asked before they are there.
        let update = update("the package lists are empty");
        if !matches!(root, Root::No) {
            root.run_or_tell(&[update])?;
        } else if !(debian && OLD_RELEASES.contains(&codename)) {
            return root.run_or_tell(&[update, install(None)]);
        }
    }
    if let Some(suite) = suite_with(major) {
        return root.run_or_tell(&[install(suite.as_deref())]);
    }
    if !debian {
        bail!("{codename} packages no QEMU {major}; install one with the machine raspi4b, then call this again");
    }
    let backports = format!("{codename}-backports");
    let (file, entry) = derived_entry(Path::new(SOURCES), codename, &backports)?;
    let text = entry.replace('\\', r"\\").replace('%', "%%").replace('\n', r"\n").replace('\'', r"'\''");
    let add = Step {
        line: format!("printf '{text}' > {SOURCES}/sources.list.d/{file}"),
        why: "this release packages an older QEMU, its backports a newer one",
    };
    root.run_or_tell(&[add, update("to read the new entry"), install(Some(&backports))])
}

/// The step that installs the package.
fn install(suite: Option<&str>) -> Step {
    let suite = suite.map_or(String::new(), |suite| format!("-t {suite} "));
    Step {
        line: format!("DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends {suite}{PACKAGE}"),
        why: "the emulator of the Raspberry Pi 3 and 4",
    }
}

/// How one becomes root here.
enum Root {
    /// Is root.
    Is,
    /// May by sudo, without a password.
    Sudo,
    /// May not.
    No,
}

impl Root {
    fn find() -> Self {
        if rustix::process::geteuid().is_root() {
            Self::Is
        } else if Command::new("sudo").args(["-n", "true"]).output().is_ok_and(|result| result.status.success()) {
            Self::Sudo
        } else {
            Self::No
        }
    }

    /// Does the steps, or fails with the one command that does them.
    fn run_or_tell(&self, steps: &[Step]) -> Result<()> {
        if matches!(self, Self::No) {
            let lines: Vec<_> = steps.iter().map(|step| step.line.as_str()).collect();
            let all = lines.join(" && ").replace('\'', r"'\''");
            bail!("this needs root, and sudo asks for a password; type this, then call again:\n  sudo sh -c '{all}'");
        }
        for step in steps {
            println!("setup: {} ({})", step.line, step.why);
            let mut call = if matches!(self, Self::Is) { Command::new("sh") } else { Command::new("sudo") };
            if matches!(self, Self::Sudo) {
                call.arg("sh");
            }
            context::run(call.args(["-c", &step.line]))?;
        }
        Ok(())
    }
}

/// Versions and suites of the package that apt knows: `qemu-system-arm | 1:10.0.2 | <where> bookworm-backports/main amd64 Packages`.
fn candidates(package: &str) -> Vec<(u32, String)> {
    let text = context::output(Command::new("apt-cache").args(["madison", package])).unwrap_or_default();
    parse_madison(&text)
}

fn parse_madison(text: &str) -> Vec<(u32, String)> {
    let row = |line: &str| {
        let mut columns = line.split('|').map(str::trim);
        let version = leading_version(columns.nth(1)?)?;
        let suite = columns.next()?.split_whitespace().nth(1)?.split('/').next()?.to_owned();
        Some((version, suite))
    };
    text.lines().filter_map(row).collect()
}

/// Where a new enough version is: `Some(None)` if apt would choose it by itself, `Some(suite)` if it must be named.
fn suite_with(major: u32) -> Option<Option<String>> {
    let policy = context::output(Command::new("apt-cache").args(["policy", PACKAGE])).unwrap_or_default();
    let candidate = policy.lines().find_map(|line| line.trim().strip_prefix("Candidate:"));
    if candidate.and_then(|version| leading_version(version.trim())).is_some_and(|version| version >= major) {
        return Some(None);
    }
    candidates(PACKAGE).into_iter().find(|(version, _)| *version >= major).map(|(_, suite)| Some(suite))
}

/// The value of `NAME=value` or `NAME="value"`.
fn field<'a>(release: &'a str, name: &str) -> Option<&'a str> {
    release.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).map(|value| value.trim_matches('"'))
}

/// The entry for the backports, from that of the release in `directory`: a file name and its text.
fn derived_entry(directory: &Path, codename: &str, backports: &str) -> Result<(String, String)> {
    let mut files = vec![directory.join("sources.list")];
    if let Ok(entries) = std::fs::read_dir(directory.join("sources.list.d")) {
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    files.sort();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let (entry, kind) = match file.extension().and_then(|extension| extension.to_str()) {
            Some("sources") => (from_stanzas(&text, codename, backports), "sources"),
            Some("list") => (from_lines(&text, codename, backports), "list"),
            _ => continue,
        };
        if let Some(entry) = entry {
            return Ok((format!("tinyos-backports.{kind}"), entry));
        }
    }
    bail!("no entry for {codename} under {SOURCES}: add one for {backports}, then call this again")
}

/// The same from one-line entries: `deb [options] URI suite components`.
fn from_lines(text: &str, codename: &str, backports: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let rest = line.trim().strip_prefix("deb ")?;
        let (options, rest) = match rest.trim_start().strip_prefix('[') {
            Some(rest) => rest.split_once(']').map(|(options, rest)| (format!("[{options}] "), rest))?,
            None => (String::new(), rest),
        };
        let mut words = rest.split_whitespace();
        let (place, suite) = (words.next()?, words.next()?);
        (suite == codename && words.any(|word| word == "main"))
            .then(|| format!("deb {options}{place} {backports} main\n"))
    })
}

/// The same from stanzas: `Types:`, `URIs:`, `Suites:`, `Components:` and more, each maybe on several lines.
fn from_stanzas(text: &str, codename: &str, backports: &str) -> Option<String> {
    text.split("\n\n").find_map(|stanza| {
        let fields = stanza_fields(stanza);
        let value = |name: &str| fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str());
        let has = |name: &str, word: &str| value(name).is_some_and(|v| v.split_whitespace().any(|w| w == word));
        let usable = has("Types", "deb") && has("Suites", codename) && has("Components", "main");
        if !usable || value("Enabled").is_some_and(|v| v.trim() == "no") {
            return None;
        }
        let line = |(key, value): &(String, String)| match key.to_ascii_lowercase().as_str() {
            "types" => "Types: deb\n".to_owned(),
            "suites" => format!("Suites: {backports}\n"),
            "components" => "Components: main\n".to_owned(),
            _ => format!("{key}:{value}\n"),
        };
        Some(fields.iter().map(line).collect())
    })
}

/// The fields of a stanza in order; continued lines stay in the value, comments go.
fn stanza_fields(stanza: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in stanza.lines().filter(|line| !line.starts_with('#')) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push('\n');
                value.push_str(line);
            }
        } else if let Some((key, value)) = line.split_once(':') {
            fields.push((key.to_owned(), value.to_owned()));
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::{from_lines, from_stanzas, parse_madison};

    #[test]
    fn a_stanza_keeps_place_and_key_and_changes_the_suite() {
        let text = "Types: deb deb-src\n# old: x\nURIs: ftp://mirror.example/d\nSuites: sec\nComponents: main\n\n\
                    Types: deb deb-src\nURIs: ftp://mirror.example/d\n ftp://second.example/d\nSuites: stable stable-updates\n\
                    Components: main contrib\nSigned-By: /k.gpg\n";
        let expected = "Types: deb\nURIs: ftp://mirror.example/d\n ftp://second.example/d\nSuites: stable-backports\n\
                        Components: main\nSigned-By: /k.gpg\n";
        assert_eq!(from_stanzas(text, "stable", "stable-backports").as_deref(), Some(expected));
        let disabled = format!("Enabled: no\n{}", text.split("\n\n").nth(1).unwrap());
        assert_eq!(from_stanzas(&disabled, "stable", "stable-backports"), None);
    }

    #[test]
    fn a_line_keeps_its_options_and_changes_the_suite() {
        let text = "# deb ftp://a.example/d stable main\ndeb-src ftp://a.example/d stable main\n\
                    deb [arch=amd64 signed-by=/k.gpg] ftp://a.example/d stable main contrib\n";
        let expected = "deb [arch=amd64 signed-by=/k.gpg] ftp://a.example/d stable-backports main\n";
        assert_eq!(from_lines(text, "stable", "stable-backports").as_deref(), Some(expected));
        assert_eq!(from_lines(text, "other", "other-backports"), None);
    }

    #[test]
    fn versions_and_suites_are_read_from_madison() {
        let text = "qemu-system-arm | 1:10.0.2+ds-2~bpo12+1 | ftp://a.example/d stable-backports/main amd64 Packages\n\
                    qemu-system-arm | 1:7.2+dfsg-7+b3 | ftp://a.example/d stable/main amd64 Packages\n";
        let expected = vec![(10, "stable-backports".to_owned()), (7, "stable".to_owned())];
        assert_eq!(parse_madison(text), expected);
    }
}
