// SPDX-License-Identifier: MIT
// size_t wdscope_guarded_copy(void* target /*rcx*/, const void* source /*rdx*/, size_t size /*r8*/), NT's convention:
// MmCopyMemory calls it without saving what it does not touch.
// Invariant at every instruction that may fault: r9 = bytes still to copy, rdx and rcx where they go on. The fault
// handler moves rip: from the wide loops to the byte loop (which finds the exact byte), from there to the end.
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
    cmpq $64, %r9
    jb 2f
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
    jae 1b
2:  cmpq $16, %r9
    jb 3f
    movups (%rdx), %xmm0
    movups %xmm0, (%rcx)
    addq $16, %rdx
    addq $16, %rcx
    subq $16, %r9
    jmp 2b
3:  testq %r9, %r9
    jz wdscope_guarded_copy_done
    cmpq $16, %r8
    jb 4f
    movups -16(%rdx,%r9), %xmm0 // what is left, together with some of what was copied before it
    movups %xmm0, -16(%rcx,%r9)
    xorl %r9d, %r9d
    jmp wdscope_guarded_copy_done
4:  cmpq $8, %r9
    jb 5f
    movq (%rdx), %rax
    movq -8(%rdx,%r9), %r10
    movq %rax, (%rcx)
    movq %r10, -8(%rcx,%r9)
    xorl %r9d, %r9d
    jmp wdscope_guarded_copy_done
5:  cmpq $4, %r9
    jb wdscope_guarded_copy_bytes
    movl (%rdx), %eax
    movl -4(%rdx,%r9), %r10d
    movl %eax, (%rcx)
    movl %r10d, -4(%rcx,%r9)
    xorl %r9d, %r9d
    jmp wdscope_guarded_copy_done
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
