//! Notification edges and rings with their numbers and addresses: those that manifests list, and those that follow from
//! standard input and output and from rings.
//!
//! A partition's edges are numbered: `[[notify]]` in order, one for each `[[ring]]` it writes, the one of its standard
//! streams; then those that others cause: one for each ring it reads, and the console's to each of its clients.
//! Of a partition's rings the standard streams come first.

use rtos_abi::layout::{RING_BASE, RING_STRIDE};
use rtos_abi::limits::PAGE_BYTES;
use toml::Spanned;

use crate::handles::{self, CONSOLE, CONSOLE_BIT};
use crate::partition::{PartitionFile, Ring, Thread};
use crate::rule::{Refusal, Rule};
use crate::system::Draft;

/// Pages of each standard stream's ring.
const STDIO_PAGES: u32 = 1;
/// Number of the bit of a partition's main thread that its standard streams set.
pub const STDIO_BIT: u8 = rtos_abi::call::STDIO_BIT.trailing_zeros() as u8;
const PAGE_KIB: u32 = PAGE_BYTES as u32 / 1024;

/// A thread of the system: slot and number within the partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ThreadAt {
    /// Slot.
    pub slot: usize,
    /// Number in the partition.
    pub number: usize,
}

/// A notification edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotifyLink {
    /// Slot of the sender.
    pub from: usize,
    /// The sender's number for it.
    pub number: usize,
    /// Thread whose bits are set.
    pub to: ThreadAt,
    /// Bits.
    pub mask: u64,
}

/// A ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingLink {
    /// The writer.
    pub writer: RingEnd,
    /// The reader.
    pub reader: RingEnd,
    /// Pages.
    pub pages: u32,
}

/// One end of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingEnd {
    /// Slot.
    pub slot: usize,
    /// Its notification edge to the other end.
    pub edge: usize,
    /// Bit that wakes it.
    pub bit: u8,
    /// Address of the ring in its partition.
    pub address: u64,
}

/// All notification edges and rings of a system.
#[derive(Clone, Debug, Default)]
pub struct Links {
    /// Edges, grouped by no order; each slot's numbers are dense.
    pub notify: Vec<NotifyLink>,
    /// Rings, in the order of their records.
    pub rings: Vec<RingLink>,
    edges_of: Vec<usize>,
    rings_of: Vec<usize>,
}

/// The thread that `to`, in `file`, names.
///
/// # Errors
/// [`Rule::UnknownPeer`].
pub fn peer<'a>(
    draft: &'a Draft,
    file: &PartitionFile,
    to: &Spanned<String>,
) -> Result<(ThreadAt, &'a Thread), Refusal> {
    let (partition, name) = handles::split_peer(file, to)?;
    let slot = draft.slot(partition).ok_or_else(|| {
        let text = format!("system \"{}\" has no partition \"{partition}\"", draft.name.get_ref());
        file.refuse(to, Rule::UnknownPeer, text)
    })?;
    let owner = &draft.members[slot].file.manifest;
    let (number, thread) = handles::thread(file, to, owner, name, Rule::UnknownPeer)?;
    Ok((ThreadAt { slot, number }, thread))
}

/// The console's slot and the thread and bit by which its clients wake it.
#[must_use]
pub fn console(draft: &Draft) -> Option<(ThreadAt, u8)> {
    let slot = draft.slot(CONSOLE)?;
    let threads = draft.members[slot].file.manifest.thread.iter().enumerate();
    threads.filter_map(|(number, t)| Some((ThreadAt { slot, number }, t.bit(CONSOLE_BIT)?))).next()
}

impl Links {
    /// Numbers everything.
    ///
    /// # Errors
    /// Every peer or bit that does not exist, and ring that cannot be.
    pub fn new(draft: &Draft) -> Result<Self, Vec<Refusal>> {
        let none = vec![0; draft.members.len()];
        let mut links = Self { edges_of: none.clone(), rings_of: none, ..Self::default() };
        let mut refusals = Vec::new();
        let mut listed = Vec::new();
        let mut standard = Vec::new();
        for (slot, member) in draft.members.iter().enumerate() {
            let file = &member.file;
            for notify in &file.manifest.notify {
                let found = peer(draft, file, &notify.to)
                    .and_then(|(to, thread)| Ok((to, handles::mask(file, thread, &notify.bits)?)));
                match found {
                    Ok((to, mask)) => _ = links.edge(slot, to, mask),
                    Err(refusal) => refusals.push(refusal),
                }
            }
            for ring in &file.manifest.ring {
                match links.declared(draft, slot, file, ring) {
                    Ok(found) => listed.push(found),
                    Err(refusal) => refusals.push(refusal),
                }
            }
            match (*file.manifest.stdio.get_ref(), console(draft)) {
                (false, _) => {}
                (true, Some((to, bit))) => standard.push((links.edge(slot, to, 1 << bit), slot, to, bit)),
                (true, None) => {
                    let text = format!(
                        "stdio needs a partition \"{CONSOLE}\" with a thread that has the bit \"{CONSOLE_BIT}\""
                    );
                    refusals.push(file.refuse(&file.manifest.stdio, Rule::NoConsole, text));
                }
            }
        }
        for ring in &mut listed {
            let to = ThreadAt { slot: ring.writer.slot, number: 0 };
            ring.reader.edge = links.edge(ring.reader.slot, to, 1 << ring.writer.bit);
        }
        for (edge, slot, console, bit) in standard {
            let back = links.edge(console.slot, ThreadAt { slot, number: 0 }, rtos_abi::call::STDIO_BIT);
            let program = RingEnd { slot, edge, bit: STDIO_BIT, address: 0 };
            let server = RingEnd { slot: console.slot, edge: back, bit, address: 0 };
            links.ring(RingLink { writer: program, reader: server, pages: STDIO_PAGES });
            links.ring(RingLink { writer: server, reader: program, pages: STDIO_PAGES });
        }
        for ring in listed {
            links.ring(ring);
        }
        if refusals.is_empty() { Ok(links) } else { Err(refusals) }
    }

    /// Edges of a slot.
    #[must_use]
    pub fn edges_of(&self, slot: usize) -> usize {
        self.edges_of[slot]
    }

    /// Rings of a slot.
    #[must_use]
    pub fn rings_of(&self, slot: usize) -> usize {
        self.rings_of[slot]
    }

    /// A ring that `file` declares; the reader's edge and the addresses come later.
    fn declared(&mut self, draft: &Draft, slot: usize, file: &PartitionFile, ring: &Ring) -> Result<RingLink, Refusal> {
        let (to, thread) = peer(draft, file, &ring.to)?;
        let size = *ring.size_kib.get_ref();
        let most = u32::try_from(RING_STRIDE / 1024).unwrap_or(u32::MAX);
        if size == 0 || size > most || !size.is_multiple_of(PAGE_KIB) {
            let text = format!("a ring has {PAGE_KIB} to {most} KiB in steps of {PAGE_KIB}, not {size}");
            return Err(file.refuse(&ring.size_kib, Rule::BadRing, text));
        }
        if to.slot == slot {
            return Err(file.refuse(&ring.to, Rule::BadRing, "a ring joins two partitions, not one with itself"));
        }
        let bit = handles::bit(file, thread, &ring.bit)?;
        let own = file
            .manifest
            .thread
            .first()
            .ok_or_else(|| file.refuse(&ring.to, Rule::NoThread, "a ring needs a main thread that it wakes"))?;
        let room = handles::bit(file, own, &ring.room_bit)?;
        let edge = self.edge(slot, to, 1 << bit);
        let writer = RingEnd { slot, edge, bit: room, address: 0 };
        let reader = RingEnd { slot: to.slot, edge: 0, bit, address: 0 };
        Ok(RingLink { writer, reader, pages: size / PAGE_KIB })
    }

    fn edge(&mut self, from: usize, to: ThreadAt, mask: u64) -> usize {
        let number = self.edges_of[from];
        self.edges_of[from] += 1;
        self.notify.push(NotifyLink { from, number, to, mask });
        number
    }

    fn ring(&mut self, mut ring: RingLink) {
        for end in [&mut ring.writer, &mut ring.reader] {
            end.address = RING_BASE + self.rings_of[end.slot] as u64 * RING_STRIDE;
            self.rings_of[end.slot] += 1;
        }
        self.rings.push(ring);
    }
}
