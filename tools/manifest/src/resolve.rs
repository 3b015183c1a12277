//! From checked manifests to the records of the boot bundle, for one board.

use rtos_abi::bundle::{
    Budget, CallEdge, Grant, IrqBinding, NotifyEdge, Partition as PartitionRecord, Region, Ring, SafeWrite, Thread,
    overrun, partition_flag, region_kind, write_kind,
};
use rtos_abi::call::perm;
use rtos_abi::layout::{BUNDLE_BASE, DEVICE_BASE, DEVICE_STRIDE};
use rtos_abi::record::name_bytes;

use crate::board::{BoardFile, Pin as BoardPin, Write};
use crate::handles::GRANTS_PER_PIN;
use crate::links::{Links, ThreadAt};
use crate::memory;
use crate::partition::{Budget as BudgetToml, Level, Overrun, OwnBudget, Partition};
use crate::system::Draft;

/// A board's part of the boot bundle.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// The board, without the offsets of its tables.
    pub board: rtos_abi::bundle::Board,
    /// By slot. The image number is the slot's own.
    pub partitions: Vec<PartitionRecord>,
    /// Thread 1 first.
    pub threads: Vec<Thread>,
    /// Budget 1 first.
    pub budgets: Vec<Budget>,
    /// Call edges.
    pub call_edges: Vec<CallEdge>,
    /// Notification edges.
    pub notify_edges: Vec<NotifyEdge>,
    /// Interrupt lines.
    pub irqs: Vec<IrqBinding>,
    /// Regions: devices and the bundle. That of the bundle has no pages yet: its length is known only when it is made.
    pub regions: Vec<Region>,
    /// Register grants.
    pub grants: Vec<Grant>,
    /// Safe states.
    pub safe_writes: Vec<SafeWrite>,
    /// Rings.
    pub rings: Vec<Ring>,
}

/// The threads of a system by number: entry `n` is thread `n + 1`, least urgent first.
#[must_use]
pub fn thread_order(draft: &Draft) -> Vec<ThreadAt> {
    let mut order: Vec<(u8, ThreadAt)> = Vec::new();
    for (slot, member) in draft.members.iter().enumerate() {
        let threads = member.file.manifest.thread.iter().enumerate();
        order.extend(threads.map(|(number, t)| (t.urgency(), ThreadAt { slot, number })));
    }
    order.sort();
    order.into_iter().map(|(_, at)| at).collect()
}

/// A number that the checks keep within a byte.
fn small(number: usize) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

/// An address or size that the checks keep within 32 bits.
fn word(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// What is resolved, and into what.
struct Resolver<'a> {
    draft: &'a Draft,
    board: &'a BoardFile,
    order: Vec<ThreadAt>,
    tables: Tables,
}

/// Resolves a system that [`crate::check`] found right.
#[must_use]
pub fn resolve(draft: &Draft, links: &Links, board: &BoardFile) -> Tables {
    let tables = Tables { board: board.board.record(), ..Tables::default() };
    let mut resolver = Resolver { draft, board, order: thread_order(draft), tables };
    resolver.budgets_and_threads();
    for (slot, member) in draft.members.iter().enumerate() {
        let manifest = &member.file.manifest;
        let partition = partition(slot, member.file.name(), manifest);
        resolver.tables.partitions.push(partition);
        resolver.calls(slot, manifest);
        resolver.irqs(slot, manifest);
        resolver.devices(slot, manifest);
        resolver.pins(slot, manifest);
    }
    resolver.links(links);
    resolver.tables
}

fn partition(slot: usize, name: &str, manifest: &Partition) -> PartitionRecord {
    let pages = memory::pages(manifest);
    let policy = manifest.on_fault.as_ref().map(toml::Spanned::get_ref);
    let mut flags = 0;
    for (set, flag) in [
        (manifest.starts_at_boot(), partition_flag::AUTOSTART),
        (manifest.program, partition_flag::PROGRAM),
        (slot == 0, partition_flag::INIT),
    ] {
        flags |= if set { flag } else { 0 };
    }
    PartitionRecord {
        name: name_bytes(name),
        flags,
        restarts: policy.map_or(0, |p| u8::try_from(p.restarts).unwrap_or(u8::MAX)),
        rights: manifest.rights(),
        image: u16::from(small(slot)),
        thread_count: u16::from(small(manifest.thread.len())),
        memory_pages: word(pages.memory),
        table_pages: word(pages.tables),
        heap_bytes: word(memory::heap_bytes(manifest)),
        restart_window_ms: policy.map_or(0, |p| p.window_ms),
        backoff_ms: policy.map_or(0, |p| p.backoff_ms),
    }
}

fn safe_write(name: &str, slot: usize, write: &Write) -> SafeWrite {
    SafeWrite {
        name: name_bytes(name),
        partition: small(slot),
        write: write.write.number(),
        at_start: 1,
        width: write.width,
        address: write.address,
        mask: write.mask,
        value: write.value,
        level_address: 0,
        level_mask: 0,
    }
}

impl Resolver<'_> {
    /// Number of a thread.
    fn tid(&self, at: ThreadAt) -> u8 {
        self.order.iter().position(|o| *o == at).map_or(0, |n| small(n + 1))
    }

    /// Budgets by slot: the shared ones, then those of the threads; then the threads by number.
    fn budgets_and_threads(&mut self) {
        let draft = self.draft;
        let mut own = std::collections::BTreeMap::new();
        for (slot, member) in draft.members.iter().enumerate() {
            let manifest = &member.file.manifest;
            let shared: Vec<_> = manifest.budget.iter().map(|b| self.budget(b.value())).collect();
            for (number, thread) in manifest.thread.iter().enumerate() {
                let budget = match thread.budget.get_ref() {
                    BudgetToml::Own(value) => self.budget(*value),
                    BudgetToml::Shared(name) => {
                        let found = manifest.budget.iter().position(|b| b.name.get_ref() == name);
                        found.and_then(|n| shared.get(n)).copied().unwrap_or(0)
                    }
                };
                own.insert(ThreadAt { slot, number }, budget);
            }
        }
        for at in self.order.clone() {
            let manifest = &draft.members[at.slot].file.manifest;
            let thread = &manifest.thread[at.number];
            let (bottom, top) = memory::stacks(manifest)[at.number];
            self.tables.threads.push(Thread {
                name: name_bytes(thread.name.get_ref()),
                partition: small(at.slot),
                number: small(at.number),
                priority: thread.urgency(),
                ceiling: thread.highest_ceiling(),
                budget: own.get(&at).copied().unwrap_or(0),
                fp: u8::from(thread.fp),
                overrun: match thread.overrun {
                    Overrun::Throttle => overrun::THROTTLE,
                    Overrun::Fault => overrun::FAULT,
                    Overrun::Notify => overrun::NOTIFY,
                },
                server: u8::from(thread.server),
                period_us: thread.period_us.as_ref().map_or(0, |p| *p.get_ref()),
                deadline_us: thread.deadline(),
                slice_us: thread.slice_us,
                hold_us: thread.hold_us,
                stack_bottom: word(bottom),
                stack_top: word(top),
            });
        }
    }

    /// Adds a budget and answers its number.
    fn budget(&mut self, value: OwnBudget) -> u8 {
        self.tables.budgets.push(Budget { amount_us: value.amount_us, period_us: value.period_us });
        small(self.tables.budgets.len())
    }

    fn calls(&mut self, slot: usize, manifest: &Partition) {
        let file = &self.draft.members[slot].file;
        for (number, call) in manifest.call.iter().enumerate() {
            let Ok((to, _)) = crate::links::peer(self.draft, file, &call.to) else { continue };
            // The badge is the caller's slot: a server knows its clients by it.
            self.tables.call_edges.push(CallEdge {
                partition: small(slot),
                number: small(number),
                thread: self.tid(to),
                badge: small(slot),
                limit: call.limit.unwrap_or(0),
                window_us: call.window_us.unwrap_or(0),
            });
        }
    }

    fn irqs(&mut self, slot: usize, manifest: &Partition) {
        for (n, irq) in manifest.irq.iter().enumerate() {
            let role = irq.role.get_ref();
            let Some(found) = self.board.board.role.get(role).map(toml::Spanned::get_ref) else { continue };
            let owner = manifest.thread.iter().position(|t| t.name.get_ref() == irq.thread.get_ref());
            let Some((number, line)) = owner.zip(found.line) else { continue };
            self.tables.irqs.push(IrqBinding {
                name: name_bytes(role),
                partition: small(slot),
                number: small(n),
                thread: self.tid(ThreadAt { slot, number }),
                bit: manifest.thread[number].bit(irq.bit.get_ref()).unwrap_or(0),
                line,
                edge: u8::from(found.edge),
                spare: 0,
                limit: irq.limit_hz.as_ref().map_or(0, |l| *l.get_ref()),
            });
        }
    }

    fn devices(&mut self, slot: usize, manifest: &Partition) {
        let region = Region { partition: small(slot), ..Region::default() };
        for (n, role) in manifest.devices.iter().enumerate() {
            let Some(found) = self.board.board.role.get(role.get_ref()).map(toml::Spanned::get_ref) else { continue };
            self.tables.regions.push(Region {
                kind: region_kind::DEVICE,
                perm: perm::READ | perm::WRITE,
                address: word(DEVICE_BASE + n as u64 * DEVICE_STRIDE),
                pages: found.pages,
                physical: found.address.unwrap_or(0),
                ..region
            });
        }
        // The kernel itself adds the info page to every slot, and the rings from their own records.
        if slot == 0 {
            let bundle = Region { kind: region_kind::BUNDLE, perm: perm::READ, address: word(BUNDLE_BASE), ..region };
            self.tables.regions.push(bundle);
        }
    }

    fn pins(&mut self, slot: usize, manifest: &Partition) {
        for (n, pin) in manifest.pins.iter().enumerate() {
            let role = pin.role.get_ref();
            let Some(found) = self.board.board.pin.get(role).map(toml::Spanned::get_ref) else { continue };
            self.grants(slot, n * GRANTS_PER_PIN, found);
            let level = SafeWrite {
                level_address: found.level.address,
                level_mask: found.level.mask,
                ..safe_write(role, slot, if pin.safe == Level::High { &found.set } else { &found.clear })
            };
            // A pin that is to be high gets its level before it becomes an output, where the board allows that, so that
            // it never shows the low that output registers begin with.
            if pin.safe == Level::High {
                self.tables.safe_writes.push(level);
            }
            self.tables.safe_writes.extend(found.setup.iter().map(|w| safe_write(role, slot, w)));
            self.tables.safe_writes.push(level);
        }
    }

    fn grants(&mut self, slot: usize, first: usize, pin: &BoardPin) {
        let partition = small(slot);
        for (n, action) in [pin.set, pin.clear].into_iter().enumerate() {
            let value = if action.value == 0 { write_kind::ZEROS } else { write_kind::ONES };
            self.tables.grants.push(Grant {
                partition,
                number: small(first + n),
                write: action.write.number() | value,
                perm: perm::WRITE,
                width: action.width,
                spare: [0; 3],
                address: action.address,
                mask: action.mask,
            });
        }
        self.tables.grants.push(Grant {
            partition,
            number: small(first + 2),
            write: write_kind::PLAIN,
            perm: perm::READ,
            width: pin.level.width,
            spare: [0; 3],
            address: pin.level.address,
            mask: pin.level.mask,
        });
    }

    fn links(&mut self, links: &Links) {
        for link in &links.notify {
            self.tables.notify_edges.push(NotifyEdge {
                partition: small(link.from),
                number: small(link.number),
                thread: self.tid(link.to),
                spare: 0,
                mask: link.mask,
            });
        }
        for ring in &links.rings {
            self.tables.rings.push(Ring {
                writer: small(ring.writer.slot),
                reader: small(ring.reader.slot),
                writer_edge: small(ring.writer.edge),
                reader_edge: small(ring.reader.edge),
                writer_bit: ring.writer.bit,
                reader_bit: ring.reader.bit,
                spare: 0,
                pages: ring.pages,
                writer_address: word(ring.writer.address),
                reader_address: word(ring.reader.address),
            });
        }
    }
}
