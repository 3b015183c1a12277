//! Start-up, in order: know the board, silence it, know the memory, load the system, run its first thread.

use crate::board::{self, Given};
use crate::machine::{Ending, Machine, boot_machine};
use crate::panic::kernel_panic_start;
use crate::ranges::{self, PAGE, Ranges};
use crate::tree::Tree;
use core::fmt::Write;
use kernel_arch::boot::BootFacts;
use kernel_arch::mmu::{Alias, KernelMap, MapError};
use kernel_arch::{copy, cpu, timer, vectors};
use kernel_core::kernel::BootFacts as KernelFacts;
use kernel_core::load::{Pool, Source};
use kernel_core::port::Phys;
use rtos_abi::bundle::{self, Board, Bundle};
use rtos_abi::call::right;

/// `CPACR_EL1` of threads without and with floating point.
const CPACR: [u64; 2] = [0, 3 << 20];
/// Below this address firmware keeps its own code on every board.
const FIRMWARE: u64 = 0x8_0000;
/// Memory that the kernel takes for granted when there is no device tree to say what is reserved.
type Reserved = Ranges<48>;

/// Called by the boot assembly, in the upper half, once.
#[unsafe(no_mangle)]
extern "C" fn kernel_main(
    device_tree: u64,
    load: u64,
    bundle: u64,
    bundle_len: u64,
    bss: u64,
    entry_level: u64,
    ticks: u64,
) -> ! {
    let facts = BootFacts { device_tree, load, bundle, bundle_len, bss, entry_level, ticks };
    cpu::set_up(false);
    // SAFETY: called once, here.
    let mut map = unsafe { KernelMap::new(&facts) };
    // SAFETY: called once before a panic, here; the assembly uses the machine only after boot.
    let machine = unsafe { boot_machine() };
    let Some(bundle) = open_bundle(&facts, &mut map) else { cpu::park() };
    let given = board::device_tree(&facts, &mut map);
    // Without a board there is no address to say anything at.
    let Some(board) = board::choose(&bundle, &given) else { cpu::park() };
    if machine.hardware.open(&board, &mut map).is_err() {
        cpu::park();
    }
    let (tree, tree_len) = read_tree(machine, &given);
    board::park_others(&facts, &board, tree.as_ref(), &mut map);
    let memory = Memory::new(&facts, &board, tree.as_ref(), tree_len);
    greet(machine, &facts, &board, memory.total);
    if tree_len != 0 {
        board::forget_tree(&facts, &mut map, tree_len);
    }
    let boot = boot_facts(machine, &facts, &board, &memory);
    let source = Source { bundle, board: &board, boot, cpacr: CPACR };
    load_system(machine, &source, &memory, &mut map)
}

/// Maps and checks the boot bundle. Before the board is known nothing can be said, so a wrong one only parks.
fn open_bundle(facts: &BootFacts, map: &mut KernelMap) -> Option<Bundle<'static>> {
    map.map(Phys(facts.bundle), facts.bundle_len, Alias::ReadOnly).ok()?;
    // SAFETY: just mapped read-only, for ever; its memory is in no pool.
    let bytes = unsafe { copy::read_only(Phys(facts.bundle), facts.bundle_len as usize) };
    Bundle::new(bytes).ok()
}

fn read_tree(machine: &mut Machine, given: &Given) -> (Option<Tree>, u64) {
    match given {
        Given::Nothing => (None, 0),
        Given::Wrong(why) => kernel_panic_start(format_args!("{why}")),
        Given::Checked(fdt, len) => match Tree::read(*fdt) {
            Ok(tree) => {
                machine.hardware.psci = tree.psci;
                machine.hardware.ending = if tree.semihosting { Ending::Semihosting } else { Ending::Park };
                (Some(tree), *len)
            }
            Err(why) => kernel_panic_start(format_args!("{why}")),
        },
    }
}

/// What memory there is.
struct Memory {
    all: Ranges<16>,
    reserved: Reserved,
    total: u64,
}

impl Memory {
    fn new(facts: &BootFacts, board: &Board, tree: Option<&Tree>, tree_len: u64) -> Self {
        let (mut all, mut reserved) = match tree {
            Some(tree) => (tree.memory, tree.reserved),
            None => (Ranges::new(), Ranges::new()),
        };
        if tree.is_none() {
            all.add(board.ram_base, board.ram_bytes);
        }
        reserved.add(0, FIRMWARE);
        reserved.add(facts.load, facts.end() - facts.load);
        reserved.add(facts.device_tree, tree_len);
        Self { all, reserved, total: all.total() }
    }
}

fn greet(machine: &mut Machine, facts: &BootFacts, board: &Board, ram: u64) {
    if let Some(mut console) = machine.hardware.console() {
        // The console drops what its line does not take, so this cannot fail.
        let _ = writeln!(
            console,
            "TinyOS {} kernel {:016x} on {}, EL{}, RAM {} MiB",
            env!("CARGO_PKG_VERSION"),
            kernel_hash(),
            rtos_abi::record::name_text(&board.name),
            facts.entry_level,
            ram >> 20
        );
    }
}

fn boot_facts(machine: &Machine, facts: &BootFacts, board: &Board, memory: &Memory) -> KernelFacts {
    let frequency = timer::frequency();
    let Ok(ticks_per_second) = u32::try_from(frequency) else {
        kernel_panic_start(format_args!("the counter's frequency is {frequency} Hz"))
    };
    if ticks_per_second < 1_000_000 {
        kernel_panic_start(format_args!("the firmware set the counter's frequency to {frequency} Hz"));
    }
    KernelFacts {
        ticks_per_second,
        boot_ticks: facts.ticks,
        board: board.name,
        kernel_hash: kernel_hash(),
        total: memory.total,
        kernel_bytes: facts.kernel_len(),
        bundle_at: Phys(facts.bundle),
        bundle_bytes: facts.bundle_len,
        emulated: u32::from(machine.hardware.ending == Ending::Semihosting),
        ..KernelFacts::EMPTY
    }
}

/// Fills the kernel's tables, builds `init` and runs it.
fn load_system(machine: &mut Machine, source: &Source<'_>, memory: &Memory, map: &mut KernelMap) -> ! {
    let Machine { kernel, hardware } = machine;
    let mut pool = ranges::pool(&memory.all, &memory.reserved, wanted(source));
    if let Err(error) = map_pool(&pool, map).and_then(|()| board::map_registers(&source.bundle, source.board, map)) {
        kernel_panic_start(format_args!("{}", error.text()));
    }
    let now = timer::now();
    let loaded = kernel.load(hardware, source, &mut pool).and_then(|()| kernel.start_init(hardware, source, now));
    if let Err(error) = loaded {
        let (what, about) = error.text();
        kernel_panic_start(format_args!("the boot bundle: {what} {about}"));
    }
    let lines = kernel.irqs.iter().filter(|irq| !irq.thread.is_none());
    if let Some(irq) = lines.clone().find(|irq| irq.line >= source.board.line_count || irq.line == hardware.timer_line)
    {
        kernel_panic_start(format_args!("the boot bundle: line {} cannot be given to a partition", irq.line));
    }
    hardware.open_lines(lines.map(|irq| (irq.line, irq.edge)));
    cpu::set_up(has_virtual_timer(source));
    timer::start();
    vectors::enter(kernel.first_run(timer::now()))
}

/// Memory that the system reserves, a page for its facts included.
fn wanted(source: &Source<'_>) -> u64 {
    let board = source.board;
    let partitions = source.bundle.table::<bundle::Partition>(board.partitions_off, board.partition_count);
    let rings = source.bundle.table::<bundle::Ring>(board.rings_off, board.ring_count);
    let partition_pages: u64 = partitions.map(|p| u64::from(p.memory_pages) + u64::from(p.table_pages.max(1))).sum();
    let ring_pages: u64 = rings.map(|ring| u64::from(ring.pages)).sum();
    (partition_pages + ring_pages + 1) * PAGE
}

fn map_pool(pool: &Pool, map: &mut KernelMap) -> Result<(), MapError> {
    for (at, len) in pool.runs.iter().filter(|(_, len)| *len > 0) {
        map.map(*at, *len, Alias::Ram)?;
    }
    Ok(())
}

fn has_virtual_timer(source: &Source<'_>) -> bool {
    let board = source.board;
    let mut partitions = source.bundle.table::<bundle::Partition>(board.partitions_off, board.partition_count);
    partitions.any(|partition| partition.rights & right::VIRTUAL_TIMER != 0)
}

/// The first eight bytes of the build id, which the linker makes of the kernel's contents.
fn kernel_hash() -> u64 {
    unsafe extern "C" {
        // A note: three words, the name `GNU`, then the hash.
        static __build_id: [u8; 24];
    }
    // SAFETY: the linker script puts the note there, and it is read-only.
    let note = unsafe { &__build_id };
    note.last_chunk().map_or(0, |hash| u64::from_be_bytes(*hash))
}
