//! `cargo xtask build`: the kernel, a system's programs, and from them the one image that every board boots.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use lexopt::ValueExt;

use crate::context::{self, KERNEL_TARGET, PROGRAM_TARGET};
use crate::flat::flatten;
use crate::qemu::{Board, Machine};
use crate::setup;

/// The system that is built when none is named.
pub const DEFAULT_SYSTEM: &str = "default";
/// What `help` says of it.
pub const USAGE: &str = "[--system NAME]";

/// A built system.
#[derive(Clone)]
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

/// The target a program is built for: without floating-point registers unless all its threads declare them.
fn target(member: &manifest::system::Member) -> &'static str {
    if member.file.uses_floating_point() { PROGRAM_TARGET } else { KERNEL_TARGET }
}

/// Builds the programs of a system; answers their ELFs by slot.
fn programs(system: &manifest::System) -> Result<Vec<(String, PathBuf)>> {
    let metadata = context::metadata()?;
    for one_target in [KERNEL_TARGET, PROGRAM_TARGET] {
        let members = system.members().iter().filter(|member| target(member) == one_target);
        let mut wanted: Vec<_> = members.map(|member| (&member.package, &member.binary)).collect();
        if wanted.is_empty() {
            continue;
        }
        wanted.sort();
        wanted.dedup();
        let mut call = context::cargo();
        call.args(["build", "--quiet", "--release", "--target", one_target]);
        for (package, binary) in &wanted {
            call.args(["-p", package, "--bin", binary]);
        }
        context::run(&mut call)?;
    }
    let elf = |member: &manifest::system::Member| metadata.elf(target(member), &member.binary);
    Ok(system.members().iter().map(|member| (member.file.name().to_owned(), elf(member))).collect())
}

/// Reads a system, or one made of it and one more app.
pub fn load(name: &str, app: Option<&str>) -> Result<manifest::System> {
    let load = |name: &str| manifest::load_system(context::root(), name).map_err(|refusals| anyhow!("{refusals}"));
    let system = load(name)?;
    let Some(app) = app.filter(|app| !system.members().iter().any(|member| member.file.name() == *app)) else {
        return Ok(system);
    };
    // The same list with the app at its end, as a system file of its own.
    let text = fs::read_to_string(context::root().join(manifest::system::DIRECTORY).join(format!("{name}.toml")))?;
    let mut table: toml::Table = text.parse()?;
    if let Some(toml::Value::Array(partitions)) = table.get_mut("partitions") {
        partitions.push(app.into());
    }
    let file = context::metadata()?.output().join(format!("{name}-{app}.toml"));
    fs::write(&file, table.to_string())?;
    load(&file.to_string_lossy())
}

/// Packages of programs that use floating point, of all systems. A system that is refused is a finding where it is built.
pub fn floating_point() -> Result<Vec<String>> {
    let mut packages = Vec::new();
    for entry in fs::read_dir(context::root().join(manifest::system::DIRECTORY))?.flatten() {
        let Some(name) = entry.path().file_stem().map(|name| name.to_string_lossy().into_owned()) else { continue };
        let Ok(system) = load(&name, None) else { continue };
        let members = system.members().iter().filter(|member| target(member) == PROGRAM_TARGET);
        packages.extend(members.map(|member| member.package.clone()));
    }
    Ok(packages)
}

/// Compiles the device trees of the boards that need ours.
fn device_trees(output: &Path) -> Result<()> {
    for board in Board::ALL.into_iter().filter(|board| board.needs_device_tree()) {
        let source = context::root().join("bsp-rpi/boards").join(format!("{board}.dts"));
        let text = fs::read_to_string(&source).with_context(|| format!("cannot read {}", source.display()))?;
        let tree = dts::compile(&text).with_context(|| source.display().to_string())?;
        fs::write(output.join(format!("{board}.dtb")), tree)?;
    }
    Ok(())
}

/// Builds the system `name`, with `app` in it even if it is not on its list.
pub fn system(name: &str, app: Option<&str>) -> Result<System> {
    let output = context::metadata()?.output();
    fs::create_dir_all(&output)?;
    let system = load(name, app)?;
    device_trees(&output)?;
    let kernel = kernel()?;
    let programs = programs(&system)?;
    let flat = flatten(&fs::read(&kernel)?).with_context(|| kernel.display().to_string())?;
    let read = |(_, elf): &(String, PathBuf)| fs::read(elf).with_context(|| format!("cannot read {}", elf.display()));
    let contents = programs.iter().map(read).collect::<Result<Vec<_>>>()?;
    let bytes = bundle::build(&bundle::Inputs { kernel: &flat, system: &system, programs: &contents })?;
    let image = output.join(format!("{name}.img"));
    fs::write(&image, bytes)?;
    Ok(System { name: name.to_owned(), image, kernel, programs, output })
}
