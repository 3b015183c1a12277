//! Where the tree is, what is in it, and how other programs are called.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// Target of the kernel.
pub const KERNEL_TARGET: &str = "aarch64-unknown-none-softfloat";
/// The emulator.
pub const QEMU: &str = "qemu-system-aarch64";
/// Target of programs.
pub const PROGRAM_TARGET: &str = "aarch64-unknown-none";

/// The repository's root.
pub fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        here.ancestors().nth(2).map_or(here.clone(), Path::to_path_buf)
    })
}

/// What `cargo metadata` says of the workspace, as far as it is used here.
#[derive(Deserialize)]
pub struct Metadata {
    /// The workspace's own packages.
    pub packages: Vec<Package>,
    /// Cargo's output directory.
    pub target_directory: PathBuf,
}

/// A package of the workspace.
#[derive(Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its `Cargo.toml`.
    pub manifest_path: PathBuf,
    /// What it imports.
    pub dependencies: Vec<Dependency>,
    /// What is built from it.
    pub targets: Vec<Target>,
}

/// Something a package imports.
#[derive(Deserialize)]
pub struct Dependency {
    /// Name of the package.
    pub name: String,
    /// Absent for ordinary ones, else `dev` or `build`.
    pub kind: Option<String>,
    /// Set for packages of this tree.
    pub path: Option<PathBuf>,
}

/// Something that is built from a package.
#[derive(Deserialize)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// `lib`, `bin`, `test`, ...
    pub kind: Vec<String>,
}

impl Package {
    /// Its directory, relative to the repository's root.
    pub fn directory(&self) -> &Path {
        let directory = self.manifest_path.parent().unwrap_or(root());
        directory.strip_prefix(root()).unwrap_or(directory)
    }

    /// Has a target of this kind.
    pub fn has(&self, kind: &str) -> bool {
        self.targets.iter().any(|target| target.kind.iter().any(|k| k == kind))
    }

    /// Name of its binary.
    pub fn binary(&self) -> Result<&str> {
        let binary = self.targets.iter().find(|target| target.kind.iter().any(|kind| kind == "bin"));
        binary.map(|target| target.name.as_str()).with_context(|| format!("{} has no binary", self.name))
    }

    /// Part of the kernel's image, which only its target can build.
    pub fn is_kernel(&self) -> bool {
        self.directory().starts_with("kernel/image") || self.directory().starts_with("kernel/arch")
    }

    /// Programs of partitions, built for [`PROGRAM_TARGET`]; a library beside them is tested on the host.
    pub fn is_program(&self) -> bool {
        self.has("bin") && (self.directory().starts_with("apps") || self.directory().starts_with("timing-tests"))
    }
}

impl Metadata {
    /// The package in `directory` (relative to the root).
    pub fn package_in(&self, directory: &Path) -> Result<&Package> {
        let found = self.packages.iter().find(|package| package.directory() == directory);
        found.with_context(|| format!("{} is no package of this workspace", directory.display()))
    }

    /// Where the built image and generated files go.
    pub fn output(&self) -> PathBuf {
        self.target_directory.join("tinyos")
    }

    /// An ELF built for `target` in the release profile.
    pub fn elf(&self, target: &str, binary: &str) -> PathBuf {
        self.target_directory.join(target).join("release").join(binary)
    }
}

/// The workspace, asked for once.
pub fn metadata() -> Result<&'static Metadata> {
    static METADATA: OnceLock<Metadata> = OnceLock::new();
    if let Some(metadata) = METADATA.get() {
        return Ok(metadata);
    }
    let text = output(cargo().args(["metadata", "--format-version=1", "--no-deps"]))?;
    let metadata = serde_json::from_str(&text).context("`cargo metadata` answered something unknown")?;
    Ok(METADATA.get_or_init(|| metadata))
}

/// A call of cargo in the repository. Flags from the environment would replace those of `.cargo/config.toml`, among
/// them the linker's workaround for erratum 843419, so they are left out.
pub fn cargo() -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(root()).env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        // Set by the cargo that started this program; a child would take this package's values for its own.
        if name.starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR" || name == "CARGO_MANIFEST_PATH" {
            command.env_remove(&*name);
        }
    }
    command
}

/// The command as one would type it.
pub fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Runs a command whose output the user sees; an error if it fails.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

/// Runs a command and answers what it wrote to standard output; an error if it fails.
pub fn output(command: &mut Command) -> Result<String> {
    let result = command.stderr(Stdio::piped()).output();
    let result = result.with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !result.status.success() {
        bail!("`{}` failed ({})\n{}", shown(command), result.status, String::from_utf8_lossy(&result.stderr));
    }
    Ok(String::from_utf8_lossy(&result.stdout).into_owned())
}

/// The program can be found and started.
pub fn available(program: &str, argument: &str) -> bool {
    let call = Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status();
    call.is_ok_and(|status| status.success())
}
