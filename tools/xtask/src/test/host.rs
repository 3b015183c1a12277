//! Steps that need no emulator: format, lints, rules, tests on the host, documentation, Miri.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use super::{Done, Tally};
use crate::build;
use crate::context::{self, KERNEL_TARGET, PROGRAM_TARGET, Package};

/// Packages whose tests are run under Miri, and the part of their tests; all have `unsafe` near them or decide isolation.
const MIRI: &[(&str, &str)] = &[("kernel-core", ""), ("rtos-abi", ""), ("rpi-drivers", ""), ("rtos-api", "ring")];

/// Options of nextest: all tests, and only those that fail are told.
const NEXTEST: &[&str] = &["--no-tests=pass", "--no-fail-fast", "--status-level=fail", "--final-status-level=none"];

/// Packages by where they are built.
struct Packages {
    /// For the host, with all their targets.
    host: Vec<&'static str>,
    /// Programs with a library, which is tested on the host.
    libraries: Vec<&'static str>,
    /// For the kernel's target: the kernel, and programs that use no floating point.
    kernel: Vec<&'static str>,
    /// Programs that use floating point, for the programs' target; the others are built for the kernel's.
    programs: Vec<&'static str>,
}

impl Packages {
    fn find() -> Result<Self> {
        let packages = &context::metadata()?.packages;
        let names = |wanted: &dyn Fn(&Package) -> bool| {
            packages.iter().filter(|package| wanted(package)).map(|package| package.name.as_str()).collect()
        };
        let floating = build::floating_point()?;
        let floats = |package: &Package| floating.contains(&package.name);
        Ok(Self {
            host: names(&|package| !package.is_kernel() && !package.is_program()),
            libraries: names(&|package| package.is_program() && package.has("lib")),
            kernel: names(&|package| package.is_kernel() || (package.is_program() && !floats(package))),
            programs: names(&|package| package.is_program() && floats(package)),
        })
    }
}

/// A call of cargo with `-p` for each package.
fn cargo(command: &[&str], packages: &[&str], options: &[&str]) -> Command {
    let mut call = context::cargo();
    call.args(command);
    packages.iter().for_each(|package| {
        call.args(["-p", package]);
    });
    call.args(options);
    call
}

/// The steps; the quick ones are those that find most for their time.
pub fn steps(tally: &mut Tally, quick: bool) {
    tally.step("format", || quiet(context::cargo().args(["fmt", "--all", "--check"])));
    tally.step("rules", || quiet(&mut xtask(if quick { &["check", "--no-build"] } else { &["check"] })));
    let packages = match Packages::find() {
        Ok(packages) => packages,
        Err(error) => return tally.count("packages", Duration::ZERO, Err(error)),
    };
    tally.step("tests on the host", || host_tests(&packages));
    if quick {
        return;
    }
    tally.step("tests in documentation", || {
        let libraries: Vec<_> = packages.host.iter().filter(|name| has_library(name)).copied().collect();
        counted(cargo(&["test", "--quiet", "--doc"], &libraries, &["--no-fail-fast"]))
    });
    tally.step("masked paths", || {
        let report = crate::paths::report(false)?;
        Ok(Done { note: format!("at most {} instructions", report.masked_max()), ..Done::ONE })
    });
    lints(tally, &packages);
    documentation(tally, &packages);
    miri(tally);
}

/// This program again, as a step of its own.
fn xtask(arguments: &[&str]) -> Command {
    let program = std::env::current_exe().unwrap_or_else(|_| "xtask".into());
    let mut call = Command::new(program);
    call.args(arguments);
    call
}

fn has_library(name: &str) -> bool {
    context::metadata().is_ok_and(|m| m.packages.iter().any(|package| package.name == name && package.has("lib")))
}

fn lints(tally: &mut Tally, packages: &Packages) {
    let strict = ["--", "-D", "warnings"];
    let clippy = ["clippy", "--quiet"];
    tally.step("lints, host", || {
        let options = [&["--all-targets"][..], &strict].concat();
        quiet(&mut cargo(&clippy, &packages.host, &options))
    });
    tally.step("lints, programs' libraries", || {
        let options = [&["--lib", "--tests"][..], &strict].concat();
        quiet(&mut cargo(&clippy, &packages.libraries, &options))
    });
    for (name, packages, target) in [
        ("kernel and programs", &packages.kernel, KERNEL_TARGET),
        ("floating point", &packages.programs, PROGRAM_TARGET),
    ] {
        tally.step(&format!("lints, {name}"), || {
            let options = [&["--release", "--target", target][..], &strict].concat();
            quiet(&mut cargo(&clippy, packages, &options))
        });
    }
}

fn documentation(tally: &mut Tally, packages: &Packages) {
    let doc = ["doc", "--quiet", "--no-deps"];
    let kernel = ["--target", KERNEL_TARGET];
    let programs = ["--target", PROGRAM_TARGET];
    let parts: [(&str, &[&str], &[&str]); 3] = [
        ("host", &packages.host, &[]),
        ("kernel and programs", &packages.kernel, &kernel),
        ("floating point", &packages.programs, &programs),
    ];
    for (name, packages, target) in parts {
        tally.step(&format!("documentation, {name}"), || {
            quiet(cargo(&doc, packages, target).env("RUSTDOCFLAGS", "-D warnings"))
        });
    }
}

fn miri(tally: &mut Tally) {
    let toolchain = || {
        let mut rustup = Command::new("rustup");
        // Cargo names itself and its toolchain to its children; Miri must use its own.
        rustup.current_dir(context::root()).env_remove("CARGO").env_remove("RUSTC").env_remove("RUSTUP_TOOLCHAIN");
        rustup.args(["run", "nightly", "cargo", "miri"]);
        rustup
    };
    if !toolchain().arg("--version").output().is_ok_and(|result| result.status.success()) {
        println!("skipped Miri: `rustup toolchain install nightly --component miri,rust-src` adds it");
        return;
    }
    for (package, part) in MIRI {
        tally.step(&format!("Miri, {package}"), || {
            let mut call = toolchain();
            // Tests of properties walk less far: Miri is some hundred times slower.
            call.env("MIRIFLAGS", "-Zmiri-disable-isolation").env("PROPTEST_CASES", "4");
            if has_nextest() {
                // Side by side: Miri itself uses one core.
                call.args(["nextest", "run"]).args(NEXTEST);
            } else {
                call.args(["test", "--quiet"]);
            }
            call.args(["-p", package, "--lib", "--tests"]);
            if !part.is_empty() {
                call.args(["--", part]);
            }
            counted(call)
        });
    }
}

/// A step that says something only if it fails.
fn quiet(command: &mut Command) -> Result<Done> {
    let (text, success) = said(command)?;
    if success { Ok(Done::ONE) } else { bail!("{}\n{text}", context::shown(command)) }
}

/// What the command wrote to both streams, and whether it succeeded.
fn said(command: &mut Command) -> Result<(String, bool)> {
    let result = command.output()?;
    let text = [result.stdout, result.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    Ok((text, result.status.success()))
}

/// There is a nextest, which runs tests side by side.
fn has_nextest() -> bool {
    context::cargo().args(["nextest", "--version"]).output().is_ok_and(|result| result.status.success())
}

/// Tests on the host.
fn host_tests(packages: &Packages) -> Result<Done> {
    let command =
        if has_nextest() { [&["nextest", "run"], NEXTEST].concat() } else { vec!["test", "--quiet", "--no-fail-fast"] };
    let mut all = counted(cargo(&command, &packages.host, &["--lib", "--bins", "--tests"]))?;
    if !packages.libraries.is_empty() {
        let libraries = counted(cargo(&command, &packages.libraries, &["--lib", "--tests"]))?;
        all = Done {
            passed: all.passed + libraries.passed,
            failed: all.failed + libraries.failed,
            note: [all.note, libraries.note].join(", "),
        };
    }
    Ok(all)
}

/// A step that runs tests and says how many, or all that was said if some failed.
fn counted(mut command: Command) -> Result<Done> {
    let (text, success) = said(&mut command)?;
    let count = |word| text.lines().filter_map(|line| counted_in(line, word)).sum::<usize>();
    let (passed, failed) = (count(" passed"), count(" failed"));
    match (success, failed) {
        (true, _) => Ok(Done { passed, failed: 0, note: format!("{passed} tests") }),
        (false, 0) => bail!("{}\n{text}", context::shown(&command)),
        (false, _) => Ok(Done { passed, failed, note: text }),
    }
}

/// The number before `word` in `test result: ok. 5 passed; 0 failed` or `Summary [0.1s] 5 tests run: 5 passed, 0 skipped`.
fn counted_in(line: &str, word: &str) -> Option<usize> {
    let line = line.trim_start();
    if !line.starts_with("test result:") && !line.starts_with("Summary") {
        return None;
    }
    let (before, _) = line.split_once(word)?;
    before.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::counted_in;

    #[test]
    fn tests_are_counted_from_either_runner() {
        let summary = "     Summary [   0.020s] 126 tests run: 125 passed, 1 failed, 0 skipped";
        assert_eq!(counted_in("test result: FAILED. 26 passed; 3 failed; 0 ignored", " failed"), Some(3));
        assert_eq!((counted_in(summary, " passed"), counted_in(summary, " failed")), (Some(125), Some(1)));
        assert_eq!(counted_in("     Summary [   0.020s] 126 tests run: 126 passed, 0 skipped", " failed"), None);
        assert_eq!(counted_in("test a ... ok", " passed"), None);
    }
}
