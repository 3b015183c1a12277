//! What a program reads of the machine without a system call: counters, and the pages it is given.

use rtos_abi::info::InfoPage;
#[cfg(target_os = "none")]
use rtos_abi::record::Record;

/// The counter's value, not read earlier than the instructions before it.
#[inline(always)]
#[must_use]
pub fn counter() -> u64 {
    #[cfg(target_os = "none")]
    {
        let ticks;
        // SAFETY: reads a register that programs may read.
        unsafe { core::arch::asm!("isb", "mrs {}, CNTPCT_EL0", out(reg) ticks, options(nostack, preserves_flags)) };
        ticks
    }
    #[cfg(not(target_os = "none"))]
    host::counter()
}

/// The core's cycle counter (`PMCCNTR_EL0`), not read earlier than the instructions before it; in the emulator it counts
/// instructions. On the host 0.
#[inline(always)]
#[must_use]
pub fn cycles() -> u64 {
    #[cfg(target_os = "none")]
    {
        let cycles;
        // SAFETY: reads a register that programs may read.
        unsafe { core::arch::asm!("isb", "mrs {}, PMCCNTR_EL0", out(reg) cycles, options(nostack, preserves_flags)) };
        cycles
    }
    #[cfg(not(target_os = "none"))]
    0
}

/// Sets the virtual timer to raise its line at once (`Some(0)` ticks from now), later, or never. A partition without the
/// right `virtual_timer` is stopped.
#[inline(always)]
pub fn virtual_timer(ticks_from_now: Option<u64>) {
    #[cfg(target_os = "none")]
    {
        let Some(ticks) = ticks_from_now else {
            // SAFETY: the timer changes no memory; without the right the access traps.
            unsafe { core::arch::asm!("msr CNTV_CTL_EL0, xzr", "isb", options(nostack, preserves_flags)) };
            return;
        };
        // SAFETY: the timer changes no memory; without the right the access traps.
        unsafe {
            core::arch::asm!(
                "mrs {now}, CNTVCT_EL0", "add {now}, {now}, {ticks}", "msr CNTV_CVAL_EL0, {now}", "mov {now}, #1",
                "msr CNTV_CTL_EL0, {now}", "isb",
                now = out(reg) _, ticks = in(reg) ticks, options(nostack, preserves_flags),
            );
        }
    }
    #[cfg(not(target_os = "none"))]
    let _ = ticks_from_now;
}

/// The facts of this boot.
#[must_use]
pub fn info_page() -> InfoPage {
    #[cfg(target_os = "none")]
    {
        let page = core::ptr::with_exposed_provenance::<[u8; InfoPage::BYTES]>(rtos_abi::layout::INFO_PAGE as usize);
        // SAFETY: the kernel maps this page into every partition, read-only, and never changes it.
        InfoPage::read(unsafe { &*page })
    }
    #[cfg(not(target_os = "none"))]
    InfoPage {
        abi_version: rtos_abi::ABI_VERSION,
        ticks_per_second: host::TICKS_PER_SECOND,
        board: rtos_abi::record::name_bytes("host"),
        ..InfoPage::default()
    }
}

/// The text with which the loader started this program, as it lies in its page; empty on the host.
///
/// Only for programs that the loader starts with arguments: the page is not mapped in others.
#[must_use]
pub fn args_page() -> &'static [u8] {
    #[cfg(target_os = "none")]
    {
        use rtos_abi::{layout::ARGS_PAGE, limits::PAGE_BYTES};
        let page = core::ptr::with_exposed_provenance::<[u8; PAGE_BYTES]>(ARGS_PAGE as usize);
        // SAFETY: the loader maps this page, read-only, before it starts the partition; nobody changes it afterwards.
        let (length, text) = unsafe { &*page }.split_at(8);
        let length = length.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        text.get(..length).unwrap_or(&[])
    }
    #[cfg(not(target_os = "none"))]
    &[]
}

#[cfg(not(target_os = "none"))]
mod host {
    /// As on the emulated machines, so that the same numbers appear.
    pub const TICKS_PER_SECOND: u32 = 62_500_000;

    /// Ticks since the first question.
    pub fn counter() -> u64 {
        static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
        let passed = START.get_or_init(std::time::Instant::now).elapsed();
        (passed.as_nanos() * u128::from(TICKS_PER_SECOND) / 1_000_000_000) as u64
    }
}
