//! Roles: every board has them, and nobody else does.

use std::collections::BTreeMap;

use rtos_abi::layout::DEVICE_STRIDE;
use rtos_abi::limits::{MAX_LINES, PAGE_BYTES};

use super::lacks;
use crate::board::{BoardFile, Write};
use crate::partition::PartitionFile;
use crate::rule::{Refusal, Rule};
use crate::system::Draft;

/// Most pages of a device's registers.
const MAX_DEVICE_PAGES: u32 = (DEVICE_STRIDE / PAGE_BYTES as u64) as u32;

/// Facts of a board file that cannot be true.
pub(super) fn check_board(file: &BoardFile, refusals: &mut Vec<Refusal>) {
    let board = &file.board;
    let mut refuse =
        |at: std::ops::Range<usize>, text: String| refusals.push(file.source.refuse(at, Rule::BadBoard, text));
    let stem = file.source.path.file_stem().unwrap_or_default();
    if stem.to_str() != Some(file.name()) {
        refuse(board.name.span(), format!("the name is \"{}\", but the file's is {}", file.name(), stem.display()));
    }
    if board.compatible.is_empty() || board.compatible.len() > 4 {
        refuse(board.name.span(), "expected 1 to 4 compatible strings".into());
    }
    for text in board.compatible.iter().filter(|c| c.get_ref().len() > 31) {
        refuse(text.span(), "a compatible string has at most 31 characters".into());
    }
    let lines = board.controller.line_count;
    if usize::from(lines) > MAX_LINES || board.timer.line >= lines {
        refuse(
            board.name.span(),
            format!("line_count = {lines}, expected more than timer.line and at most {MAX_LINES}"),
        );
    }
    for (name, role) in &board.role {
        let of = role.get_ref();
        if name.len() > 15 {
            refuse(role.span(), format!("role \"{name}\": at most 15 characters"));
        }
        if let Some(address) = of.address
            && (!address.is_multiple_of(PAGE_BYTES as u64) || of.pages == 0 || of.pages > MAX_DEVICE_PAGES)
        {
            refuse(role.span(), format!("role \"{name}\": expected whole pages, 1 to {MAX_DEVICE_PAGES} of them"));
        }
        if of.line.is_some_and(|l| l >= lines || l == board.timer.line) {
            refuse(
                role.span(),
                format!("role \"{name}\": its line must be below line_count and not the kernel's timer's"),
            );
        }
    }
    for (name, pin) in &board.pin {
        let of = pin.get_ref();
        let writes = of.setup.iter().chain([&of.set, &of.clear]);
        if name.len() > 15 || !writes.clone().all(good_write) || !good_register(of.level.address, of.level.width) {
            refuse(
                pin.span(),
                format!("pin \"{name}\": widths are 1, 2 or 4 bytes, addresses aligned, values within masks"),
            );
        }
        if [of.set, of.clear].iter().any(|w| w.value != w.mask && w.value != 0) {
            refuse(pin.span(), format!("pin \"{name}\": set and clear write either all bits of their mask or none"));
        }
    }
}

fn good_register(address: u64, width: u8) -> bool {
    matches!(width, 1 | 2 | 4) && address.is_multiple_of(u64::from(width))
}

fn good_write(write: &Write) -> bool {
    good_register(write.address, write.width) && write.value & !write.mask == 0 && write.mask != 0
}

/// What must hold on each board.
pub(super) fn check(draft: &Draft, board: &BoardFile, refusals: &mut Vec<Refusal>) {
    let mut pages: BTreeMap<u64, (&PartitionFile, &str)> = BTreeMap::new();
    let mut lines: BTreeMap<u16, &PartitionFile> = BTreeMap::new();
    for member in &draft.members {
        let file = &member.file;
        for device in &file.manifest.devices {
            let role = device.get_ref().as_str();
            let found = board.board.role.get(role).map(toml::Spanned::get_ref);
            let Some((found, address)) = found.and_then(|r| Some((r, r.address?))) else {
                refusals.push(file.refuse(device, Rule::DanglingRole, lacks(board, "device of role", role)));
                continue;
            };
            if found.dma && !file.manifest.trusted_dma {
                let text = format!(
                    "\"{role}\" can write to all memory, past every wall between partitions: this needs trusted_dma = true"
                );
                refusals.push(file.refuse(device, Rule::UntrustedDma, text));
            }
            for page in 0..u64::from(found.pages) {
                let page = address + page * PAGE_BYTES as u64;
                if let Some((owner, role)) = pages.insert(page, (file, role))
                    && owner.source.path != file.source.path
                {
                    let text = format!(
                        "on board \"{}\" partition \"{}\" already owns the page {page:#x}, for its device \"{role}\"",
                        board.name(),
                        owner.name()
                    );
                    refusals.push(file.refuse(device, Rule::DeviceOwnedTwice, text));
                }
            }
        }
        for irq in &file.manifest.irq {
            let role = irq.role.get_ref().as_str();
            let Some(line) = board.board.role.get(role).and_then(|r| r.get_ref().line) else {
                refusals.push(file.refuse(&irq.role, Rule::DanglingLine, lacks(board, "line of role", role)));
                continue;
            };
            if let Some(owner) = lines.insert(line, file) {
                let text =
                    format!("on board \"{}\" partition \"{}\" already owns line {line}", board.name(), owner.name());
                refusals.push(file.refuse(&irq.role, Rule::LineOwnedTwice, text));
            }
        }
        for pin in file.manifest.pins.iter().filter(|p| !p.optional) {
            let role = pin.role.get_ref().as_str();
            if !board.board.pin.contains_key(role) {
                refusals.push(file.refuse(&pin.role, Rule::DanglingPin, lacks(board, "pin of role", role)));
            }
        }
    }
}

/// What holds on every board alike: a pin has one owner.
pub(super) fn check_roles(draft: &Draft, refusals: &mut Vec<Refusal>) {
    let mut pins: BTreeMap<&str, &PartitionFile> = BTreeMap::new();
    for member in &draft.members {
        for pin in &member.file.manifest.pins {
            if let Some(owner) = pins.insert(pin.role.get_ref(), &member.file)
                && owner.source.path != member.file.source.path
            {
                let text = format!("partition \"{}\" already drives pin \"{}\"", owner.name(), pin.role.get_ref());
                refusals.push(member.file.refuse(&pin.role, Rule::PinOwnedTwice, text));
            }
        }
    }
}
