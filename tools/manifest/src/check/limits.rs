//! Sizes: of the kernel's tables, of an address space, of a board's memory.

use rtos_abi::layout::{DEVICE_BASE, DEVICE_STRIDE, INFO_PAGE, RING_BASE, RING_STRIDE};
use rtos_abi::limits::{
    MAX_BUDGETS, MAX_CALL_EDGES, MAX_GRANTS, MAX_IRQ_BINDINGS, MAX_NOTIFY_EDGES, MAX_PARTITION_THREADS, MAX_PARTITIONS,
    MAX_REGIONS, MAX_RINGS, MAX_SAFE_WRITES, MAX_THREADS, PAGE_BYTES,
};

use super::threads::MAX_STACK_KIB;
use crate::handles::GRANTS_PER_PIN;
use crate::links::Links;
use crate::memory;
use crate::partition::{MAX_BITS, PartitionFile};
use crate::rule::{Refusal, Rule};
use crate::system::Draft;

/// Interrupt lines of one partition.
pub const MAX_PARTITION_IRQS: usize = 8;
/// Regions that a program's own segments take: text, read-only data, data, and one to spare.
const SEGMENT_REGIONS: usize = 4;
/// Left for the kernel's image, tables and stacks and for the bundle, bytes.
const KERNEL_BYTES: u64 = 8 << 20;

pub(super) fn check(draft: &Draft, links: &Links, refusals: &mut Vec<Refusal>) {
    for (slot, member) in draft.members.iter().enumerate() {
        partition(slot, &member.file, links, refusals);
        address_space(&member.file, refusals);
    }
    let members = || draft.members.iter().map(|m| &m.file.manifest);
    let threads: usize = members().map(|m| m.thread.len()).sum();
    let totals = [
        ("partitions", draft.members.len(), MAX_PARTITIONS),
        ("threads", threads, MAX_THREADS - 1),
        ("budgets", threads + members().map(|m| m.budget.len()).sum::<usize>(), MAX_BUDGETS - 1),
        ("interrupt lines", members().map(|m| m.irq.len()).sum(), MAX_IRQ_BINDINGS),
        ("rings", links.rings.len(), MAX_RINGS),
    ];
    for (what, count, most) in totals {
        if count > most {
            let text = format!("the system has {count} {what}; the kernel has room for {most}");
            refusals.push(draft.source.refuse(draft.list.span(), Rule::TooMany, text));
        }
    }
    // A sum of what is wrong already would say nothing more.
    if refusals.is_empty() {
        memory_fits(draft, links, refusals);
    }
}

fn partition(slot: usize, file: &PartitionFile, links: &Links, refusals: &mut Vec<Refusal>) {
    let manifest = &file.manifest;
    let windows = manifest.devices.len() + links.rings_of(slot);
    // Those of the image, the heap, the arguments and the info page come to those that the manifest lists.
    let regions = windows + SEGMENT_REGIONS + manifest.thread.len() + 3;
    let counts = [
        ("threads", manifest.thread.len(), MAX_PARTITION_THREADS),
        ("call edges", manifest.call.len(), MAX_CALL_EDGES),
        ("notification edges", links.edges_of(slot), MAX_NOTIFY_EDGES),
        ("interrupt lines", manifest.irq.len(), MAX_PARTITION_IRQS),
        ("register grants", manifest.pins.len() * GRANTS_PER_PIN, MAX_GRANTS),
        ("devices", manifest.devices.len(), ((RING_BASE - DEVICE_BASE) / DEVICE_STRIDE) as usize),
        ("rings", links.rings_of(slot), ((INFO_PAGE - RING_BASE) / RING_STRIDE) as usize),
        ("safe-state writes", memory::safe_writes(manifest), MAX_SAFE_WRITES),
        ("memory regions", regions, MAX_REGIONS),
    ];
    for (what, count, most) in counts {
        if count > most {
            let text = format!("partition \"{}\" has {count} {what}; there is room for {most}", file.name());
            refusals.push(file.refuse(&manifest.name, Rule::TooMany, text));
        }
    }
    for thread in manifest.thread.iter().filter(|t| t.bits.len() > MAX_BITS) {
        let text = format!(
            "thread \"{}\" has {} bits; there is room for {MAX_BITS}",
            thread.name.get_ref(),
            thread.bits.len()
        );
        refusals.push(file.refuse(&thread.name, Rule::TooMany, text));
    }
}

fn address_space(file: &PartitionFile, refusals: &mut Vec<Refusal>) {
    let manifest = &file.manifest;
    if memory::program_bytes(manifest) > memory::PROGRAM_BYTES {
        let text = format!("image and heap have {} MiB of address space", memory::PROGRAM_BYTES >> 20);
        refusals.push(file.refuse(&manifest.memory, Rule::AddressSpaceFull, text));
    }
    let each_fits = manifest.thread.iter().all(|t| *t.stack_kib.get_ref() <= MAX_STACK_KIB);
    if let Some((_, top)) = memory::stacks(manifest).last()
        && each_fits
        && *top > DEVICE_BASE
    {
        let text = format!("the stacks of its {} threads need more than the 1 MiB there is", manifest.thread.len());
        refusals.push(file.refuse(&manifest.name, Rule::AddressSpaceFull, text));
    }
}

fn memory_fits(draft: &Draft, links: &Links, refusals: &mut Vec<Refusal>) {
    let partitions: u64 = draft.members.iter().map(|m| memory::pages(&m.file.manifest).total()).sum();
    let rings: u64 = links.rings.iter().map(|r| u64::from(r.pages)).sum();
    let needed = (partitions + rings) * PAGE_BYTES as u64 + KERNEL_BYTES;
    for board in &draft.boards {
        let has = *board.board.ram.bytes.get_ref();
        if needed > has {
            let text = format!(
                "the partitions and the kernel need {} KiB, board \"{}\" has {} KiB",
                needed / 1024,
                board.name(),
                has / 1024
            );
            refusals.push(draft.source.refuse(draft.list.span(), Rule::MemoryOversubscribed, text));
        }
    }
}
