// SPDX-License-Identifier: MIT
// size_t wdscope_guarded_copy(void* target /*rcx*/, const void* source /*rdx*/, size_t size /*r8*/), NT's convention:
// MmCopyMemory calls it without saving what it does not touch.
// Invariant at every instruction that may fault: r9 = bytes still to copy, rdx and rcx where they go on. The fault
// handler moves rip: from the wide copies to the byte loop (which finds the exact byte), from there to the end.

// All that is left, \size bytes to twice as many, as its first and its last \size: both read before either is written.
    .macro COPY_ENDS size, move, first, last
    \move (%rdx), \first
    \move -\size(%rdx,%r9), \last
    \move \first, (%rcx)
    \move \last, -\size(%rcx,%r9)
    movq %r8, %rax
    ret
    .endm

    .text
    .globl wdscope_guarded_copy
    .globl wdscope_guarded_copy_wide
    .globl wdscope_guarded_copy_bytes
    .globl wdscope_guarded_copy_done
    .type wdscope_guarded_copy, @function
    .p2align 4
wdscope_guarded_copy:
    .cfi_startproc
    movq %r8, %r9
wdscope_guarded_copy_wide:
    cmpq $16, %r9
    jb 5f
    cmpq $32, %r9
    jbe 3f
    cmpq $64, %r9
    jbe 2f
    .p2align 4
1:  movups (%rdx), %xmm0
    movups 16(%rdx), %xmm1
    movups 32(%rdx), %xmm2
    movups 48(%rdx), %xmm3
    movups %xmm0, (%rcx)
    movups %xmm1, 16(%rcx)
    movups %xmm2, 32(%rcx)
    movups %xmm3, 48(%rcx)
    addq $64, %rdx
    addq $64, %rcx
    subq $64, %r9
    cmpq $64, %r9
    ja 1b
    cmpq $32, %r9
    jbe 3f
2:  movups (%rdx), %xmm0
    movups 16(%rdx), %xmm1
    movups %xmm0, (%rcx)
    movups %xmm1, 16(%rcx)
    addq $32, %rdx
    addq $32, %rcx
    subq $32, %r9
3:  cmpq $16, %r9
    jb 4f
    COPY_ENDS 16, movups, %xmm0, %xmm1
4:  movups -16(%rdx,%r9), %xmm0 // what is left, together with some of what was copied before it
    movups %xmm0, -16(%rcx,%r9)
    movq %r8, %rax
    ret
5:  cmpq $8, %r9
    jb 6f
    COPY_ENDS 8, movq, %rax, %r10
6:  cmpq $4, %r9
    jb 7f
    COPY_ENDS 4, movl, %eax, %r10d
7:  testq %r9, %r9
    jz wdscope_guarded_copy_done
wdscope_guarded_copy_bytes:
    movb (%rdx), %al
    movb %al, (%rcx)
    incq %rdx
    incq %rcx
    decq %r9
    jnz wdscope_guarded_copy_bytes
wdscope_guarded_copy_done:
    movq %r8, %rax
    subq %r9, %rax
    ret
    .cfi_endproc
    .size wdscope_guarded_copy, .-wdscope_guarded_copy
    .section .note.GNU-stack,"",@progbits
