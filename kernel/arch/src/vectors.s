// Exception vectors and the entries from programs. The decisions are applied in switch.s.
//
// Two vector tables differ only in the interrupt entry, so that the board's interrupt controller costs no branch.
//
// | register | system call | interrupt |
// |---|---|---|
// | x0-x3, x6, x7 | number and arguments, as the program set them | saved at once |
// | x4, x5 | machine, time: free for the kernel by the ABI | saved at once |
// | x20-x27 | message; untouched until the decision | untouched until a switch |
// | x19-x29 | the program's; Rust preserves them | the program's |
// | x30 | kept in LINK, then scratch, then return address | kept in LINK |

// From the kernel itself: always the end. x0 and x1 are kept in system registers: nothing else can be trusted.
.macro kernel_vector kind
    .balign 128
    msr     tpidr_el1, x0
    mov     x0, #\kind
    b       kernel_fault
.endm

.macro vector_table name, irq
    .balign 2048
    .global \name
\name:
    kernel_vector 0                 // current level, SP_EL0: never used
    kernel_vector 1
    kernel_vector 2
    kernel_vector 3
    kernel_vector 4                 // current level, SP_EL1: synchronous, IRQ, FIQ, SError
    kernel_vector 5
    kernel_vector 6
    kernel_vector 7
    .balign 128
    b       entry_sync
    .balign 128
    b       \irq
    kernel_vector 10                // FIQ: nothing is routed there
    kernel_vector 11                // SError: memory or a bus is broken, nobody knows whose access it was
    kernel_vector 12                // AArch32: no program is started in it
    kernel_vector 13
    kernel_vector 14
    kernel_vector 15
    .balign 128
.endm

.section .text.vectors, "ax"
vector_table vectors_gic, entry_irq_gic
vector_table vectors_bcm, entry_irq_bcm

// A synchronous exception of a program: a system call, or a fault.
.balign 64
.global entry_sync
entry_sync:
    str     x30, [sp, #LINK]
    mrs     x30, esr_el1
    lsr     x30, x30, #26
    cmp     x30, #EC_SVC
    b.ne    entry_fault
    mrs     x30, pmccntr_el0
call_enter:
    stp     x30, x0, [sp, #START]
    add     x4, sp, #MACHINE
    mrs     x5, cntpct_el0
    adr     x30, call_table
    add     x30, x30, w0, uxtb #2
    blr     x30
    tbnz    x0, #SLOW_BIT, apply_call
call_leave:
    measure
    ldp     x2, x3, [sp, #ZERO]
call_leave_with_results:
    ldr     x30, [sp, #LINK]
    clear_scratch
    leave

// A call that may say Again keeps its arguments, then does what its table entry names.
.macro again_call name
    .global again_\name
again_\name:
    add     x9, sp, #ARGUMENTS
    stp     x0, x1, [x9]
    stp     x2, x3, [x9, #16]
    stp     x6, x7, [x9, #32]
    b       call_\name
.endm
    again_call loan_read
    again_call loan_write
    again_call part_reap
    again_call part_map
    again_call part_write
    again_call part_seal
    again_call part_start

// A number without a call: its path counts as a fault's, which it becomes.
.global unknown_call
unknown_call:
    mov     x9, #{PATH_FAULT}
    str     x9, [sp, #PATH]
    b       call_unknown

// One step is done and there is more. This path ends here: with an interrupt pending at the program's svc, which runs
// again later with its own arguments, else at once as a new entry.
.global call_again
call_again:
    measure
    add     x9, sp, #ARGUMENTS
    ldp     x0, x1, [x9]
    ldp     x2, x3, [x9, #16]
    ldp     x6, x7, [x9, #32]
    isb                             // a new deadline may have passed already
.global again_check
again_check:
    mrs     x4, isr_el1
    cbz     x4, entry_again
    mrs     x4, elr_el1
    sub     x4, x4, #4
    msr     elr_el1, x4
    ldr     x30, [sp, #LINK]
    ldp     x4, x5, [sp, #ZERO]
    ldp     x8, x9, [sp, #ZERO]
    ldp     x10, x11, [sp, #ZERO]
    ldp     x12, x13, [sp, #ZERO]
    ldp     x14, x15, [sp, #ZERO]
    ldp     x16, x17, [sp, #ZERO]
    mov     x18, xzr
    leave

.global entry_again
entry_again:
    mrs     x30, pmccntr_el0
    b       call_enter

// An interrupt of a running program. x30 is the only free register until the rest is saved.
.macro interrupt_entry name, handler
    .balign 64
    .global \name
\name:
    str     x30, [sp, #LINK]
    mrs     x30, pmccntr_el0
    str     x30, [sp, #START]
    ldr     x30, [sp, #CURRENT]
    store_scratch
    mov     x3, #{PATH_IRQ}
    str     x3, [sp, #PATH]
    add     x0, sp, #MACHINE
    mrs     x1, cntpct_el0
    mov     x2, sp
    bl      \handler
    tbnz    x0, #SWITCH_BIT, switch_from_interrupt
    b       interrupt_leave
.endm
    interrupt_entry entry_irq_gic, irq_gic
    interrupt_entry entry_irq_bcm, irq_bcm

// A fault of a running program: everything is saved, the rules decide, and usually another thread runs.
.balign 64
.global entry_fault
entry_fault:
    mrs     x30, pmccntr_el0
    str     x30, [sp, #START]
    ldr     x30, [sp, #CURRENT]
    store_scratch
    mov     x7, x30
    store_rest
    mov     x3, #{PATH_FAULT}
    str     x3, [sp, #PATH]
    add     x0, sp, #MACHINE
    mrs     x1, cntpct_el0
    mrs     x2, esr_el1
    mrs     x3, far_el1
    bl      fault_from_program
    threads x4
    tbnz    x0, #SWITCH_BIT, load_next
    tbnz    x0, #HALT_BIT, apply_halt
    ldr     x7, [sp, #CURRENT]
    b       load_full

// The kernel's own exception: the registers go to the emergency stack, then to the screen. A second one parks.
kernel_fault:
    msr     tpidrro_el0, x1
    adrp    x1, __emergency_stack_top
    sub     x1, x1, #{RECORD_BYTES}
    stp     x2, x3, [x1, #16]
    stp     x4, x5, [x1, #32]
    stp     x6, x7, [x1, #48]
    stp     x8, x9, [x1, #64]
    stp     x10, x11, [x1, #80]
    stp     x12, x13, [x1, #96]
    stp     x14, x15, [x1, #112]
    stp     x16, x17, [x1, #128]
    stp     x18, x19, [x1, #144]
    stp     x20, x21, [x1, #160]
    stp     x22, x23, [x1, #176]
    stp     x24, x25, [x1, #192]
    stp     x26, x27, [x1, #208]
    stp     x28, x29, [x1, #224]
    mov     x2, sp
    stp     x30, x2, [x1, #240]
    mrs     x2, tpidr_el1
    mrs     x3, tpidrro_el0
    stp     x2, x3, [x1]
    mrs     x2, elr_el1
    mrs     x3, spsr_el1
    stp     x2, x3, [x1, #256]
    mrs     x2, esr_el1
    mrs     x3, far_el1
    stp     x2, x3, [x1, #272]
    str     x0, [x1, #288]
    mov     sp, x1
    adrp    x2, kernel_fault_seen
    ldr     w3, [x2, :lo12:kernel_fault_seen]
    cbnz    w3, 2f
    mov     w3, #1
    str     w3, [x2, :lo12:kernel_fault_seen]
    mov     x0, x1
    mov     x29, xzr
    bl      kernel_panic_exception
2:  wfi
    b       2b

.section .bss.kernel_fault_seen, "aw", @nobits
.balign 4
kernel_fault_seen:
    .zero   4
