// SPDX-License-Identifier: MIT
// size_t wdscope_guarded_copy(void* target /*rdi*/, const void* source /*rsi*/, size_t size /*rdx*/)
// Invariant at every instruction that may fault: rcx = bytes still to copy. The fault handler moves rip: from the
// eight-byte loop to the byte loop (which finds the exact byte), from the byte loops to the end.
    .text
    .globl wdscope_guarded_copy
    .globl wdscope_guarded_copy_quads
    .globl wdscope_guarded_copy_bytes
    .globl wdscope_guarded_copy_done
    .type wdscope_guarded_copy, @function
    .p2align 4
wdscope_guarded_copy:
    .cfi_startproc
    movq %rdx, %rcx
    cmpq $512, %rcx
    jae wdscope_guarded_copy_bytes
wdscope_guarded_copy_quads:
    cmpq $8, %rcx
    jb 1f
    movq (%rsi), %rax
    movq %rax, (%rdi)
    addq $8, %rsi
    addq $8, %rdi
    subq $8, %rcx
    jmp wdscope_guarded_copy_quads
1:  testq %rcx, %rcx
    jz wdscope_guarded_copy_done
wdscope_guarded_copy_bytes:
    rep movsb
wdscope_guarded_copy_done:
    movq %rdx, %rax
    subq %rcx, %rax
    ret
    .cfi_endproc
    .size wdscope_guarded_copy, .-wdscope_guarded_copy
    .section .note.GNU-stack,"",@progbits
