//! `memcpy`, `memset`, `memcmp` and `bcmp` with loops that `cargo xtask paths` can bound.

core::arch::global_asm!(include_str!("memory.s"));
