// Names and macros of the vectors and of the switch. No code of its own.

// Offsets from sp, which points at the CoreBlock whenever the kernel is entered.
.set START,         {START}
.set PATH,          {PATH}
.set ZERO,          {ZERO}
.set LINK,          {LINK}
.set CURRENT,       {CURRENT}
.set ARGUMENTS,     {ARGUMENTS}
.set FP_OWNER,      {FP_OWNER}
.set BCM,           {BCM}
.set MACHINE,       {MACHINE}
.set THREADS,       {THREADS}

// Offsets in a Thread.
.set X0,            {FRAME_X}
.set X30,           X0 + 30 * 8
.set SP_PC,         {FRAME_SP}
.set PSR_TPIDR,     {FRAME_PSR}
.set SPACE_CPACR,   {FRAME_SPACE}
.set KIND,          {FRAME_KIND}

// Bits of a decision.
.set SLOW_BIT,      {SLOW_BIT}
.set SWITCH_BIT,    {SWITCH_BIT}
.set SPACE_BIT,     {SPACE_BIT}
.set DELIVER_BIT,   {DELIVER_BIT}
.set FETCH_BIT,     {FETCH_BIT}
.set RESULTS_BIT,   {RESULTS_BIT}
.set TIMER_BIT,     {TIMER_BIT}
.set AGAIN_BIT,     {AGAIN_BIT}
.set HALT_BIT,      {HALT_BIT}
.set NEXT_SHIFT,    {NEXT_SHIFT}
.set DELIVER_SHIFT, {DELIVER_SHIFT}
.set FETCH_SHIFT,   {FETCH_SHIFT}

.set EC_SVC,        0x15

// \rd = the table of threads.
.macro threads rd
.if THREADS < 4096
    add     \rd, sp, #THREADS
.else
    add     \rd, sp, #(THREADS & 0xfff000)
    add     \rd, \rd, #(THREADS & 0xfff)
.endif
.endm

// Closes the measurement of this path; clobbers x4-x6 and the flags.
.macro measure
    ldp     x4, x5, [sp, #START]
    mrs     x6, pmccntr_el0
    sub     x6, x6, x4
    ubfiz   x5, x5, #3, #8
    ldr     x4, [sp, x5]
    cmp     x6, x4
    b.ls    7f
    str     x6, [sp, x5]
7:
.endm

// Clears x4 to x18.
.macro clear_scratch
    ldp     x4, x5, [sp, #ZERO]
    ldp     x6, x7, [sp, #ZERO]
    ldp     x8, x9, [sp, #ZERO]
    ldp     x10, x11, [sp, #ZERO]
    ldp     x12, x13, [sp, #ZERO]
    ldp     x14, x15, [sp, #ZERO]
    ldp     x16, x17, [sp, #ZERO]
    mov     x18, xzr
.endm

// Back to the program; the barrier stops speculation past the return.
.macro leave
    eret
    dsb     nsh
    isb
.endm

// Stores the rest of a full frame whose x0-x19 are stored already: x7 = thread, x30 of the program in LINK.
// Clobbers x8-x12 and x30.
.macro store_rest
    ldr     x30, [sp, #LINK]
    mrs     x8, sp_el0
    mrs     x9, elr_el1
    mrs     x10, spsr_el1
    mrs     x11, tpidr_el0
    mov     x12, #1
    stp     x20, x21, [x7, #X0 + 160]
    stp     x22, x23, [x7, #X0 + 176]
    stp     x24, x25, [x7, #X0 + 192]
    stp     x26, x27, [x7, #X0 + 208]
    stp     x28, x29, [x7, #X0 + 224]
    str     x30, [x7, #X30]
    stp     x8, x9, [x7, #SP_PC]
    stp     x10, x11, [x7, #PSR_TPIDR]
    str     x12, [x7, #KIND]
.endm

// Stores x0-x19 into the thread at x30.
.macro store_scratch
    stp     x0, x1, [x30, #X0]
    stp     x2, x3, [x30, #X0 + 16]
    stp     x4, x5, [x30, #X0 + 32]
    stp     x6, x7, [x30, #X0 + 48]
    stp     x8, x9, [x30, #X0 + 64]
    stp     x10, x11, [x30, #X0 + 80]
    stp     x12, x13, [x30, #X0 + 96]
    stp     x14, x15, [x30, #X0 + 112]
    stp     x16, x17, [x30, #X0 + 128]
    stp     x18, x19, [x30, #X0 + 144]
.endm
