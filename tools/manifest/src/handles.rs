//! The constants by which a program names what its manifest gives it.
//!
//! Numbers depend on the program's own `partition.toml` alone, in the order of listing, so that one ELF file fits every
//! system. Only the masks of `peers` look further: at the bits of the peer's `partition.toml`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use rtos_abi::layout;
use toml::Spanned;

use crate::partition::{Partition, PartitionFile, Thread};
use crate::rule::{Refusal, Rule};
use crate::source::{Disk, Files};

/// Grants of each pin: set, clear, level.
pub const GRANTS_PER_PIN: usize = 3;
/// The partition that serves standard input and output, and the name of the bit by which its clients wake it.
pub const CONSOLE: &str = "console";
/// Bit of a console thread that a client's rings set.
pub const CONSOLE_BIT: &str = "stdio";

/// Writes `OUT_DIR/handles.rs` for the package whose build script calls it, and tells the linker how to lay it out.
///
/// A refused manifest ends the build with its file and line.
pub fn generate() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = root.canonicalize().unwrap_or(root);
    let package = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let package = package.canonicalize().unwrap_or(package);
    let dir = package.strip_prefix(&root).map_or(package.clone(), Path::to_path_buf);
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default()).join("handles.rs");
    let written = text(&Disk::new(&root), &dir).map_err(|refusal| refusal.to_string()).and_then(|(text, files)| {
        for file in files {
            println!("cargo::rerun-if-changed={}", root.join(file).display());
        }
        std::fs::write(&out, text).map_err(|error| format!("cannot write {}: {error}", out.display()))
    });
    if let Err(error) = written {
        println!("cargo::error={error}");
    }
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "none") {
        let script = root.join("rtos-api/link/app.ld");
        println!("cargo::rerun-if-changed={}", script.display());
        println!("cargo::rustc-link-arg-bins=-T{}", script.display());
        println!("cargo::rustc-link-arg-bins=-zmax-page-size=4096");
    }
}

/// The text of `handles.rs` for the partition in `dir`, and the manifests it was made from.
///
/// # Errors
/// A manifest that cannot be read, or that names what is not there.
pub fn text(files: &dyn Files, dir: &Path) -> Result<(String, Vec<PathBuf>), Refusal> {
    let path = dir.join("partition.toml");
    let missing = Refusal { path, line: 1, rule: Rule::MissingFile, text: "there is no such file".into() };
    let file = PartitionFile::read(files, dir, &missing)?;
    let mut sources = vec![file.source.path.clone()];
    let mut text = format!("// What `{}` may use, from its partition.toml.\n", file.name());
    calls(&mut text, &file.manifest);
    peers(&mut text, files, &file, &mut sources)?;
    irqs(&mut text, &file)?;
    bits(&mut text, &file)?;
    devices(&mut text, &file.manifest);
    grants(&mut text, &file.manifest);
    threads(&mut text, &file.manifest);
    Ok((text, sources))
}

/// Splits `partition.thread`.
///
/// # Errors
/// [`Rule::UnknownPeer`] when it is not of that form.
pub fn split_peer<'a>(file: &PartitionFile, to: &'a Spanned<String>) -> Result<(&'a str, &'a str), Refusal> {
    to.get_ref().split_once('.').filter(|(p, t)| !p.is_empty() && !t.is_empty() && !t.contains('.')).ok_or_else(|| {
        file.refuse(to, Rule::UnknownPeer, format!("expected \"partition.thread\", found \"{}\"", to.get_ref()))
    })
}

/// The mask of the named bits of `thread`.
///
/// # Errors
/// [`Rule::UnknownBit`].
pub fn mask(file: &PartitionFile, thread: &Thread, names: &[Spanned<String>]) -> Result<u64, Refusal> {
    let mut mask = 0;
    for name in names {
        mask |= 1 << bit(file, thread, name)?;
    }
    Ok(mask)
}

/// The number of the bit of `thread` that `name`, in `file`, means.
///
/// # Errors
/// [`Rule::UnknownBit`].
pub fn bit(file: &PartitionFile, thread: &Thread, name: &Spanned<String>) -> Result<u8, Refusal> {
    thread.bit(name.get_ref()).ok_or_else(|| {
        let known: Vec<_> = thread.bits.iter().map(|b| b.get_ref().as_str()).collect();
        let known = if known.is_empty() { "it has none".into() } else { format!("it has: {}", known.join(", ")) };
        let text = format!("thread \"{}\" has no bit \"{}\"; {known}", thread.name.get_ref(), name.get_ref());
        file.refuse(name, Rule::UnknownBit, text)
    })
}

/// The thread of `owner` that `name`, in `file`, means.
///
/// # Errors
/// `rule`.
pub fn thread<'a, T>(
    file: &PartitionFile,
    at: &Spanned<T>,
    owner: &'a Partition,
    name: &str,
    rule: Rule,
) -> Result<(usize, &'a Thread), Refusal> {
    owner.thread.iter().enumerate().find(|(_, t)| t.name.get_ref() == name).ok_or_else(|| {
        let known: Vec<_> = owner.thread.iter().map(|t| t.name.get_ref().as_str()).collect();
        let text =
            format!("partition \"{}\" has no thread \"{name}\"; it has: {}", owner.name.get_ref(), known.join(", "));
        file.refuse(at, rule, text)
    })
}

/// Finds the partition that a manifest in `dir` means by `name`: beside it, else anywhere among the applications.
#[must_use]
pub fn find_peer(files: &dyn Files, dir: &Path, name: &str) -> Option<PartitionFile> {
    let beside = dir.parent().into_iter().map(Path::to_path_buf);
    for parent in beside.chain(["apps".into(), "apps/services".into()]) {
        for candidate in files.directories(&parent) {
            let path = candidate.join("partition.toml");
            let unread = Refusal { path, line: 1, rule: Rule::MissingFile, text: String::new() };
            if let Ok(peer) = PartitionFile::read(files, &candidate, &unread)
                && peer.name() == name
            {
                return Some(peer);
            }
        }
    }
    None
}

/// The masks of a manifest's notification edges, in order, as its program is compiled with.
///
/// # Errors
/// A peer or bit that does not exist.
pub fn peer_masks(files: &dyn Files, file: &PartitionFile, sources: &mut Vec<PathBuf>) -> Result<Vec<u64>, Refusal> {
    let mut masks = Vec::new();
    for notify in &file.manifest.notify {
        let (partition, name) = split_peer(file, &notify.to)?;
        let peer = find_peer(files, &file.dir, partition).ok_or_else(|| {
            file.refuse(&notify.to, Rule::UnknownPeer, format!("there is no partition \"{partition}\""))
        })?;
        let (_, thread) = thread(file, &notify.to, &peer.manifest, name, Rule::UnknownPeer)?;
        masks.push(mask(file, thread, &notify.bits)?);
        sources.push(peer.source.path);
    }
    Ok(masks)
}

fn constant(name: &str) -> String {
    name.to_uppercase().replace(['-', '.'], "_")
}

/// Writes one module of constants, given as name, type, value and what it is.
fn module(text: &mut String, name: &str, about: &str, items: &[(String, &str, String, String)]) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "/// {about}\npub mod {name} {{");
    for (constant, kind, value, about) in items {
        let _ = writeln!(text, "    /// {about}\n    pub const {constant}: {kind} = {value};");
        // A program need not use all that it may; this keeps the compiler from saying so.
        let _ = writeln!(text, "    const _: {kind} = {constant};");
    }
    let _ = writeln!(text, "}}");
}

fn calls(text: &mut String, manifest: &Partition) {
    let items = manifest.call.iter().enumerate().map(|(n, call)| {
        let to = call.to.get_ref();
        let value = format!("::rtos_api::ipc::CallEdge::new({n})");
        (constant(to), "::rtos_api::ipc::CallEdge", value, format!("Calls to `{to}`."))
    });
    module(text, "calls", "Threads of other partitions that may be called.", &items.collect::<Vec<_>>());
}

fn peers(
    text: &mut String,
    files: &dyn Files,
    file: &PartitionFile,
    sources: &mut Vec<PathBuf>,
) -> Result<(), Refusal> {
    let masks = peer_masks(files, file, sources)?;
    let items = file.manifest.notify.iter().zip(masks).enumerate().map(|(n, (notify, mask))| {
        let (to, bits) = (notify.to.get_ref(), &notify.bits);
        let bits: Vec<_> = bits.iter().map(|b| format!("`{}`", b.get_ref())).collect();
        let value = format!("::rtos_api::notify::NotifyEdge::new({n}, {mask:#x})");
        let about = format!("Notifications to `{to}`: {}.", bits.join(", "));
        (constant(to), "::rtos_api::notify::NotifyEdge", value, about)
    });
    module(text, "peers", "Threads of other partitions that may be notified.", &items.collect::<Vec<_>>());
    Ok(())
}

fn irqs(text: &mut String, file: &PartitionFile) -> Result<(), Refusal> {
    let mut items = Vec::new();
    for (n, irq) in file.manifest.irq.iter().enumerate() {
        let (_, owner) = thread(file, &irq.thread, &file.manifest, irq.thread.get_ref(), Rule::UnknownThread)?;
        let bit = bit(file, owner, &irq.bit)?;
        let value = format!("::rtos_api::irq::IrqLine::new({n}, 1 << {bit})");
        let about =
            format!("The line of `{}`: bit `{}` of `{}`.", irq.role.get_ref(), irq.bit.get_ref(), irq.thread.get_ref());
        items.push((constant(irq.role.get_ref()), "::rtos_api::irq::IrqLine", value, about));
    }
    module(text, "irqs", "Interrupt lines.", &items);
    Ok(())
}

fn bits(text: &mut String, file: &PartitionFile) -> Result<(), Refusal> {
    let mut items: BTreeMap<&str, (u8, &str)> = BTreeMap::new();
    for thread in &file.manifest.thread {
        for (n, name) in thread.bits.iter().enumerate() {
            let n = u8::try_from(n).unwrap_or(u8::MAX);
            let owner = thread.name.get_ref();
            if let Some((_, first)) = items.insert(name.get_ref(), (n, owner)) {
                let text = format!("bit \"{}\" is already a bit of thread \"{first}\"", name.get_ref());
                return Err(file.refuse(name, Rule::DuplicateBit, text));
            }
        }
    }
    let items = items.into_iter().map(|(name, (n, owner))| {
        (constant(name), "u64", format!("1 << {n}"), format!("Bit `{name}` of thread `{owner}`."))
    });
    module(text, "bits", "Notification bits of the own threads.", &items.collect::<Vec<_>>());
    Ok(())
}

fn devices(text: &mut String, manifest: &Partition) {
    let items = manifest.devices.iter().enumerate().map(|(n, role)| {
        let address = layout::DEVICE_BASE + n as u64 * layout::DEVICE_STRIDE;
        let about = format!("First register of `{}`.", role.get_ref());
        (constant(role.get_ref()), "usize", format!("{address:#x}"), about)
    });
    module(text, "devices", "Addresses of device registers.", &items.collect::<Vec<_>>());
}

fn grants(text: &mut String, manifest: &Partition) {
    let mut items = Vec::new();
    for (n, pin) in manifest.pins.iter().enumerate() {
        let (role, first) = (pin.role.get_ref(), n * GRANTS_PER_PIN);
        let kinds = [("SET", "drives the pin high"), ("CLEAR", "drives the pin low"), ("LEVEL", "reads its level")];
        for (k, (kind, does)) in kinds.into_iter().enumerate() {
            let value = format!("::rtos_api::grant::Grant::new({})", first + k);
            let name = format!("{}_{kind}", constant(role));
            items.push((name, "::rtos_api::grant::Grant", value, format!("Pin `{role}`: {does}.")));
        }
    }
    module(text, "grants", "Grants of register bits.", &items);
}

fn threads(text: &mut String, manifest: &Partition) {
    let items = manifest.thread.iter().enumerate().map(|(n, thread)| {
        let name = thread.name.get_ref();
        let value = format!("::rtos_api::thread::ThreadNumber::new({n})");
        (constant(name), "::rtos_api::thread::ThreadNumber", value, format!("Thread `{name}`."))
    });
    module(text, "threads", "Own threads.", &items.collect::<Vec<_>>());
}
