// From the first instruction to Rust in the upper half of the address space. Runs once, on one core.
//
// Entered at EL3, EL2 or EL1, at any 4 KiB-aligned address, MMU off. Everything below is relative to the program
// counter until the jump to the linked address. This file must stay within the image's first page: the identity
// mapping that carries the switch is that one page.
//
// | register | holds |
// |---|---|
// | x20 | physical address of the device tree, 0 if there is none |
// | x21 | physical address of the image |
// | x22 | exception level of entry, 1 to 3 |
// | x23 | CNTPCT_EL0 at entry |
// | x24 | physical address of the boot bundle |
// | x25 | bytes of the boot bundle, a multiple of the page size |
// | x26 | physical address of .bss, which begins with the boot tables |
// | x27 | level-3 entries of the kernel image (two tables in a row) |
// | x0-x15 | scratch |

.section .text.boot, "ax"

// The arm64 Image header. tools/bundle adds the bundle's length to the third field.
.global image_header
image_header:
    b       boot_entry
    nop
    .quad   0                       // offset from a 2 MiB boundary: none is needed
    .quad   __image_len_with_bss
    .quad   0xa                     // little endian, 4 KiB pages, anywhere in memory
    .quad   0
    .quad   __bss_len               // read by tools/bundle
    .quad   0                       // the kernel's hash, filled in by tools/bundle
    .ascii  "ARMd"
    .long   0

boot_entry:
    msr     daifset, #15
    mov     x20, x0
    mrs     x23, cntpct_el0
    mrs     x22, CurrentEL
    lsr     x22, x22, #2
    adr     x21, image_header

    // All cores but the one with affinity 0 are parked, whatever brought them here.
    mrs     x0, mpidr_el1
    mov     x1, #0xffffff
    movk    x1, #0xff, lsl #32
    tst     x0, x1
    b.ne    boot_park

    cmp     x22, #3
    b.ne    boot_below_el3
    mov     x0, #0x5b1              // SCR_EL3: non-secure, EL2 is AArch64, HVC on, SMC off
    msr     scr_el3, x0
    msr     cptr_el3, xzr
    msr     mdcr_el3, xzr
    mov     x1, #0x3c9              // SPSR: EL2h, all masked
    mrs     x0, id_aa64pfr0_el1
    tst     x0, #0xf00              // is there an EL2?
    b.ne    1f
    mov     x1, #0x3c5              // SPSR: EL1h, all masked
1:  msr     spsr_el3, x1
    adr     x0, boot_below_el3
    msr     elr_el3, x0
    mov     x0, #0x0830             // SCTLR_EL2: MMU off
    movk    x0, #0x30c5, lsl #16
    tst     x1, #8
    b.eq    2f
    msr     sctlr_el2, x0
2:  isb
    eret

boot_below_el3:
    mrs     x0, CurrentEL
    cmp     x0, #8
    b.ne    boot_el1
    mov     x0, #0x80000000         // HCR_EL2: EL1 is AArch64, nothing is trapped
    msr     hcr_el2, x0
    isb
    mov     x0, #3                  // CNTHCTL_EL2: EL1 may use the physical counter and timer
    msr     cnthctl_el2, x0
    msr     cntvoff_el2, xzr
    mov     x0, #0x33ff             // CPTR_EL2: no trap of floating point
    msr     cptr_el2, x0
    msr     hstr_el2, xzr
    mrs     x0, pmcr_el0            // MDCR_EL2: all counters belong to EL1
    ubfx    x0, x0, #11, #5
    msr     mdcr_el2, x0
    mrs     x0, midr_el1
    msr     vpidr_el2, x0
    mrs     x0, mpidr_el1
    msr     vmpidr_el2, x0
    msr     vttbr_el2, xzr
    mov     x0, #0x0800             // SCTLR_EL1 before it is first used: MMU off
    movk    x0, #0x30d0, lsl #16
    msr     sctlr_el1, x0
    mov     x0, #0x3c5              // SPSR: EL1h, all masked
    msr     spsr_el2, x0
    adr     x0, boot_el1
    msr     elr_el2, x0
    isb
    eret

boot_el1:
    mov     x0, #0x0800
    movk    x0, #0x30d0, lsl #16
    msr     sctlr_el1, x0
    isb

    // x0 at entry may be a device tree, a list of tags or nothing: only the magic number tells.
    tst     x20, #7
    csel    x20, xzr, x20, ne
    cbz     x20, 1f
    ldr     w0, [x20]
    mov     w1, #0x0dd0             // 0xd00dfeed, big endian
    movk    w1, #0xedfe, lsl #16
    cmp     w0, w1
    csel    x20, x20, xzr, eq

    // .bss lies behind the bundle, so that the file can be used where it was loaded.
1:  adrp    x24, __image_end
    ldr     w0, [x24]
    ldr     w25, [x24, #8]
    mov     w1, #{BUNDLE_MAGIC_LOW}
    movk    w1, #{BUNDLE_MAGIC_HIGH}, lsl #16
    cmp     w0, w1
    csel    x25, x25, xzr, eq
    add     x25, x25, #0xfff
    and     x25, x25, #~0xfff
    add     x26, x24, x25

    // The tables are written past the caches; drop the lines that may shadow them, before and after.
    bl      boot_invalidate_tables
    mov     x0, x26
    add     x1, x26, #{BOOT_TABLES} * 4096
2:  stp     xzr, xzr, [x0], #16
    cmp     x0, x1
    b.lo    2b

    // Kernel image: 4 KiB pages, never both writable and executable.
    add     x27, x26, #2 * 4096
    mov     x0, #0                  // entry number
    mov     x1, x21                 // physical address
    adrp    x2, __rodata_start
    sub     x2, x2, x21
    lsr     x2, x2, #12             // end entry
    mov     x3, #{TEXT_ATTR_LOW}
    movk    x3, #{TEXT_ATTR_HIGH}, lsl #48
    bl      boot_map
    adrp    x2, __data_start
    sub     x2, x2, x21
    lsr     x2, x2, #12
    mov     x3, #{RODATA_ATTR_LOW}
    movk    x3, #{RODATA_ATTR_HIGH}, lsl #48
    bl      boot_map
    adrp    x2, __image_end
    sub     x2, x2, x21
    lsr     x2, x2, #12
    mov     x3, #{DATA_ATTR_LOW}
    movk    x3, #{DATA_ATTR_HIGH}, lsl #48
    bl      boot_map
    mov     x1, x26
    adrp    x2, __bss_end
    sub     x2, x2, x21
    lsr     x2, x2, #12
    bl      boot_map

    // Two pages stay unmapped: below the emergency stack and below the kernel stack.
    adrp    x0, __emergency_guard
    sub     x0, x0, x21
    lsr     x0, x0, #12
    str     xzr, [x27, x0, lsl #3]
    adrp    x0, __stack_guard
    sub     x0, x0, x21
    lsr     x0, x0, #12
    str     xzr, [x27, x0, lsl #3]

    orr     x0, x27, #3             // level 2: 4 MiB from the kernel's base
    str     x0, [x26, #4096]
    add     x0, x0, #4096
    str     x0, [x26, #4096 + 8]
    add     x0, x26, #4096          // level 1
    orr     x0, x0, #3
    str     x0, [x26, #{KERNEL_LEVEL1} * 8]

    // The identity mapping of this page, in the last three boot tables.
    add     x4, x26, #4 * 4096
    add     x5, x4, #4096
    add     x6, x5, #4096
    ubfx    x0, x21, #30, #9
    orr     x1, x5, #3
    str     x1, [x4, x0, lsl #3]
    ubfx    x0, x21, #21, #9
    orr     x1, x6, #3
    str     x1, [x5, x0, lsl #3]
    ubfx    x0, x21, #12, #9
    mov     x3, #{TEXT_ATTR_LOW}
    movk    x3, #{TEXT_ATTR_HIGH}, lsl #48
    orr     x1, x21, x3
    str     x1, [x6, x0, lsl #3]
    bl      boot_invalidate_tables

    mov     x0, #{MAIR}
    msr     mair_el1, x0
    msr     ttbr0_el1, x4
    msr     ttbr1_el1, x26
    ldr     x7, boot_tcr
    mrs     x0, id_aa64mmfr0_el1
    and     x0, x0, #7              // physical address size: as much as the core has, 48 bits at most
    cmp     x0, #5
    mov     x1, #5
    csel    x0, x0, x1, lo
    orr     x7, x7, x0, lsl #32
    sub     x0, x7, #9              // T0SZ 25 for the identity mapping: any address below 512 GiB
    msr     tcr_el1, x0
    isb
    tlbi    vmalle1
    ic      iallu
    dsb     nsh
    isb
    ldr     x8, boot_high_address
    ldr     x0, boot_sctlr
    msr     sctlr_el1, x0
    isb
    br      x8

// Maps entries x0 to x2 of the kernel image to memory from x1 on, with attributes x3; leaves x0 and x1 behind the last.
boot_map:
    cmp     x0, x2
    b.hs    1f
    orr     x4, x1, x3
    str     x4, [x27, x0, lsl #3]
    add     x0, x0, #1
    add     x1, x1, #4096
    b       boot_map
1:  ret

boot_invalidate_tables:
    dsb     sy
    mrs     x0, ctr_el0
    ubfx    x0, x0, #16, #4
    mov     x1, #4
    lsl     x1, x1, x0              // bytes of the smallest data cache line
    mov     x0, x26
    add     x2, x26, #{BOOT_TABLES} * 4096
1:  dc      ivac, x0
    add     x0, x0, x1
    cmp     x0, x2
    b.lo    1b
    dsb     sy
    ret

boot_park:
    wfi
    b       boot_park

// Other cores of boards with a spin table are sent here: see park_address.
.global boot_park_core
boot_park_core:
    msr     daifset, #15
1:  wfi
    b       1b

.balign 8
boot_tcr:
    .quad   {TCR}
boot_sctlr:
    .quad   {SCTLR}
boot_high_address:
    .quad   boot_high

// The linked address. The lower half becomes empty: its first identity table is cleared and stays the table of no space.
boot_high:
    msr     tcr_el1, x7
    adrp    x0, __bss_start
    add     x0, x0, #4 * 4096
    add     x1, x0, #3 * 4096
1:  stp     xzr, xzr, [x0], #16
    cmp     x0, x1
    b.lo    1b
    dsb     nsh
    isb
    tlbi    vmalle1
    dsb     nsh
    isb

    adrp    x0, __bss_clear_start
    adrp    x1, __emergency_guard
    bl      boot_clear
    adrp    x0, __emergency_stack
    adrp    x1, __stack_guard
    bl      boot_clear
    adrp    x0, __stack
    adrp    x1, __bss_end
    bl      boot_clear

    adrp    x0, core_block
    add     x0, x0, :lo12:core_block
    mov     sp, x0
    adrp    x0, vectors_gic
    add     x0, x0, :lo12:vectors_gic
    msr     vbar_el1, x0
    isb
    mov     x0, x20
    mov     x1, x21
    mov     x2, x24
    mov     x3, x25
    mov     x4, x26
    mov     x5, x22
    mov     x6, x23
    mov     x29, xzr
    mov     x30, xzr
    b       kernel_main

boot_clear:
    cmp     x0, x1
    b.hs    1f
    stp     xzr, xzr, [x0], #16
    b       boot_clear
1:  ret

.global boot_end
boot_end:
