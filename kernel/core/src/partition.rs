//! A partition slot: its rights, its memory and its state. A slot has the most its manifest allows, for ever; its
//! generation counts the lives lived in it.

use crate::id::Tid;
use crate::port::{Phys, Register};
use rtos_abi::limits::{
    MAX_CALL_EDGES, MAX_GRANTS, MAX_NOTIFY_EDGES, MAX_PARTITION_IRQS, MAX_PARTITION_THREADS, MAX_REGIONS,
    MAX_SAFE_WRITES, NAME_BYTES,
};

/// No register.
const NO_REGISTER: Register = Register { address: Phys(0), width: 0 };

/// Whom a partition may call.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct CallEdge {
    /// The server thread; none for an unused edge.
    pub thread: Tid,
    /// What the server sees.
    pub badge: u8,
    /// Generation of the server that the last call met.
    pub generation: u32,
    /// Calls left in this window.
    pub left: u32,
    /// Calls in a window.
    pub limit: u32,
    /// Window, ticks; 0 for no limit.
    pub window: u64,
    /// End of this window, ticks.
    pub window_end: u64,
}

/// Whom a partition may notify.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct NotifyEdge {
    /// The thread; none for an unused edge.
    pub thread: Tid,
    /// Generation of the peer that the last notification met.
    pub generation: u32,
    /// Bits it may set.
    pub mask: u64,
}

/// What a region's memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RegionKind {
    /// Memory of the slot itself.
    #[default]
    Ram,
    /// Anything else: devices, rings, the bundle, the info page. Not written by `part_write`.
    Fixed,
}

/// A mapped or declared range of a partition: one contiguous run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Region {
    /// Address in the partition.
    pub va: u64,
    /// Bytes, a multiple of the page size; 0 for an unused entry.
    pub len: u64,
    /// Physical address.
    pub at: Phys,
    /// [`rtos_abi::call::perm`].
    pub perm: u8,
    /// What it is.
    pub kind: RegionKind,
    /// Device memory.
    pub device: bool,
}

/// Bits of a register that a partition may read or write.
#[derive(Clone, Copy, Debug, Default)]
pub struct Grant {
    /// The register; width 0 for an unused grant.
    pub register: Register,
    /// Bits.
    pub mask: u32,
    /// [`rtos_abi::bundle::write_kind`].
    pub write: u8,
    /// [`rtos_abi::call::perm`].
    pub perm: u8,
}

/// A safe-state write as it is made: one 32-bit register, nothing to decide but whether to read it first.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct SafeStore {
    /// Physical address.
    pub address: Phys,
    /// Bits of the register that are kept; 0 to write it without a read.
    pub keep: u32,
    /// The other bits.
    pub value: u32,
}

/// A register write that makes an actuator safe, as it was declared.
#[derive(Clone, Copy, Debug, Default)]
pub struct SafeWrite {
    /// The register; width 0 for an unused entry.
    pub register: Register,
    /// Bits.
    pub mask: u32,
    /// Their safe value.
    pub value: u32,
    /// [`rtos_abi::bundle::write_kind`].
    pub write: u8,
    /// Also made when the partition starts.
    pub at_start: bool,
    /// Register that shows the effect; width 0 for none.
    pub level: Register,
    /// Bits of it.
    pub level_mask: u32,
    /// Name.
    pub name: [u8; NAME_BYTES],
}

/// Where a slot is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Life {
    /// Nothing loaded; memory clear.
    #[default]
    Empty = 0,
    /// Pages are being mapped and written.
    Building = 1,
    /// Frozen, ready to start.
    Sealed = 2,
    /// Its threads run.
    Running = 3,
    /// Stopped; memory not yet cleared.
    Dead = 4,
}

/// Why and where a partition stopped.
#[derive(Clone, Copy, Debug, Default)]
pub struct Death {
    /// [`rtos_abi::FaultReason`] as a number.
    pub reason: u8,
    /// [`rtos_abi::Misuse`] as a number.
    pub misuse: u8,
    /// The thread that caused it.
    pub thread: Tid,
    /// Safe-state writes that were applied.
    pub safe_writes: u8,
    /// Generation that died.
    pub generation: u32,
    /// Address of the access.
    pub address: u64,
    /// Exception syndrome.
    pub syndrome: u64,
    /// Exit code or panic line.
    pub code: u64,
    /// When, ticks.
    pub at: u64,
}

/// A slot.
#[derive(Clone, Copy, Debug)]
pub struct Partition {
    /// Notification edges.
    pub notifies: [NotifyEdge; MAX_NOTIFY_EDGES],
    /// Call edges.
    pub calls: [CallEdge; MAX_CALL_EDGES],
    /// Its threads by number; none where it has fewer.
    pub threads: [Tid; MAX_PARTITION_THREADS],
    /// Interrupt bindings by number, as index into the kernel's table plus one; 0 where it has fewer.
    pub irqs: [u8; MAX_PARTITION_IRQS],
    /// Generation.
    pub generation: u32,
    /// Where it is in its life.
    pub life: Life,
    /// [`rtos_abi::bundle::partition_flag`].
    pub flags: u8,
    /// [`rtos_abi::call::right`].
    pub rights: u16,
    /// Physical address of its level-2 table; the table pages follow it, then its memory.
    pub root: Phys,
    /// Table pages it has, the root included.
    pub table_pages: u32,
    /// Table pages in use.
    pub tables_used: u32,
    /// Memory it has, bytes.
    pub memory_len: u64,
    /// Memory mapped, bytes.
    pub memory_used: u64,
    /// Mapped regions, then those that sealing maps.
    pub regions: [Region; MAX_REGIONS],
    /// Regions in use.
    pub region_count: u8,
    /// Of those, declared in the manifest (they come first).
    pub declared_count: u8,
    /// Register grants.
    pub grants: [Grant; MAX_GRANTS],
    /// Safe state, as it is written.
    pub safe_stores: [SafeStore; MAX_SAFE_WRITES],
    /// Safe-state writes in use.
    pub safe_count: u8,
    /// Times the safe state was applied.
    pub safe_applied: u32,
    /// Safe state, as it was declared.
    pub safe: [SafeWrite; MAX_SAFE_WRITES],
    /// Its rings, as index into the kernel's table plus one; 0 where it has fewer.
    pub rings: [u8; MAX_REGIONS],
    /// Why it stopped last.
    pub death: Death,
    /// Times it was started.
    pub starts: u32,
    /// Name.
    pub name: [u8; NAME_BYTES],
}

impl Partition {
    /// All zero.
    pub const EMPTY: Self = Self {
        notifies: [NotifyEdge { thread: Tid::IDLE, generation: 0, mask: 0 }; MAX_NOTIFY_EDGES],
        calls: [CallEdge { thread: Tid::IDLE, badge: 0, generation: 0, left: 0, limit: 0, window: 0, window_end: 0 };
            MAX_CALL_EDGES],
        threads: [Tid::IDLE; MAX_PARTITION_THREADS],
        irqs: [0; MAX_PARTITION_IRQS],
        generation: 0,
        life: Life::Empty,
        flags: 0,
        rights: 0,
        root: Phys(0),
        table_pages: 0,
        tables_used: 0,
        memory_len: 0,
        memory_used: 0,
        regions: [Region { va: 0, len: 0, at: Phys(0), perm: 0, kind: RegionKind::Ram, device: false }; MAX_REGIONS],
        region_count: 0,
        declared_count: 0,
        grants: [Grant { register: NO_REGISTER, mask: 0, write: 0, perm: 0 }; MAX_GRANTS],
        safe_stores: [SafeStore { address: Phys(0), keep: 0, value: 0 }; MAX_SAFE_WRITES],
        safe_count: 0,
        safe_applied: 0,
        rings: [0; MAX_REGIONS],
        safe: [SafeWrite {
            register: NO_REGISTER,
            mask: 0,
            value: 0,
            write: 0,
            at_start: false,
            level: NO_REGISTER,
            level_mask: 0,
            name: [0; NAME_BYTES],
        }; MAX_SAFE_WRITES],
        death: Death {
            reason: 0,
            misuse: 0,
            thread: Tid::IDLE,
            safe_writes: 0,
            generation: 0,
            address: 0,
            syndrome: 0,
            code: 0,
            at: 0,
        },
        starts: 0,
        name: [0; NAME_BYTES],
    };

    /// Address-space id of slot number `slot`.
    #[must_use]
    pub const fn asid(slot: crate::id::Slot) -> u16 {
        slot.index() as u16 + 1
    }

    /// Whether it has all of these rights.
    #[inline(always)]
    #[must_use]
    pub const fn may(&self, rights: u16) -> bool {
        self.rights & rights == rights
    }

    /// Physical address of its memory, after its tables.
    #[must_use]
    pub const fn memory(&self) -> Phys {
        self.root.plus(self.table_pages as u64 * rtos_abi::limits::PAGE_BYTES as u64)
    }
}
