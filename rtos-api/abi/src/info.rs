//! The records that `info` answers: 64 bytes, in the message registers `x20`-`x27`, one a call.

use crate::records;

/// Kinds of record: the first argument of `info`.
pub mod kind {
    /// [`System`](super::System); index 0.
    pub const SYSTEM: u64 = 0;
    /// [`Memory`](super::Memory); index 0.
    pub const MEMORY: u64 = 1;
    /// [`Partition`](super::Partition); index = slot.
    pub const PARTITION: u64 = 2;
    /// [`Thread`](super::Thread); index = thread number.
    pub const THREAD: u64 = 3;
    /// [`ThreadTimes`](super::ThreadTimes); index = thread number.
    pub const THREAD_TIMES: u64 = 4;
    /// [`Irq`](super::Irq); index = binding.
    pub const IRQ: u64 = 5;
    /// [`IrqTotals`](super::IrqTotals); index 0.
    pub const IRQ_TOTALS: u64 = 6;
    /// [`Path`](super::Path); index = system call number, or [`path`](super::path).
    pub const PATH: u64 = 7;
    /// [`Fault`](super::Fault); index = slot.
    pub const FAULT: u64 = 8;
    /// [`FaultRegisters`](super::FaultRegisters); index = slot * 8 + n: registers 7n to 7n + 6.
    pub const FAULT_REGISTERS: u64 = 9;
    /// [`Table`](super::Table); index = 0, 1, ... until `NotFound`.
    pub const TABLE: u64 = 10;
    /// [`Ring`](super::Ring) of the caller; index = 0, 1, ... until `NotFound`. Needs no right.
    pub const RING: u64 = 11;
    /// [`Safe`](super::Safe); index = slot * 8 + n: its n-th safe-state write.
    pub const SAFE: u64 = 12;
    /// [`ThreadName`](super::ThreadName); index = thread number.
    pub const THREAD_NAME: u64 = 13;
}

/// Indices of [`Path`] above the system calls.
pub mod path {
    /// A device interrupt.
    pub const IRQ: u64 = 64;
    /// A timer interrupt.
    pub const TIMER: u64 = 65;
    /// A fault of a program.
    pub const FAULT: u64 = 66;
    /// An interrupt that came while the core was idle, counted from the wake-up.
    pub const IDLE: u64 = 67;
    /// Number of path counters.
    pub const COUNT: usize = 68;
}

/// States of a thread as `info` and `ps` name them.
pub mod thread_state {
    /// Not started.
    pub const DORMANT: u8 = 0;
    /// Running or ready to run.
    pub const READY: u8 = 1;
    /// Waits for notification bits.
    pub const WAITING: u8 = 2;
    /// Sleeps until a time.
    pub const SLEEPING: u8 = 3;
    /// Waits for its next release.
    pub const PERIOD: u8 = 4;
    /// Waits for a call.
    pub const RECEIVING: u8 = 5;
    /// Waits for its call to be taken.
    pub const CALLING: u8 = 6;
    /// Its call was taken; waits for the reply.
    pub const REPLY: u8 = 7;
    /// Its budget is used up until the next replenishment.
    pub const THROTTLED: u8 = 8;
    /// Waits for another thread to end.
    pub const JOINING: u8 = 9;
    /// Stopped by a fault.
    pub const FAULTED: u8 = 10;
    /// The states in words, by number.
    pub const NAMES: [&str; 11] =
        ["dormant", "ready", "wait", "sleep", "period", "receive", "call", "reply", "throttled", "join", "faulted"];
}

/// States of a partition.
pub mod partition_state {
    /// Nothing loaded.
    pub const EMPTY: u8 = 0;
    /// Being built.
    pub const BUILDING: u8 = 1;
    /// Sealed, not started.
    pub const SEALED: u8 = 2;
    /// Running.
    pub const RUNNING: u8 = 3;
    /// Dead, not yet reaped.
    pub const DEAD: u8 = 4;
    /// The states in words, by number.
    pub const NAMES: [&str; 5] = ["empty", "building", "sealed", "running", "dead"];
}

records! {
    /// What the machine is.
    System {
        /// [`crate::ABI_VERSION`].
        abi_version: u32,
        /// Ticks of `CNTPCT_EL0` a second.
        ticks_per_second: u32,
        /// The time at which the kernel was entered, in ticks.
        boot_ticks: u64,
        /// Name of the board.
        board: [u8; 16],
        /// The kernel's hash, first eight bytes.
        kernel_hash: u64,
        /// Slots of the system.
        partitions: u16,
        /// Threads of the system, the idle thread included.
        threads: u16,
        /// Interrupt bindings.
        irqs: u16,
        /// Cores that run threads.
        cores: u16,
        /// Ticks the core was idle.
        idle_ticks: u64,
        /// The time of this answer, in ticks.
        now: u64,
    }
    /// Where the memory is. All in bytes.
    Memory {
        /// Memory the device tree gives.
        total: u64,
        /// Kernel image, its data and tables.
        kernel: u64,
        /// Boot bundle.
        bundle: u64,
        /// Page tables of all partitions.
        tables: u64,
        /// Reserved for partitions.
        reserved: u64,
        /// Of that, mapped now.
        mapped: u64,
        /// Not reserved for anything.
        free: u64,
        /// Page-table pages in use now.
        table_pages: u64,
    }
    /// A partition slot.
    Partition {
        /// Name of the partition.
        name: [u8; 16],
        /// [`partition_state`].
        state: u8,
        /// 1 if it may be started from outside (a program), 0 for a service.
        program: u8,
        /// Rights, [`crate::call::right`].
        rights: u16,
        /// Generation: counts its lives.
        generation: u32,
        /// Times it was started.
        starts: u32,
        /// First thread number.
        first_thread: u16,
        /// Number of threads.
        threads: u16,
        /// Memory reserved for it, bytes.
        reserved: u64,
        /// Memory mapped, bytes.
        mapped: u64,
        /// Exit code, once it has exited.
        exit_code: u64,
        /// Zero.
        spare: u64,
    }
    /// A thread's state.
    Thread {
        /// [`thread_state`].
        state: u8,
        /// Priority it runs at now.
        priority: u8,
        /// Declared priority.
        base_priority: u8,
        /// Its partition's slot.
        partition: u8,
        /// Core it runs on.
        core: u8,
        /// 1 if it declared `fp`.
        fp: u8,
        /// 1 if it is the one running now.
        running: u8,
        /// Budget number.
        budget: u8,
        /// Releases completed; 0 for a thread without a period.
        runs: u64,
        /// Deadlines missed.
        missed: u64,
        /// Worst response: release to end of work, ticks.
        worst_response: u64,
        /// Worst wake-up: release to its first instruction, ticks, as the thread measured it.
        worst_wakeup: u64,
        /// Time it ran, ticks.
        cpu_ticks: u64,
        /// Period, ticks; 0 if not periodic.
        period: u64,
        /// Deadline after the release, ticks.
        deadline: u64,
    }
    /// A thread's budget and times.
    ThreadTimes {
        /// Budget amount, ticks.
        amount: u64,
        /// Budget period, ticks.
        period: u64,
        /// Left of it in this period, ticks.
        left: u64,
        /// Times it was used up.
        exhausted: u64,
        /// Most it ran in one release, ticks.
        worst_execution: u64,
        /// Periods skipped because the work overran.
        skipped: u64,
        /// Times another thread was put in its place while it could run.
        preemptions: u64,
        /// Zero.
        spare: u64,
    }
    /// A thread's name.
    ThreadName {
        /// Name of the thread.
        name: [u8; 16],
        /// Name of its partition.
        partition: [u8; 16],
        /// Stack, lowest address.
        stack_bottom: u64,
        /// Stack, one past the highest address.
        stack_top: u64,
        /// Number within its partition.
        number: u64,
        /// Zero.
        spare: u64,
    }
    /// A bound interrupt line.
    Irq {
        /// Name of the line's role.
        name: [u8; 16],
        /// Line number at the controller.
        line: u16,
        /// Thread it readies.
        thread: u8,
        /// Notification bit it sets.
        bit: u8,
        /// 1 while it waits for `irq_done`.
        masked: u8,
        /// Zero.
        spare: [u8; 3],
        /// Interrupts counted.
        count: u64,
        /// Most allowed in a second; 0 for no limit.
        limit: u64,
        /// Zero.
        spare2: [u64; 3],
    }
    /// Interrupts not bound to anyone.
    IrqTotals {
        /// Timer interrupts.
        timer: u64,
        /// Spurious: the controller had nothing.
        spurious: u64,
        /// Unknown: a line that nobody bound; it was masked.
        unknown: u64,
        /// The last unknown line.
        last_unknown: u64,
        /// Zero.
        spare: [u64; 4],
    }
    /// The longest masked path of one kind of entry, from the cycle counter (instructions in the emulator).
    Path {
        /// Longest seen.
        max: u64,
        /// Zero.
        spare: [u64; 7],
    }
    /// Why a partition stopped.
    Fault {
        /// [`crate::FaultReason`].
        reason: u8,
        /// Thread that caused it.
        thread: u8,
        /// [`crate::Misuse`], if the reason is misuse.
        misuse: u8,
        /// Number of safe-state writes that were applied.
        safe_writes: u8,
        /// Generation that died.
        generation: u32,
        /// Program counter.
        pc: u64,
        /// Address of the access.
        address: u64,
        /// Exception syndrome register.
        syndrome: u64,
        /// Exit code or panic line.
        code: u64,
        /// Stack pointer.
        sp: u64,
        /// When, ticks.
        at: u64,
        /// Name of the thread, first eight bytes.
        thread_name: [u8; 8],
    }
    /// Seven general registers of the thread that caused a fault.
    FaultRegisters {
        /// Registers 7n to 7n + 6 (`x0`-`x30`; zero past `x30`).
        x: [u64; 7],
        /// Zero.
        spare: u64,
    }
    /// One of the kernel's tables.
    Table {
        /// Its name.
        name: [u8; 16],
        /// Entries in use.
        used: u64,
        /// Entries it has.
        entries: u64,
        /// Bytes.
        bytes: u64,
        /// Zero.
        spare: [u64; 3],
    }
    /// A ring of the caller.
    Ring {
        /// Address in the caller.
        address: u64,
        /// Bytes, header included.
        bytes: u64,
        /// The other partition's slot.
        peer: u8,
        /// 1 if the caller writes it.
        writer: u8,
        /// Notification edge to the other side.
        edge: u8,
        /// Notification bit by which the other side wakes the caller.
        bit: u8,
        /// Notification bit by which the caller wakes the other side, along `edge`.
        peer_bit: u8,
        /// Zero.
        spare: [u8; 3],
        /// The other partition's generation.
        generation: u64,
        /// The other partition's name.
        name: [u8; 16],
        /// The caller's own generation.
        own_generation: u64,
        /// Zero.
        spare2: u64,
    }
    /// One safe-state write.
    Safe {
        /// Register address.
        address: u64,
        /// Bits written.
        mask: u64,
        /// Value written.
        value: u64,
        /// What the level register reads now, masked.
        read_back: u64,
        /// Times applied.
        applied: u64,
        /// Name of the pin or register.
        name: [u8; 16],
        /// Bits of `read_back` that show the state.
        level_mask: u64,
    }
    /// The read-only page at [`crate::layout::INFO_PAGE`].
    InfoPage {
        /// [`crate::ABI_VERSION`].
        abi_version: u32,
        /// Ticks of `CNTPCT_EL0` a second.
        ticks_per_second: u32,
        /// The time at which the kernel was entered, ticks.
        boot_ticks: u64,
        /// Name of the board.
        board: [u8; 16],
        /// 1 when the machine is an emulator that ends by semihosting.
        emulated: u32,
        /// Zero.
        spare: u32,
    }
}

const fn message_sized<R: crate::record::Record>() -> bool {
    R::BYTES <= crate::limits::MESSAGE_BYTES
}
const _: () = {
    assert!(message_sized::<System>() && message_sized::<Memory>() && message_sized::<Partition>());
    assert!(message_sized::<Thread>() && message_sized::<ThreadTimes>() && message_sized::<ThreadName>());
    assert!(message_sized::<Irq>() && message_sized::<IrqTotals>() && message_sized::<Path>());
    assert!(message_sized::<Fault>() && message_sized::<FaultRegisters>() && message_sized::<Table>());
    assert!(message_sized::<Ring>() && message_sized::<Safe>());
};
