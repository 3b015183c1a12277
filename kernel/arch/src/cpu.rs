//! The core's own registers: what the kernel sets up once, and single instructions.

use core::arch::asm;

macro_rules! read {
    ($(#[$m:meta])* $name:ident, $register:literal) => {
        $(#[$m])*
        #[must_use]
        pub fn $name() -> u64 {
            let value: u64;
            // SAFETY: reading this register changes nothing.
            unsafe { asm!(concat!("mrs {}, ", $register), out(reg) value, options(nomem, nostack, preserves_flags)) };
            value
        }
    };
}

read!(
    /// `MIDR_EL1`: what core this is.
    main_id, "midr_el1"
);
read!(
    /// `CTR_EL0`: its caches.
    cache_type, "ctr_el0"
);

/// EL0 reads `CNTPCT_EL0` and `CNTVCT_EL0`.
const COUNTERS: u64 = 0b11;
/// EL0 uses `CNTV_CTL_EL0`, `CNTV_CVAL_EL0`.
const VIRTUAL_TIMER: u64 = 1 << 8;

/// Sets what programs may do with counters and floating point, and starts the cycle counter.
///
/// The virtual timer is one for the whole core, so its registers are open either to every program or to none: they are
/// open if any partition of the system has the right.
pub fn set_up(virtual_timer: bool) {
    let counters = if virtual_timer { COUNTERS | VIRTUAL_TIMER } else { COUNTERS };
    // SAFETY: none of these registers affects the kernel's own memory or control flow. PMCR: enable, reset, 64-bit
    // overflow; PMCCFILTR: count at every level; PMUSERENR: EL0 reads the cycle counter only. CPACR: all trapped.
    unsafe {
        asm!(
            "msr cntkctl_el1, {counters}",
            "msr cntv_ctl_el0, xzr",
            "msr cpacr_el1, xzr",
            "msr pmcr_el0, {pmcr}",
            "msr pmccfiltr_el0, xzr",
            "msr pmcntenset_el0, {cycles}",
            "msr pmuserenr_el0, {cycle_read}",
            "msr mdscr_el1, xzr",
            "isb",
            counters = in(reg) counters,
            pmcr = in(reg) 0x47_u64,
            cycles = in(reg) 1_u64 << 31,
            cycle_read = in(reg) 1_u64 << 2,
            options(nostack, preserves_flags)
        );
    }
}

/// Uses the vector table of the board's interrupt controller.
pub fn use_vectors(bcm: bool) {
    unsafe extern "C" {
        static vectors_gic: u8;
        static vectors_bcm: u8;
    }
    let table = if bcm { &raw const vectors_bcm } else { &raw const vectors_gic };
    crate::core_block::use_bcm(bcm);
    // SAFETY: both tables are complete and aligned.
    unsafe { asm!("msr vbar_el1, {}", "isb", in(reg) table, options(nostack, preserves_flags)) };
}

/// Starts with no address space: the lower half is empty.
pub fn use_space(space: u64) {
    // SAFETY: the kernel uses no address of the lower half.
    unsafe { asm!("msr ttbr0_el1, {}", "isb", in(reg) space, options(nostack, preserves_flags)) };
}

/// Orders writes to translation tables before walks of them.
#[inline(always)]
pub fn table_barrier() {
    // SAFETY: a barrier changes nothing.
    unsafe { asm!("dsb nshst", options(nostack, preserves_flags)) };
}

/// Drops all translations of an address-space id on this core. Done twice: Cortex-A76 erratum 4193800.
#[inline(always)]
pub fn flush_space(asid: u16) {
    let id = u64::from(asid) << 48;
    // SAFETY: a dropped translation is walked again.
    unsafe {
        asm!(
            "dsb nshst", "tlbi aside1, {id}", "dsb nsh", "tlbi aside1, {id}", "dsb nsh", "isb",
            id = in(reg) id, options(nostack, preserves_flags)
        );
    }
}

/// Drops all translations on this core.
pub fn flush_all() {
    // SAFETY: a dropped translation is walked again.
    unsafe {
        asm!(
            "dsb nshst",
            "tlbi vmalle1",
            "dsb nsh",
            "tlbi vmalle1",
            "dsb nsh",
            "isb",
            options(nostack, preserves_flags)
        )
    };
}

/// Makes all writes visible to cores with their caches off and wakes those that wait for an event.
pub fn wake_others() {
    // SAFETY: barriers and an event change nothing here.
    unsafe { asm!("dsb sy", "sev", options(nostack, preserves_flags)) };
}

/// Waits for ever, with interrupts masked.
pub fn park() -> ! {
    loop {
        // SAFETY: waiting changes nothing.
        unsafe { asm!("msr daifset, #15", "wfi", options(nomem, nostack, preserves_flags)) };
    }
}

/// How the firmware is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduit {
    /// `hvc`.
    Hypervisor,
    /// `smc`.
    Secure,
}

/// PSCI (Arm DEN 0022): switches the machine off.
pub const SYSTEM_OFF: u32 = 0x8400_0008;
/// PSCI: restarts the machine.
pub const SYSTEM_RESET: u32 = 0x8400_0009;

/// Calls a PSCI function that ends the machine. Returns only if the firmware refuses it.
pub fn psci(conduit: Conduit, function: u32) {
    match conduit {
        // SAFETY: the firmware may change x0-x17 and nothing else of ours (SMC calling convention, Arm DEN 0028).
        Conduit::Hypervisor => unsafe { asm!("hvc #0", inout("w0") function => _, clobber_abi("C"), options(nostack)) },
        // SAFETY: as above.
        Conduit::Secure => unsafe { asm!("smc #0", inout("w0") function => _, clobber_abi("C"), options(nostack)) },
    }
}

/// Ends the emulator by semihosting with an exit code; without an emulator or debugger this is an undefined instruction.
pub fn semihosting_exit(code: u64) -> ! {
    let block: [u64; 2] = [0x20026, code];
    // SAFETY: SYS_EXIT_EXTENDED reads the two words and does not return.
    unsafe { asm!("hlt #0xf000", in("x0") 0x20_u64, in("x1") &raw const block, options(nostack)) };
    park()
}
