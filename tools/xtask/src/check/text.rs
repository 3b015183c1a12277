//! Sizes of files and functions, where `unsafe` may stand, and what no file may name.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::source::{code_only, functions, line_of, words};
use crate::context;

/// Lines of a file.
const FILE_LINES: usize = 400;
/// Lines of a function's body.
const FUNCTION_LINES: usize = 60;
/// A file whose first line has this was made by a tool.
const GENERATED: &str = "@generated";

/// Files that may be longer, and why.
const LONG_FILES: &[(&str, &str)] =
    &[("rtos-api/abi/src/bundle.rs", "one format, of which nearly all is the documentation of its fields")];
/// Functions that may be longer, and why.
const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[];

/// Where `unsafe` may stand: directories and files.
const UNSAFE: &[&str] = &[
    "kernel/arch",
    "kernel/bounds",
    "kernel/image",
    "bsp-rpi/drivers/src/mmio.rs",
    "rtos-api/src/sys.rs",
    "rtos-api/src/sys",
    "rtos-api/src/entry.rs",
    "rtos-api/src/ring/memory.rs",
    "apps/faulty/src/evil.rs",
    "apps/services/console/src/uart.rs",
    "timing-tests/src/shared.rs",
    "timing-tests/scenarios/bench/src/main.rs",
    "timing-tests/scenarios/peer/src/main.rs",
    "apps/services/init/src/bundle_view.rs",
];

/// Parts of the names of hosts from which packages come. Where they come from is the machine's business: a mirror or
/// none may stand in their place.
const PACKAGE_HOSTS: &[&str] = &["debian", "ubuntu", "crates", "rust-lang"];

/// Everything that these rules find in `files`.
pub fn findings(files: &[PathBuf]) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for file in files {
        let Ok(text) = fs::read_to_string(context::root().join(file)) else { continue };
        if file != Path::new("Cargo.lock") {
            findings.extend(hosts(file, &text));
        }
        if file.extension().is_some_and(|extension| extension == "rs" || extension == "s") {
            findings.extend(sizes(file, &text));
        }
        if file.extension().is_some_and(|extension| extension == "rs") {
            let code = code_only(&text);
            findings.extend(long_functions(file, &code));
            findings.extend(unsafe_places(file, &code));
        }
    }
    Ok(findings)
}

fn sizes(file: &Path, text: &str) -> Option<String> {
    let lines = text.lines().count();
    let generated = text.lines().next().is_some_and(|line| line.contains(GENERATED));
    let excepted = LONG_FILES.iter().any(|(name, _)| file == Path::new(name));
    let long = lines > FILE_LINES && !generated && !excepted;
    long.then(|| format!("{}: {lines} lines; the limit is {FILE_LINES}", file.display()))
}

fn long_functions(file: &Path, code: &str) -> Vec<String> {
    let excepted = |name: &str| LONG_FUNCTIONS.iter().any(|(place, f, _)| file == Path::new(place) && *f == name);
    let long = functions(code).into_iter().filter(|f| f.lines > FUNCTION_LINES && !excepted(&f.name));
    let told = |f: super::source::Function| {
        format!("{}:{}: {} has {} lines; the limit is {FUNCTION_LINES}", file.display(), f.line, f.name, f.lines)
    };
    long.map(told).collect()
}

fn unsafe_places(file: &Path, code: &str) -> Vec<String> {
    if UNSAFE.iter().any(|place| file.starts_with(place)) {
        return Vec::new();
    }
    let told = |at| format!("{}:{}: unsafe may not stand here", file.display(), line_of(code, at));
    words(code, "unsafe").map(told).collect()
}

fn hosts(file: &Path, text: &str) -> Vec<String> {
    let named = |line: &str| {
        line.match_indices("://").any(|(at, mark)| {
            let rest = &line[at + mark.len()..];
            let host = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-').next().unwrap_or("");
            host.split(['.', '-']).any(|part| PACKAGE_HOSTS.contains(&part))
        })
    };
    let lines = text.lines().enumerate().filter(|(_, line)| named(line));
    lines.map(|(number, _)| format!("{}:{}: names a host of packages", file.display(), number + 1)).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{code_only, hosts, long_functions, sizes, unsafe_places};

    #[test]
    fn a_file_over_the_limit_is_found_unless_a_tool_made_it() {
        let long = "x\n".repeat(401);
        assert!(sizes(Path::new("a.rs"), &long).is_some());
        assert!(sizes(Path::new("a.rs"), &long[2..]).is_none());
        assert!(sizes(Path::new("a.rs"), &format!("// @generated\n{long}")).is_none());
    }

    #[test]
    fn a_function_over_the_limit_is_found() {
        let code = |lines: usize| code_only(&format!("fn f() {{{}}}", "\n".repeat(lines - 1)));
        assert_eq!(long_functions(Path::new("a.rs"), &code(60)).len(), 0);
        assert_eq!(long_functions(Path::new("a.rs"), &code(61)).len(), 1);
    }

    #[test]
    fn unsafe_is_found_outside_its_places() {
        let code = "fn f() { unsafe { g() } }";
        assert_eq!(unsafe_places(Path::new("apps/hello/src/main.rs"), code).len(), 1);
        assert_eq!(unsafe_places(Path::new("kernel/arch/src/cpu.rs"), code).len(), 0);
    }

    #[test]
    fn a_host_of_packages_is_found_and_other_links_are_not() {
        let found = |host: &str| hosts(Path::new("a"), &format!("x\nsee https:{}{host}/x", "//")).len();
        assert_eq!((found("deb.debian.org"), found("static.crates.io"), found("example.org")), (1, 1, 0));
    }
}
