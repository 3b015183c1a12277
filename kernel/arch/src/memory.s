// The functions that the compiler calls to copy, fill and compare large values. The library's own are faster for long
// ranges, but their loops have no bound that a tool could find. Memory is mapped normal and the alignment check is off,
// so words need no alignment.
//
// A loop's record says how many bytes of the length in x2 each turn takes: kernel-bounds.

.macro each_turn at, bytes
    .pushsection .tinyos.bounds, "", @progbits
    .quad   \at, (1 << 63) | \bytes
    .popsection
.endm

.section .text.memory, "ax"

// x0 = to, x1 = from, x2 = length; the ranges do not overlap. Returns x0; clobbers x1-x5.
.balign 16
.global memcpy
memcpy:
    mov     x3, x0
    subs    x2, x2, #16
    b.lo    2f
1:  ldp     x4, x5, [x1], #16
    each_turn 1b, 16
    stp     x4, x5, [x3], #16
    subs    x2, x2, #16
    b.hs    1b
2:  tbz     x2, #3, 3f              // the low bits are those of the length
    ldr     x4, [x1], #8
    str     x4, [x3], #8
3:  tbz     x2, #2, 4f
    ldr     w4, [x1], #4
    str     w4, [x3], #4
4:  tbz     x2, #1, 5f
    ldrh    w4, [x1], #2
    strh    w4, [x3], #2
5:  tbz     x2, #0, 6f
    ldrb    w4, [x1]
    strb    w4, [x3]
6:  ret

// x0 = to, w1 = byte, x2 = length. Returns x0; clobbers x1-x3.
.balign 16
.global memset
memset:
    mov     x3, x0
    and     x1, x1, #0xff
    orr     x1, x1, x1, lsl #8
    orr     x1, x1, x1, lsl #16
    orr     x1, x1, x1, lsl #32
    subs    x2, x2, #16
    b.lo    2f
1:  stp     x1, x1, [x3], #16
    each_turn 1b, 16
    subs    x2, x2, #16
    b.hs    1b
2:  tbz     x2, #3, 3f
    str     x1, [x3], #8
3:  tbz     x2, #2, 4f
    str     w1, [x3], #4
4:  tbz     x2, #1, 5f
    strh    w1, [x3], #2
5:  tbz     x2, #0, 6f
    strb    w1, [x3]
6:  ret

// x0, x1 = ranges, x2 = length. Returns below, at or above 0 in w0; clobbers x1-x4.
.balign 16
.global memcmp
.global bcmp
memcmp:
bcmp:
    subs    x2, x2, #8
    b.lo    2f
1:  ldr     x3, [x0], #8
    each_turn 1b, 8
    ldr     x4, [x1], #8
    cmp     x3, x4
    b.ne    5f
    subs    x2, x2, #8
    b.hs    1b
2:  and     x2, x2, #7
    cbz     x2, 4f
3:  ldrb    w3, [x0], #1
    .pushsection .tinyos.bounds, "", @progbits
    .quad   3b, 7
    .popsection
    ldrb    w4, [x1], #1
    cmp     w3, w4
    b.ne    6f
    subs    x2, x2, #1
    b.ne    3b
4:  mov     w0, wzr
    ret
5:  rev     x3, x3                  // the first byte that differs decides
    rev     x4, x4
    cmp     x3, x4
6:  cset    w0, hi
    csinv   w0, w0, wzr, hs
    ret
