//! From an ELF file to `docs/bounds.md`.

use std::fs;
use std::path::PathBuf;

use crate::fixture::{Asm, kernel};

/// A fresh directory for one test, under cargo's own.
fn directory(name: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).expect("a directory for the test");
    directory
}

/// A kernel whose fault path has a loop of `turns` turns.
fn looping(turns: u64) -> Asm {
    kernel(|asm| {
        asm.label(".loop");
        asm.bound(turns);
        asm.plain(3);
        asm.cbz(".loop");
        asm.eret();
    })
}

#[test]
fn an_elf_file_gives_the_same_report_as_its_parts() {
    let asm = looping(9);
    let report = paths::analyse(&asm.elf()).unwrap();
    assert_eq!(report, paths::entries::analyse(&asm.program(), rtos_abi::call::ALL).unwrap());
    assert_eq!(report.masked_max(), 1 + 9 * 4 + 1);
}

#[test]
fn a_file_that_is_no_kernel_is_refused_in_words() {
    let error = paths::analyse(b"no ELF file at all").unwrap_err();
    assert!(error.to_string().starts_with("the kernel's ELF file cannot be read"), "{error}");
}

#[test]
fn a_bound_may_grow_only_on_purpose() {
    let directory = directory("grow");
    let (elf, doc) = (directory.join("kernel"), directory.join("bounds.md"));
    fs::write(&elf, looping(9).elf()).unwrap();
    assert!(paths::run(&elf, &doc, false).unwrap_err().contains("is new"));
    paths::run(&elf, &doc, true).unwrap();
    paths::run(&elf, &doc, false).unwrap();

    let page = fs::read_to_string(&doc).unwrap();
    fs::write(&elf, looping(10).elf()).unwrap();
    let error = paths::run(&elf, &doc, false).unwrap_err();
    assert!(error.contains("`fault`: 42 instructions, was 38"), "{error}");
    assert_eq!(fs::read_to_string(&doc).unwrap(), page, "a refused run must not touch the page");

    paths::run(&elf, &doc, true).unwrap();
    fs::write(&elf, looping(8).elf()).unwrap();
    assert_eq!(paths::run(&elf, &doc, false).unwrap().masked_max(), 34);
    assert!(fs::read_to_string(&doc).unwrap().contains("| `fault` | 34 |"));
}

#[test]
fn a_path_over_the_limit_is_refused_even_on_purpose() {
    let directory = directory("limit");
    let (elf, doc) = (directory.join("kernel"), directory.join("bounds.md"));
    fs::write(&elf, looping(200).elf()).unwrap();
    let error = paths::run(&elf, &doc, true).unwrap_err();
    assert!(error.ends_with("masked_max is 802, the limit is 700"), "{error}");
}
