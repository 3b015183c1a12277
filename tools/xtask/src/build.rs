//! `cargo xtask build`: the kernel, a system's programs, and from them the one image that every board boots.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use lexopt::ValueExt;

use crate::context::{self, KERNEL_TARGET, Metadata, PROGRAM_TARGET};
use crate::flat::flatten;
use crate::qemu::{Board, Machine};
use crate::setup;

/// The system that is built when none is named.
pub const DEFAULT_SYSTEM: &str = "default";
/// What `help` says of it.
pub const USAGE: &str = "[--system NAME]";

/// A built system.
pub struct System {
    /// Its name.
    pub name: String,
    /// The image.
    pub image: PathBuf,
    /// The kernel's ELF.
    pub kernel: PathBuf,
    /// The programs' ELFs, with the names of their partitions.
    pub programs: Vec<(String, PathBuf)>,
    output: PathBuf,
}

impl System {
    /// An emulator for it; `purpose` keeps logs of runs at the same time apart.
    pub fn machine(&self, board: Board, purpose: &str) -> Machine {
        Machine {
            board,
            image: self.image.clone(),
            device_tree: board.needs_device_tree().then(|| self.output.join(format!("{board}.dtb"))),
            card: None,
            icount: true,
            log: self.output.join(format!("{}-{board}-{purpose}.log", self.name)),
        }
    }
}

/// The subcommand.
pub fn command(mut arguments: lexopt::Parser) -> Result<u8> {
    let mut name = DEFAULT_SYSTEM.to_owned();
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("system") => name = arguments.value()?.string()?,
            other => return Err(other.unexpected().into()),
        }
    }
    setup::targets()?;
    let system = self::system(&name, None)?;
    println!("{}: {} bytes", system.image.display(), fs::metadata(&system.image)?.len());
    Ok(0)
}

/// The system's file.
pub fn system_file(name: &str) -> Result<PathBuf> {
    let file = context::root().join("apps/systems").join(format!("{name}.toml"));
    if file.is_file() {
        return Ok(file);
    }
    let entries = fs::read_dir(context::root().join("apps/systems")).into_iter().flatten().flatten();
    let mut names: Vec<_> =
        entries.filter_map(|entry| Some(entry.path().file_stem()?.to_string_lossy().into_owned())).collect();
    names.sort();
    anyhow::bail!("there is no system '{name}'; apps/systems has {}", names.join(", "))
}

/// Builds the kernel alone; answers its ELF.
pub fn kernel() -> Result<PathBuf> {
    let metadata = context::metadata()?;
    let package = metadata.package_in(Path::new("kernel/image"))?;
    context::run(context::cargo().args([
        "build",
        "--quiet",
        "--release",
        "--target",
        KERNEL_TARGET,
        "-p",
        &package.name,
    ]))?;
    Ok(metadata.elf(KERNEL_TARGET, package.binary()?))
}

/// Builds the system `name`.
pub fn system(name: &str, _app: Option<&str>) -> Result<System> {
    let output = context::metadata()?.output();
    fs::create_dir_all(&output)?;
    system_file(name)?;
    let kernel = kernel()?;
    let flat = flatten(&fs::read(&kernel)?)?;
    let image = output.join(format!("{name}.img"));
    fs::write(&image, flat)?;
    Ok(System { name: name.to_owned(), image, kernel, programs: Vec::new(), output })
}
