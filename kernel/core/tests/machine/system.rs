//! Describes a system and writes its boot bundle, record by record.

use kernel_core::id::Tid;
use rtos_abi::bundle::{self, Board, Header, partition_flag};
use rtos_abi::call::{perm, right};
use rtos_abi::layout::{BUNDLE_BASE, PROGRAM_BASE, RING_BASE, RING_STRIDE, STACK_BASE};
use rtos_abi::record::{Record, name_bytes};
use std::collections::BTreeMap;

/// Bytes of a page.
const PAGE: u32 = 4096;
/// Where every program's writable memory begins.
pub const DATA: u64 = PROGRAM_BASE + 0x1000;
/// Pages of it.
pub const DATA_PAGES: u64 = 3;
/// Bytes of a program's code.
pub const TEXT_LEN: u32 = 256;
/// The line that makes the operator act.
pub const OPERATOR_LINE: u16 = 99;
/// Bytes of its data in the bundle.
pub const DATA_LEN: u32 = 1500;

/// A system under construction. Times are in microseconds, which are ticks here.
#[derive(Default)]
pub struct System {
    /// Slots.
    pub partitions: Vec<bundle::Partition>,
    /// Threads with their full names, in the order they were added.
    pub threads: Vec<(String, bundle::Thread)>,
    /// Budgets; number 1 first.
    pub budgets: Vec<bundle::Budget>,
    /// Call edges, and the full name of the server.
    pub calls: Vec<(String, bundle::CallEdge)>,
    /// Notification edges, and the full name of the target.
    pub notifies: Vec<(String, bundle::NotifyEdge)>,
    /// Lines, and the full name of the driver thread.
    pub irqs: Vec<(String, bundle::IrqBinding)>,
    /// Devices and the bundle's window.
    pub regions: Vec<bundle::Region>,
    /// Register grants.
    pub grants: Vec<bundle::Grant>,
    /// Safe-state writes.
    pub safe: Vec<bundle::SafeWrite>,
    /// Rings.
    pub rings: Vec<bundle::Ring>,
}

impl System {
    /// A system with `init` alone: its supervisor is more urgent than all, its loader is not.
    pub fn new() -> Self {
        let mut system = Self::default();
        let all = right::INSPECT | right::CONTROL | right::BUILD | right::SHUTDOWN | right::SUPERVISE;
        system.partition("init").rights = all;
        system.partitions[0].flags = partition_flag::INIT;
        system.thread("init.main", 250);
        system.thread("init.loader", 100);
        let window = bundle::Region {
            partition: 0,
            kind: bundle::region_kind::BUNDLE,
            perm: perm::READ,
            index: 0,
            address: BUNDLE_BASE as u32,
            pages: 0,
            physical: 0,
        };
        system.regions.push(window);
        system
    }

    /// Adds a partition that kills others when line [`OPERATOR_LINE`] is raised.
    pub fn operator(&mut self) {
        self.thread("operator.main", 240);
        let slot = self.slot("operator");
        self.partitions[usize::from(slot)].rights = right::CONTROL;
        self.irq("operator.main", OPERATOR_LINE, 0, 0);
    }

    /// Adds a partition with room for its program and eight stacks.
    pub fn partition(&mut self, name: &str) -> &mut bundle::Partition {
        let image = self.partitions.len() as u16;
        let memory_pages = 1 + DATA_PAGES as u32 + 8;
        let record = bundle::Partition {
            name: name_bytes(name),
            image,
            memory_pages,
            table_pages: 4,
            ..bundle::Partition::default()
        };
        self.partitions.push(record);
        self.partitions.last_mut().unwrap()
    }

    /// The slot with this name.
    pub fn slot(&self, name: &str) -> u8 {
        self.partitions.iter().position(|p| p.name == name_bytes(name)).unwrap_or_else(|| panic!("no {name}")) as u8
    }

    /// Adds a thread named `partition.thread`, with a partition of that name if there is none yet, and with a budget
    /// of its own that never ends in a test.
    pub fn thread(&mut self, name: &str, priority: u8) -> &mut bundle::Thread {
        let (partition, own) = name.split_once('.').unwrap();
        if !self.partitions.iter().any(|p| p.name == name_bytes(partition)) {
            self.partition(partition);
        }
        let slot = self.slot(partition);
        let number = self.threads.iter().filter(|(_, thread)| thread.partition == slot).count() as u8;
        let bottom = STACK_BASE as u32 + PAGE + u32::from(number) * 2 * PAGE;
        let budget = self.budget(1_000_000_000, 1_000_000_000);
        let record = bundle::Thread {
            name: name_bytes(own),
            partition: slot,
            number,
            priority,
            budget,
            stack_bottom: bottom,
            stack_top: bottom + PAGE,
            ..bundle::Thread::default()
        };
        self.threads.push((name.to_string(), record));
        self.partitions[usize::from(slot)].thread_count += 1;
        &mut self.threads.last_mut().unwrap().1
    }

    /// Adds a budget and answers its number.
    pub fn budget(&mut self, amount_us: u32, period_us: u32) -> u8 {
        self.budgets.push(bundle::Budget { amount_us, period_us });
        self.budgets.len() as u8
    }

    /// Lets a partition call a thread; the first such edge is its number 0.
    pub fn call(&mut self, from: &str, to: &str) -> &mut bundle::CallEdge {
        let partition = self.slot(from);
        let number = self.calls.iter().filter(|(_, edge)| edge.partition == partition).count() as u8;
        let edge = bundle::CallEdge { partition, number, badge: 100 + partition, ..bundle::CallEdge::default() };
        self.calls.push((to.to_string(), edge));
        &mut self.calls.last_mut().unwrap().1
    }

    /// Lets a partition notify a thread.
    pub fn notify(&mut self, from: &str, to: &str, mask: u64) {
        let partition = self.slot(from);
        let number = self.notifies.iter().filter(|(_, edge)| edge.partition == partition).count() as u8;
        self.notifies.push((to.to_string(), bundle::NotifyEdge { partition, number, thread: 0, spare: 0, mask }));
    }

    /// Binds a line to a bit of a thread.
    pub fn irq(&mut self, to: &str, line: u16, bit: u8, limit: u32) {
        let partition = self.slot(to.split_once('.').unwrap().0);
        let number = self.irqs.iter().filter(|(_, irq)| irq.partition == partition).count() as u8;
        let name = name_bytes("line");
        let record = bundle::IrqBinding { name, partition, number, bit, line, limit, ..bundle::IrqBinding::default() };
        self.irqs.push((to.to_string(), record));
    }

    /// Declares a device's registers at an address of a partition.
    pub fn device(&mut self, to: &str, address: u64, physical: u64) {
        let (partition, perm) = (self.slot(to), perm::READ | perm::WRITE);
        let kind = bundle::region_kind::DEVICE;
        self.regions.push(bundle::Region {
            partition,
            kind,
            perm,
            index: 0,
            address: address as u32,
            pages: 1,
            physical,
        });
    }

    /// A ring of one page from a partition to another; answers its address, the same in both.
    pub fn ring(&mut self, writer: &str, reader: &str) -> u64 {
        let address = RING_BASE + self.rings.len() as u64 * RING_STRIDE;
        let (writer_address, reader_address) = (address as u32, address as u32);
        let (writer, reader) = (self.slot(writer), self.slot(reader));
        let ring = bundle::Ring { writer, reader, pages: 1, writer_address, reader_address, ..bundle::Ring::default() };
        self.rings.push(ring);
        address
    }

    /// The threads' numbers by full name.
    pub fn numbers(&self) -> BTreeMap<String, Tid> {
        self.sorted().iter().enumerate().map(|(n, (name, _))| (name.clone(), Tid(n as u8 + 1))).collect()
    }

    fn sorted(&self) -> Vec<&(String, bundle::Thread)> {
        let mut threads: Vec<_> = self.threads.iter().collect();
        threads.sort_by_key(|(_, thread)| thread.priority);
        threads
    }

    fn tables(&self, writer: &mut Writer) -> Board {
        let numbers = self.numbers();
        let of = |name: &String| numbers.get(name).unwrap_or_else(|| panic!("no thread {name}")).0;
        let mut board = Board { name: name_bytes("host"), line_count: 512, ..Board::default() };
        let threads: Vec<_> = self.sorted().iter().map(|(_, thread)| *thread).collect();
        let calls: Vec<_> = self.calls.iter().map(|(to, e)| bundle::CallEdge { thread: of(to), ..*e }).collect();
        let notifies: Vec<_> =
            self.notifies.iter().map(|(to, e)| bundle::NotifyEdge { thread: of(to), ..*e }).collect();
        let irqs: Vec<_> = self.irqs.iter().map(|(to, e)| bundle::IrqBinding { thread: of(to), ..*e }).collect();
        (board.partitions_off, board.partition_count) = writer.table(&self.partitions);
        (board.threads_off, board.thread_count) = writer.table(&threads);
        (board.budgets_off, board.budget_count) = writer.table(&self.budgets);
        (board.call_edges_off, board.call_edge_count) = writer.table(&calls);
        (board.notify_edges_off, board.notify_edge_count) = writer.table(&notifies);
        (board.irqs_off, board.irq_count) = writer.table(&irqs);
        (board.regions_off, board.region_count) = writer.table(&self.regions);
        (board.grants_off, board.grant_count) = writer.table(&self.grants);
        (board.safe_writes_off, board.safe_write_count) = writer.table(&self.safe);
        (board.rings_off, board.ring_count) = writer.table(&self.rings);
        board
    }

    /// The whole bundle.
    pub fn bundle(&self) -> Vec<u8> {
        let count = self.partitions.len() as u32;
        let mut writer = Writer { bytes: vec![0; Header::BYTES] };
        let board = self.tables(&mut writer);
        let (boards_off, board_count) = writer.table(&[board]);
        let tables_end =
            writer.bytes.len() + self.partitions.len() * (bundle::Image::BYTES + 2 * bundle::Segment::BYTES);
        let contents = tables_end.next_multiple_of(PAGE as usize) as u32;
        let mut images = Vec::new();
        let mut segments = Vec::new();
        for (n, partition) in self.partitions.iter().enumerate() {
            let (first_segment, segment_count) = (2 * n as u32, 2);
            images.push(bundle::Image { name: partition.name, entry: PROGRAM_BASE, first_segment, segment_count });
            segments.extend(program_segments(contents + n as u32 * PAGE));
        }
        let (images_off, image_count) = writer.table(&images);
        let (segments_off, segment_count) = writer.table(&segments);
        let tables_len = writer.bytes.len();
        writer.bytes.resize(contents as usize, 0);
        for n in 0..count {
            writer.bytes.extend(contents_of(n.into(), PAGE as usize));
        }
        let total_len = writer.bytes.len() as u32;
        let header = Header {
            magic: bundle::MAGIC,
            version: bundle::VERSION,
            total_len,
            tables_len: tables_len as u32,
            crc32: bundle::crc32(&writer.bytes[Header::BYTES..tables_len]),
            board_count,
            boards_off,
            image_count,
            images_off,
            segments_off,
            segment_count,
            system: name_bytes("test"),
        };
        header.write(&mut writer.bytes);
        writer.bytes
    }
}

/// What a slot's program consists of: bytes that tell slots apart and repeat after 256.
pub fn contents_of(slot: u64, len: usize) -> Vec<u8> {
    let pattern: Vec<u8> = (0..256).map(|byte| (byte * 7 + slot * 13) as u8).collect();
    let mut bytes = pattern.repeat(len.div_ceil(256));
    bytes.truncate(len);
    bytes
}

/// Code, then data: both of a program's segments lie in one page of the bundle.
fn program_segments(file_off: u32) -> [bundle::Segment; 2] {
    let text = bundle::Segment {
        address: PROGRAM_BASE,
        memory_len: u64::from(TEXT_LEN),
        file_off,
        file_len: TEXT_LEN,
        perm: perm::READ | perm::EXECUTE,
        spare: [0; 7],
    };
    let data = bundle::Segment {
        address: DATA,
        memory_len: DATA_PAGES * u64::from(PAGE),
        file_off: file_off + TEXT_LEN,
        file_len: DATA_LEN,
        perm: perm::READ | perm::WRITE,
        spare: [0; 7],
    };
    [text, data]
}

/// Bytes that records are appended to.
struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Appends a table; answers its offset and count.
    fn table<R: Record>(&mut self, records: &[R]) -> (u32, u32) {
        let off = self.bytes.len();
        for record in records {
            let at = self.bytes.len();
            self.bytes.resize(at + R::BYTES, 0);
            record.write(&mut self.bytes[at..]);
        }
        (off as u32, records.len() as u32)
    }
}
