// Applies what the rules decided (kernel-core, decision.rs): x0 = ctl, x1 = val.
//
// | register | holds |
// |---|---|
// | x0, x1 | the decision, until the next thread's registers are loaded |
// | x4 | table of threads |
// | x6 | number of the thread in question |
// | x7 | the thread in question |
// | x8-x15 | scratch |
// | x19-x30 | the program's after a system call or interrupt |
// | x20-x27 | the live message |

.section .text.switch, "ax"

// After a system call. What is frequent comes first: deliver, switch.
.balign 64
apply_call:
    threads x4
    tbz     x0, #DELIVER_BIT, 1f
    ubfx    x6, x0, #DELIVER_SHIFT, #8
    add     x6, x4, x6, lsl #9
    stp     x20, x21, [x6, #X0 + 160]
    stp     x22, x23, [x6, #X0 + 176]
    stp     x24, x25, [x6, #X0 + 192]
    stp     x26, x27, [x6, #X0 + 208]
1:  tbz     x0, #SWITCH_BIT, apply_in_place

    // Save what a call preserves.
    ldr     x7, [sp, #CURRENT]
    ldr     x30, [sp, #LINK]
    mrs     x8, sp_el0
    mrs     x9, elr_el1
    mrs     x10, tpidr_el0
    stp     x19, x20, [x7, #X0 + 152]
    stp     x21, x22, [x7, #X0 + 168]
    stp     x23, x24, [x7, #X0 + 184]
    stp     x25, x26, [x7, #X0 + 200]
    stp     x27, x28, [x7, #X0 + 216]
    stp     x29, x30, [x7, #X0 + 232]
    stp     x8, x9, [x7, #SP_PC]
    stp     xzr, x10, [x7, #PSR_TPIDR]
    str     xzr, [x7, #KIND]

// Runs the next thread; the current one is saved.
load_next:
    ubfx    x6, x0, #NEXT_SHIFT, #8
    msr     cntp_cval_el0, x1
    add     x7, x4, x6, lsl #9
    str     x7, [sp, #CURRENT]
    cbz     x6, idle_enter
    ldp     x8, x9, [x7, #SPACE_CPACR]
    tbz     x0, #SPACE_BIT, 1f
    msr     ttbr0_el1, x8
1:  msr     cpacr_el1, x9
    tbnz    x9, #20, load_fp
2:  ldr     x12, [x7, #KIND]
    cbnz    x12, load_full
    ldp     x8, x9, [x7, #SP_PC]
    ldp     x10, x11, [x7, #PSR_TPIDR]
    msr     sp_el0, x8
    msr     elr_el1, x9
    msr     spsr_el1, xzr
    msr     tpidr_el0, x11
    ldp     x19, x20, [x7, #X0 + 152]
    ldp     x21, x22, [x7, #X0 + 168]
    ldp     x23, x24, [x7, #X0 + 184]
    ldp     x25, x26, [x7, #X0 + 200]
    ldp     x27, x28, [x7, #X0 + 216]
    ldp     x29, x30, [x7, #X0 + 232]
    ldp     x0, x1, [x7, #X0]
    ldp     x2, x3, [x7, #X0 + 16]
    measure
    clear_scratch
    leave

// The thread at x7 goes on with all its registers.
load_full:
    measure
    ldp     x8, x9, [x7, #SP_PC]
    ldp     x10, x11, [x7, #PSR_TPIDR]
    msr     sp_el0, x8
    msr     elr_el1, x9
    msr     spsr_el1, x10
    msr     tpidr_el0, x11
    ldp     x0, x1, [x7, #X0]
    ldp     x2, x3, [x7, #X0 + 16]
    ldp     x4, x5, [x7, #X0 + 32]
    ldp     x8, x9, [x7, #X0 + 64]
    ldp     x10, x11, [x7, #X0 + 80]
    ldp     x12, x13, [x7, #X0 + 96]
    ldp     x14, x15, [x7, #X0 + 112]
    ldp     x16, x17, [x7, #X0 + 128]
    ldp     x18, x19, [x7, #X0 + 144]
    ldp     x20, x21, [x7, #X0 + 160]
    ldp     x22, x23, [x7, #X0 + 176]
    ldp     x24, x25, [x7, #X0 + 192]
    ldp     x26, x27, [x7, #X0 + 208]
    ldp     x28, x29, [x7, #X0 + 224]
    ldr     x30, [x7, #X30]
    ldp     x6, x7, [x7, #X0 + 48]
    leave

// The next thread uses floating point: unless its registers are still loaded, change them.
.arch_extension fp
.arch_extension simd
load_fp:
    ldr     x10, [sp, #FP_OWNER]
    cmp     x10, x6
    b.eq    2b
    str     x6, [sp, #FP_OWNER]
    isb                             // after CPACR_EL1
    adrp    x11, fp_areas
    add     x11, x11, :lo12:fp_areas
    mov     w12, #{FP_AREA_BYTES}
    cbz     x10, 1f
    madd    x13, x10, x12, x11
    stp     q0, q1, [x13]
    stp     q2, q3, [x13, #32]
    stp     q4, q5, [x13, #64]
    stp     q6, q7, [x13, #96]
    stp     q8, q9, [x13, #128]
    stp     q10, q11, [x13, #160]
    stp     q12, q13, [x13, #192]
    stp     q14, q15, [x13, #224]
    stp     q16, q17, [x13, #256]
    stp     q18, q19, [x13, #288]
    stp     q20, q21, [x13, #320]
    stp     q22, q23, [x13, #352]
    stp     q24, q25, [x13, #384]
    stp     q26, q27, [x13, #416]
    stp     q28, q29, [x13, #448]
    stp     q30, q31, [x13, #480]
    mrs     x14, fpcr
    mrs     x15, fpsr
    str     x14, [x13, #512]
    str     x15, [x13, #520]
1:  madd    x13, x6, x12, x11
    ldp     q0, q1, [x13]
    ldp     q2, q3, [x13, #32]
    ldp     q4, q5, [x13, #64]
    ldp     q6, q7, [x13, #96]
    ldp     q8, q9, [x13, #128]
    ldp     q10, q11, [x13, #160]
    ldp     q12, q13, [x13, #192]
    ldp     q14, q15, [x13, #224]
    ldp     q16, q17, [x13, #256]
    ldp     q18, q19, [x13, #288]
    ldp     q20, q21, [x13, #320]
    ldp     q22, q23, [x13, #352]
    ldp     q24, q25, [x13, #384]
    ldp     q26, q27, [x13, #416]
    ldp     q28, q29, [x13, #448]
    ldp     q30, q31, [x13, #480]
    ldr     x14, [x13, #512]
    ldr     x15, [x13, #520]
    msr     fpcr, x14
    msr     fpsr, x15
    b       2b
.arch_extension nosimd
.arch_extension nofp

// The rest of the decisions after a system call: the caller goes on.
apply_in_place:
    tbz     x0, #FETCH_BIT, 1f
    ubfx    x6, x0, #FETCH_SHIFT, #8
    add     x6, x4, x6, lsl #9
    ldp     x20, x21, [x6, #X0 + 160]
    ldp     x22, x23, [x6, #X0 + 176]
    ldp     x24, x25, [x6, #X0 + 192]
    ldp     x26, x27, [x6, #X0 + 208]
1:  tbz     x0, #TIMER_BIT, 2f
    msr     cntp_cval_el0, x1
2:  tbnz    x0, #AGAIN_BIT, call_again
    tbnz    x0, #HALT_BIT, apply_halt
    tbnz    x0, #RESULTS_BIT, 3f
    and     x0, x0, #0xff
    b       call_leave
3:  measure
    ldr     x7, [sp, #CURRENT]
    ldp     x0, x1, [x7, #X0]
    ldp     x2, x3, [x7, #X0 + 16]
    b       call_leave_with_results

// The rules stop the machine.
apply_halt:
    mov     x0, x1
    b       kernel_panic_halt

// After an interrupt: another thread runs.
.balign 64
switch_from_interrupt:
    ldr     x7, [sp, #CURRENT]
    store_rest
    threads x4
    b       load_next

// After an interrupt: the same thread goes on.
interrupt_leave:
    tbnz    x0, #HALT_BIT, apply_halt
    tbz     x0, #TIMER_BIT, 1f
    msr     cntp_cval_el0, x1
1:  measure
    ldr     x30, [sp, #CURRENT]
    ldp     x0, x1, [x30, #X0]
    ldp     x2, x3, [x30, #X0 + 16]
    ldp     x4, x5, [x30, #X0 + 32]
    ldp     x6, x7, [x30, #X0 + 48]
    ldp     x8, x9, [x30, #X0 + 64]
    ldp     x10, x11, [x30, #X0 + 80]
    ldp     x12, x13, [x30, #X0 + 96]
    ldp     x14, x15, [x30, #X0 + 112]
    ldp     x16, x17, [x30, #X0 + 128]
    ldr     x18, [x30, #X0 + 144]
    ldr     x30, [sp, #LINK]
    leave

// No thread is ready: wait with interrupts masked, then decide at once. The idle thread has no registers, so x19-x21
// are the kernel's here.
idle_enter:
    measure
    ldr     x19, [sp, #BCM]
    mov     x20, #{PATH_IDLE}
// With no deadline at all (2^56 - 1) the timer is off: an emulator whose clock jumps over idle time would jump there.
idle_arm:
    mrs     x8, cntp_cval_el0
    lsr     x8, x8, #55
    eor     x8, x8, #1
    msr     cntp_ctl_el0, x8
.global idle_wait
idle_wait:
    dsb     sy
    wfi
    isb
    mrs     x21, pmccntr_el0
    stp     x21, x20, [sp, #START]
    mov     x8, #1
    msr     cntp_ctl_el0, x8
    add     x0, sp, #MACHINE
    mrs     x1, cntpct_el0
    mov     x2, sp
    cbnz    x19, 1f
    bl      irq_gic
    b       2f
1:  bl      irq_bcm
2:  threads x4
    tbnz    x0, #SWITCH_BIT, load_next
    tbnz    x0, #HALT_BIT, apply_halt
    tbz     x0, #TIMER_BIT, 3f
    msr     cntp_cval_el0, x1
3:  measure
    b       idle_arm

// Runs the first thread: x0, x1 = decision. The boot stack is dropped.
.global enter_first_thread
enter_first_thread:
    adrp    x2, core_block
    add     x2, x2, :lo12:core_block
    mov     sp, x2
    mrs     x2, pmccntr_el0
    mov     x3, #{PATH_IDLE}
    stp     x2, x3, [sp, #START]
    threads x4
    b       load_next
