//! Sizes of the kernel's fixed tables. All loops in the kernel are bounded by these.

/// Threads, the idle thread (number 0) included. A `u8` names each without a bounds check.
pub const MAX_THREADS: usize = 256;
/// Partition slots. Slot `n` runs with address-space id `n + 1`.
pub const MAX_PARTITIONS: usize = 64;
/// Budgets; number 0 is the idle thread's and never ends.
pub const MAX_BUDGETS: usize = 256;
/// Interrupt lines bound to a partition.
pub const MAX_IRQ_BINDINGS: usize = 64;
/// Interrupt line numbers (GIC INTID, or the board's own numbering on the Pi 3: see `bsp-rpi/boards/rpi3.toml`).
pub const MAX_LINES: usize = 512;
/// Call edges of one partition.
pub const MAX_CALL_EDGES: usize = 8;
/// Notification edges of one partition.
pub const MAX_NOTIFY_EDGES: usize = 32;
/// Memory regions of one partition.
pub const MAX_REGIONS: usize = 32;
/// Register grants of one partition.
pub const MAX_GRANTS: usize = 16;
/// Register writes that put a partition's actuators into their safe state.
pub const MAX_SAFE_WRITES: usize = 8;
/// Threads of one partition. Death ends all of them in one masked step: it is in the bound of every call.
pub const MAX_PARTITION_THREADS: usize = 6;
/// Interrupt lines of one partition.
pub const MAX_PARTITION_IRQS: usize = 8;
/// Shared rings in a system.
pub const MAX_RINGS: usize = 64;
/// Boards in a bundle.
pub const MAX_BOARDS: usize = 8;
/// Bytes moved, cleared or synchronised in one masked step.
pub const STEP_BYTES: usize = 1024;
/// Bytes of a message, in eight registers.
pub const MESSAGE_BYTES: usize = 64;
/// Bytes of a name in a record, padded with zeros.
pub const NAME_BYTES: usize = 16;
/// Size of a page and of every unit of protection.
pub const PAGE_BYTES: usize = 4096;

const _: () = assert!(MAX_THREADS == 256 && MAX_BUDGETS == 256, "a u8 index needs no check only at 256");
const _: () = assert!(MAX_PARTITIONS.is_power_of_two());
const _: () = assert!(STEP_BYTES <= PAGE_BYTES && PAGE_BYTES.is_multiple_of(STEP_BYTES));
