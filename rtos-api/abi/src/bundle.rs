//! The boot bundle: boards, systems and programs as data, appended to the kernel's image.
//!
//! The kernel ELF is the same for every system and board. `tools/bundle` writes this format; the kernel reads the
//! tables of the board it finds itself on, `init` reads the programs. Every offset counts from the bundle's first byte.
//!
//! ```text
//! Header
//! Board[board_count]                       at boards_off
//! Image[image_count]                       at images_off      one a program
//! Segment[...]                             at segments_off    of all programs
//! per board: Partition[], Thread[], Budget[], CallEdge[], NotifyEdge[], IrqBinding[], Region[], Grant[], SafeWrite[],
//!            Ring[]                        at the offsets in Board
//! contents of the segments                 page aligned
//! ```
//! Thread numbers are given in the order of priority, least urgent first; number 0 is the idle thread and has no record:
//! record `n` is thread `n + 1`. Among equals the order of the system file counts. The kernel relies on it and checks it.

use crate::limits::{MAX_PARTITIONS, NAME_BYTES};
use crate::record::Record;
use crate::records;

/// First word of a bundle: `TBDL`.
pub const MAGIC: u32 = u32::from_le_bytes(*b"TBDL");
/// Version of this format.
pub const VERSION: u32 = 1;

/// What a thread does when its budget ends.
pub mod overrun {
    /// Waits for the next replenishment.
    pub const THROTTLE: u8 = 0;
    /// Its partition is stopped.
    pub const FAULT: u8 = 1;
    /// The supervisor is told; the thread goes on until the next replenishment.
    pub const NOTIFY: u8 = 2;
}

/// What a region is.
pub mod region_kind {
    /// Device registers, mapped as Device-nGnRE.
    pub const DEVICE: u8 = 0;
    /// A shared ring; `index` names it.
    pub const RING: u8 = 1;
    /// The boot bundle, read-only (`init` only).
    pub const BUNDLE: u8 = 2;
    /// The info page, read-only.
    pub const INFO: u8 = 3;
}

/// Flags of a partition.
pub mod partition_flag {
    /// Started by the loader at boot.
    pub const AUTOSTART: u8 = 1;
    /// A program: may be started and killed from the shell.
    pub const PROGRAM: u8 = 2;
    /// Built by the kernel itself at boot (`init`).
    pub const INIT: u8 = 4;
}

/// Interrupt controllers.
pub mod controller {
    /// GICv2: `base0` distributor, `base1` CPU interface.
    pub const GIC_V2: u8 = 0;
    /// BCM2836 local block at `base0`, legacy controller at `base1`.
    pub const BCM2836: u8 = 1;
}

/// How the other cores wait at boot.
pub mod core_start {
    /// They spin on release addresses and are parked by the kernel.
    pub const SPIN_TABLE: u8 = 0;
    /// They are off (PSCI) and stay off.
    pub const PSCI: u8 = 1;
}

/// How a register write is made.
pub mod write_kind {
    /// The masked value is written as it is (write-1-to-set registers and the like).
    pub const PLAIN: u8 = 0;
    /// The register is read, the masked bits replaced, and written back.
    pub const MODIFY: u8 = 1;
    /// Added to one of the above in a grant: all bits of the mask are written as one, whatever value the caller gives.
    /// With [`ZEROS`] it makes a pin's "set" and "clear" the same call on every board, be it by write-1-to-set and
    /// write-1-to-clear registers or by one data register.
    pub const ONES: u8 = 2;
    /// Added to [`PLAIN`] or [`MODIFY`] in a grant: all bits of the mask are written as zero, whatever the caller gives.
    pub const ZEROS: u8 = 4;
}

records! {
    /// The bundle's first record.
    Header {
        /// [`MAGIC`].
        magic: u32,
        /// [`VERSION`].
        version: u32,
        /// Bytes of the whole bundle, a multiple of the page size.
        total_len: u32,
        /// Bytes from the first to the end of the tables: where the contents of the segments begin.
        tables_len: u32,
        /// CRC-32 (IEEE) of the tables after this record. The contents are not covered: boot time is bounded.
        crc32: u32,
        /// Boards.
        board_count: u32,
        /// Offset of the boards.
        boards_off: u32,
        /// Images.
        image_count: u32,
        /// Offset of the images.
        images_off: u32,
        /// Offset of the segments.
        segments_off: u32,
        /// Segments of all images.
        segment_count: u32,
        /// Name of the system.
        system: [u8; NAME_BYTES],
    }
    /// A table in the bundle.
    Table {
        /// Offset of its first record.
        off: u32,
        /// Records.
        count: u32,
    }
    /// A board: its facts and its system's tables.
    Board {
        /// Name, as in `--board`.
        name: [u8; NAME_BYTES],
        /// Compatible strings of the device tree's root, any of which chooses this board.
        compatible: [[u8; 32]; 4],
        /// Part number of MIDR_EL1 that chooses this board when there is no device tree; 0 for none.
        midr_part: u16,
        /// [`controller`].
        controller: u8,
        /// [`core_start`].
        core_start: u8,
        /// Line of the kernel's timer (EL1 physical).
        timer_line: u16,
        /// Lines the controller has.
        line_count: u16,
        /// Interrupt controller, first register block (physical).
        controller_base0: u64,
        /// Interrupt controller, second register block (physical).
        controller_base1: u64,
        /// UART for the kernel's last words (physical).
        uart_base: u64,
        /// Clock of that UART, hertz, and its rate in bits a second: used when the firmware left it switched off.
        uart_clock_hz: u32,
        /// See above.
        uart_baud: u32,
        /// Watchdog and reset block, 0 for none (physical).
        reset_base: u64,
        /// First RAM address when there is no device tree.
        ram_base: u64,
        /// RAM bytes when there is no device tree.
        ram_bytes: u64,
        /// Release addresses of cores 1 to 3 when there is no device tree (spin table).
        release: [u64; 3],
        /// [`Partition`] records, in the order of their slots.
        partitions_off: u32,
        /// Their number.
        partition_count: u32,
        /// [`Thread`] records, thread 1 first.
        threads_off: u32,
        /// Their number.
        thread_count: u32,
        /// [`Budget`] records, budget 1 first.
        budgets_off: u32,
        /// Their number.
        budget_count: u32,
        /// [`CallEdge`] records.
        call_edges_off: u32,
        /// Their number.
        call_edge_count: u32,
        /// [`NotifyEdge`] records.
        notify_edges_off: u32,
        /// Their number.
        notify_edge_count: u32,
        /// [`IrqBinding`] records.
        irqs_off: u32,
        /// Their number.
        irq_count: u32,
        /// [`Region`] records.
        regions_off: u32,
        /// Their number.
        region_count: u32,
        /// [`Grant`] records.
        grants_off: u32,
        /// Their number.
        grant_count: u32,
        /// [`SafeWrite`] records.
        safe_writes_off: u32,
        /// Their number.
        safe_write_count: u32,
        /// [`Ring`] records.
        rings_off: u32,
        /// Their number.
        ring_count: u32,
    }
    /// A program's contents.
    Image {
        /// Name, that of its partition.
        name: [u8; NAME_BYTES],
        /// Address of its first instruction.
        entry: u64,
        /// First segment.
        first_segment: u32,
        /// Segments.
        segment_count: u32,
    }
    /// A range of a program, page aligned.
    Segment {
        /// Address in the partition.
        address: u64,
        /// Bytes of memory; the rest after the file's bytes is zero.
        memory_len: u64,
        /// Offset of its bytes in the bundle.
        file_off: u32,
        /// Bytes in the bundle.
        file_len: u32,
        /// [`crate::call::perm`].
        perm: u8,
        /// Zero.
        spare: [u8; 7],
    }
    /// A partition slot: the most it can ever have.
    Partition {
        /// Name.
        name: [u8; NAME_BYTES],
        /// [`partition_flag`].
        flags: u8,
        /// Restarts allowed in a window.
        restarts: u8,
        /// [`crate::call::right`].
        rights: u16,
        /// Image that is loaded into it; `u16::MAX` for none.
        image: u16,
        /// First thread number of the slot's own list ([`Thread::partition`] and [`Thread::number`] tell the rest).
        thread_count: u16,
        /// Pages of memory reserved for program, heap and stacks.
        memory_pages: u32,
        /// Pages of page tables reserved for it, the root included.
        table_pages: u32,
        /// Heap bytes, a multiple of the page size, mapped after the last segment.
        heap_bytes: u32,
        /// Window of the restart count, milliseconds.
        restart_window_ms: u32,
        /// Back-off before the first restart, milliseconds; doubled each time within the window.
        backoff_ms: u32,
    }
    /// A declared thread.
    Thread {
        /// Name.
        name: [u8; NAME_BYTES],
        /// Its partition's slot.
        partition: u8,
        /// Number within the partition; 0 is started with it.
        number: u8,
        /// Priority, 1 to 255, larger is more urgent.
        priority: u8,
        /// Highest ceiling of a lock it may take.
        ceiling: u8,
        /// Budget number.
        budget: u8,
        /// 1 if it uses floating point.
        fp: u8,
        /// [`overrun`].
        overrun: u8,
        /// 1 if calls to this thread are received.
        server: u8,
        /// Period, microseconds; 0 if not periodic.
        period_us: u32,
        /// Deadline after the release, microseconds.
        deadline_us: u32,
        /// Round-robin slice, microseconds; 0 for none.
        slice_us: u32,
        /// Longest time it may hold a raised ceiling, microseconds.
        hold_us: u32,
        /// Stack, lowest address; the page below stays unmapped.
        stack_bottom: u32,
        /// Stack, one past the highest address.
        stack_top: u32,
    }
    /// A budget: an amount in each period, from fixed boundaries.
    Budget {
        /// Amount, microseconds.
        amount_us: u32,
        /// Period, microseconds.
        period_us: u32,
    }
    /// Whom a partition may call.
    CallEdge {
        /// Slot of the caller.
        partition: u8,
        /// The caller's number for it.
        number: u8,
        /// Thread that receives.
        thread: u8,
        /// Badge the server sees.
        badge: u8,
        /// Calls in each window.
        limit: u32,
        /// Window, microseconds; 0 for no limit.
        window_us: u32,
    }
    /// Whom a partition may notify.
    NotifyEdge {
        /// Slot of the sender.
        partition: u8,
        /// The sender's number for it.
        number: u8,
        /// Thread whose bits are set.
        thread: u8,
        /// Zero.
        spare: u8,
        /// Bits it may set.
        mask: u64,
    }
    /// An interrupt line bound to a notification bit.
    IrqBinding {
        /// Name of the role's line.
        name: [u8; NAME_BYTES],
        /// Slot of the owner.
        partition: u8,
        /// The owner's number for it.
        number: u8,
        /// Thread that is readied.
        thread: u8,
        /// Bit that is set.
        bit: u8,
        /// Line at the controller.
        line: u16,
        /// 1 if edge triggered.
        edge: u8,
        /// Zero.
        spare: u8,
        /// Most interrupts in a second; 0 for no limit.
        limit: u32,
    }
    /// Memory that the kernel maps when it seals the partition.
    Region {
        /// Slot.
        partition: u8,
        /// [`region_kind`].
        kind: u8,
        /// [`crate::call::perm`].
        perm: u8,
        /// Ring number, for a ring.
        index: u8,
        /// Address in the partition.
        address: u32,
        /// Pages.
        pages: u32,
        /// Physical address, for a device.
        physical: u64,
    }
    /// Bits of a register that a partition may write or read.
    Grant {
        /// Slot.
        partition: u8,
        /// The partition's number for it.
        number: u8,
        /// [`write_kind`].
        write: u8,
        /// [`crate::call::perm`]: read, write.
        perm: u8,
        /// Bytes of the register: 1, 2 or 4.
        width: u8,
        /// Zero.
        spare: [u8; 3],
        /// Physical address.
        address: u64,
        /// Bits.
        mask: u32,
    }
    /// A register write that makes an actuator safe when its partition dies.
    SafeWrite {
        /// Name of the pin or register.
        name: [u8; NAME_BYTES],
        /// Slot.
        partition: u8,
        /// [`write_kind`].
        write: u8,
        /// 1 if it is also made when the partition starts (a pin's function and first level).
        at_start: u8,
        /// Bytes of the register: 1, 2 or 4.
        width: u8,
        /// Physical address.
        address: u64,
        /// Bits.
        mask: u32,
        /// Their safe value.
        value: u32,
        /// Register in which the effect can be read (0 for none).
        level_address: u64,
        /// Bits of it.
        level_mask: u32,
    }
    /// A shared ring.
    Ring {
        /// Slot of the writer.
        writer: u8,
        /// Slot of the reader.
        reader: u8,
        /// The writer's notification edge to the reader.
        writer_edge: u8,
        /// The reader's notification edge to the writer.
        reader_edge: u8,
        /// Bit that wakes the writer.
        writer_bit: u8,
        /// Bit that wakes the reader.
        reader_bit: u8,
        /// Zero.
        spare: u16,
        /// Pages.
        pages: u32,
        /// Address in the writer.
        writer_address: u32,
        /// Address in the reader.
        reader_address: u32,
    }
}

/// A bundle whose first record and sizes were checked.
#[derive(Clone, Copy, Debug)]
pub struct Bundle<'a> {
    bytes: &'a [u8],
    header: Header,
}

/// What is wrong with a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BundleError {
    /// Shorter than its first record or than it says.
    Truncated,
    /// Does not begin with [`MAGIC`].
    NotABundle,
    /// Another version of the format.
    Version(u32),
    /// The tables do not match the checksum.
    Checksum,
    /// More of something than the kernel has tables for.
    TooMany,
}

impl BundleError {
    /// The error in words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Truncated => "the boot bundle is cut off",
            Self::NotABundle => "no boot bundle follows the kernel",
            Self::Version(_) => "the boot bundle is of another version",
            Self::Checksum => "the boot bundle's checksum is wrong",
            Self::TooMany => "the boot bundle has more partitions than the kernel has slots",
        }
    }
}

impl<'a> Bundle<'a> {
    /// Checks the first record and the checksum.
    ///
    /// # Errors
    /// Any [`BundleError`].
    pub fn new(bytes: &'a [u8]) -> Result<Self, BundleError> {
        let bundle = Self::checked_before(bytes)?;
        let tables = bundle.bytes.get(Header::BYTES..bundle.header.tables_len as usize).unwrap_or(&[]);
        if crc32(tables) != bundle.header.crc32 {
            return Err(BundleError::Checksum);
        }
        if bundle.boards().any(|b| b.partition_count as usize > MAX_PARTITIONS || b.thread_count > 255) {
            return Err(BundleError::TooMany);
        }
        Ok(bundle)
    }

    /// Checks the first record alone: for `init`, which gets the bundle from the kernel, which has checked it all.
    ///
    /// # Errors
    /// Any [`BundleError`] but [`BundleError::Checksum`] and [`BundleError::TooMany`].
    pub fn checked_before(bytes: &'a [u8]) -> Result<Self, BundleError> {
        if bytes.len() < Header::BYTES {
            return Err(BundleError::Truncated);
        }
        let header = Header::read(bytes);
        if header.magic != MAGIC {
            return Err(BundleError::NotABundle);
        }
        if header.version != VERSION {
            return Err(BundleError::Version(header.version));
        }
        let bytes = bytes.get(..header.total_len as usize).ok_or(BundleError::Truncated)?;
        Ok(Self { bytes, header })
    }

    /// The first record.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// All bytes.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The records of a table; records past the end are not there.
    pub fn table<R: Record + 'a>(&self, off: u32, count: u32) -> impl ExactSizeIterator<Item = R> + Clone + use<'a, R> {
        let bytes = self.bytes.get(off as usize..).unwrap_or(&[]);
        let fit = (bytes.len() / R::BYTES).min(count as usize);
        (0..fit).map(move |n| R::read(bytes.get(n * R::BYTES..).unwrap_or(&[])))
    }

    /// The boards.
    pub fn boards(&self) -> impl ExactSizeIterator<Item = Board> + Clone + use<'a> {
        self.table(self.header.boards_off, self.header.board_count)
    }

    /// Image number `n`.
    #[must_use]
    pub fn image(&self, n: u16) -> Option<Image> {
        self.table(self.header.images_off, self.header.image_count).nth(usize::from(n))
    }

    /// The segments of an image.
    pub fn segments(&self, image: &Image) -> impl ExactSizeIterator<Item = Segment> + Clone + use<'a> {
        let off = self.header.segments_off as usize + image.first_segment as usize * Segment::BYTES;
        self.table(u32::try_from(off).unwrap_or(u32::MAX), image.segment_count)
    }

    /// The bytes of a segment; those past the bundle's end are not there.
    #[must_use]
    pub fn contents(&self, segment: &Segment) -> &'a [u8] {
        let from = segment.file_off as usize;
        self.bytes.get(from..from + segment.file_len as usize).unwrap_or(&[])
    }
}

/// CRC-32 (IEEE 802.3) of `bytes`.
#[must_use]
pub fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 16] = {
        let mut table = [0; 16];
        let mut n = 0;
        while n < 16 {
            let mut value = n as u32;
            let mut bit = 0;
            while bit < 4 {
                value = if value & 1 == 1 { (value >> 1) ^ 0xedb8_8320 } else { value >> 1 };
                bit += 1;
            }
            table[n] = value;
            n += 1;
        }
        table
    };
    let step = |crc: u32, nibble: u32| (crc >> 4) ^ TABLE[((crc ^ nibble) & 15) as usize];
    !bytes.iter().fold(u32::MAX, |crc, b| step(step(crc, u32::from(*b)), u32::from(*b) >> 4))
}

#[cfg(test)]
mod tests {
    use super::{Bundle, BundleError, Header, MAGIC, VERSION, crc32};
    use crate::record::Record;

    #[test]
    fn crc32_matches_the_published_check_value() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_damaged_bundle_is_refused_by_name() {
        let mut bytes = [0; 256];
        let crc32 = crc32(&[0; 256 - Header::BYTES]);
        let header =
            Header { magic: MAGIC, version: VERSION, total_len: 256, tables_len: 256, crc32, ..Header::default() };
        header.write(&mut bytes);
        assert!(Bundle::new(&bytes).is_ok());
        bytes[200] = 1;
        assert_eq!(Bundle::new(&bytes).map(|_| ()), Err(BundleError::Checksum));
        assert_eq!(Bundle::new(&bytes[..100]).map(|_| ()), Err(BundleError::Truncated));
        assert_eq!(Bundle::new(&bytes[..8]).map(|_| ()), Err(BundleError::Truncated));
        bytes[0] = 0;
        assert_eq!(Bundle::new(&bytes).map(|_| ()), Err(BundleError::NotABundle));
    }
}
