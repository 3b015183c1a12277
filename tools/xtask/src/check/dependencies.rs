//! Imports run one way: abi <- core <- arch, bsp <- image; programs see the API and protocols only; drivers never see
//! the kernel.

use std::path::Path;

use anyhow::Result;

use crate::context::{self, Package};

/// What the packages below a directory may import. The first row that matches counts.
struct Rule {
    directory: &'static str,
    /// Packages of this tree; a `*` at the end stands for any rest.
    own: &'static [&'static str],
    /// Packages from elsewhere; `None` for any.
    foreign: Option<&'static [&'static str]>,
    /// Packages of this tree that only build scripts and tests may import.
    tools: &'static [&'static str],
}

/// Register crates, for what touches hardware.
const REGISTERS: &[&str] = &["aarch64-cpu", "bitflags", "tock-registers"];
/// What tests may bring.
const TEST_CRATES: &[&str] = &["proptest", "fdt", "dtoolkit"];
/// What a program may import.
const PROGRAM: &[&str] = &["rtos-abi", "rtos-api", "*-proto", "timing-tests"];
/// What a tool may import.
const TOOL: &[&str] = &["rtos-abi", "rtos-elf", "manifest", "bundle", "paths", "dts", "timing-tests"];

/// The allow list.
const RULES: &[Rule] = &[
    Rule { directory: "rtos-api/abi", own: &[], foreign: Some(&[]), tools: &[] },
    Rule { directory: "rtos-api/elf", own: &["rtos-abi"], foreign: Some(&["elf"]), tools: &[] },
    Rule { directory: "rtos-api", own: &["rtos-abi", "rtos-api", "*-proto"], foreign: None, tools: &[] },
    Rule { directory: "kernel/bounds", own: &[], foreign: Some(&[]), tools: &[] },
    Rule {
        directory: "kernel/core",
        own: &["rtos-abi", "kernel-bounds"],
        foreign: Some(&["bitflags", "heapless"]),
        tools: &[],
    },
    Rule {
        directory: "kernel/arch",
        own: &["rtos-abi", "kernel-bounds", "kernel-core"],
        foreign: Some(REGISTERS),
        tools: &[],
    },
    Rule {
        directory: "kernel/image",
        own: &["rtos-abi", "kernel-bounds", "kernel-core", "kernel-arch", "bsp-rpi"],
        foreign: Some(&["aarch64-cpu", "bitflags", "dtoolkit", "heapless", "tock-registers"]),
        tools: &["dts"],
    },
    Rule {
        directory: "bsp-rpi/drivers",
        own: &["kernel-bounds"],
        foreign: Some(&["bitflags", "embedded-hal", "embedded-io", "tock-registers"]),
        tools: &[],
    },
    Rule {
        directory: "bsp-rpi",
        own: &["rtos-abi", "kernel-bounds", "kernel-core", "rpi-drivers"],
        foreign: Some(&["bitflags", "dtoolkit", "heapless", "tock-registers"]),
        tools: &["manifest", "dts"],
    },
    Rule {
        directory: "apps/services",
        own: &["rtos-abi", "rtos-api", "*-proto", "rpi-drivers", "rtos-elf"],
        foreign: None,
        tools: &["manifest"],
    },
    Rule { directory: "apps", own: PROGRAM, foreign: None, tools: &["manifest"] },
    Rule { directory: "timing-tests", own: PROGRAM, foreign: None, tools: &["manifest"] },
    Rule { directory: "tools", own: TOOL, foreign: None, tools: TOOL },
];

/// Imports that the allow list does not have.
pub fn findings() -> Result<Vec<String>> {
    let metadata = context::metadata()?;
    Ok(metadata.packages.iter().flat_map(of_package).collect())
}

fn of_package(package: &Package) -> Vec<String> {
    let directory = package.directory();
    let Some(rule) = RULES.iter().find(|rule| directory.starts_with(Path::new(rule.directory))) else {
        return vec![format!("{}: no rule says what it may import (tools/xtask/src/check)", directory.display())];
    };
    let wrong = package.dependencies.iter().filter(|dependency| {
        let name = dependency.name.as_str();
        let ordinary = dependency.kind.is_none();
        if dependency.path.is_some() {
            !(any(rule.own, name) || (!ordinary && any(rule.tools, name)))
        } else {
            let listed = rule.foreign.is_none_or(|allowed| any(allowed, name));
            !(listed || (!ordinary && TEST_CRATES.contains(&name)))
        }
    });
    let told = |name: &str| format!("{}/Cargo.toml: {} may not import {name}", directory.display(), package.name);
    wrong.map(|dependency| told(&dependency.name)).collect()
}

/// `name` is in the list.
fn any(list: &[&str], name: &str) -> bool {
    list.iter().any(|entry| match entry.strip_prefix('*') {
        Some(end) => name.ends_with(end),
        None => *entry == name,
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::of_package;
    use crate::context::{Dependency, Package, root};

    fn package(directory: &str, imports: &[(&str, Option<&str>, bool)]) -> Package {
        let dependency = |(name, kind, own): &(&str, Option<&str>, bool)| Dependency {
            name: (*name).to_owned(),
            kind: kind.map(str::to_owned),
            path: own.then(PathBuf::new),
        };
        Package {
            name: "it".to_owned(),
            manifest_path: root().join(directory).join("Cargo.toml"),
            dependencies: imports.iter().map(dependency).collect(),
            targets: Vec::new(),
        }
    }

    #[test]
    fn a_driver_may_not_import_the_kernel_nor_an_app_the_drivers() {
        assert_eq!(of_package(&package("bsp-rpi/drivers", &[("kernel-core", None, true)])).len(), 1);
        assert_eq!(of_package(&package("apps/hello", &[("rpi-drivers", None, true)])).len(), 1);
        assert_eq!(of_package(&package("apps/services/console", &[("rpi-drivers", None, true)])).len(), 0);
    }

    #[test]
    fn a_build_script_may_import_tools_that_the_program_may_not() {
        assert_eq!(of_package(&package("apps/hello", &[("manifest", Some("build"), true)])).len(), 0);
        assert_eq!(of_package(&package("apps/hello", &[("manifest", None, true)])).len(), 1);
    }

    #[test]
    fn the_kernels_foreign_crates_are_listed_and_new_directories_need_a_rule() {
        assert_eq!(of_package(&package("kernel/core", &[("serde", None, false)])).len(), 1);
        assert_eq!(of_package(&package("kernel/core", &[("proptest", Some("dev"), false)])).len(), 0);
        assert_eq!(of_package(&package("elsewhere", &[])).len(), 1);
    }
}
