// SPDX-License-Identifier: MIT
// size_t wdscope_guarded_copy(void* target /*rdi*/, const void* source /*rsi*/, size_t size /*rdx*/)
// Invariant at every instruction that may fault: rcx = bytes still to copy, rsi and rdi where they go on. The fault
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
    movq %rdx, %rcx
wdscope_guarded_copy_wide:
    subq $64, %rcx
    jb 2f
    .p2align 4
1:  addq $64, %rcx
    movups (%rsi), %xmm0
    movups 16(%rsi), %xmm1
    movups 32(%rsi), %xmm2
    movups 48(%rsi), %xmm3
    movups %xmm0, (%rdi)
    movups %xmm1, 16(%rdi)
    movups %xmm2, 32(%rdi)
    movups %xmm3, 48(%rdi)
    addq $64, %rsi
    addq $64, %rdi
    subq $128, %rcx
    jae 1b
2:  addq $64, %rcx
3:  cmpq $8, %rcx
    jb 4f
    movq (%rsi), %rax
    movq %rax, (%rdi)
    addq $8, %rsi
    addq $8, %rdi
    subq $8, %rcx
    jmp 3b
4:  testq %rcx, %rcx
    jz wdscope_guarded_copy_done
wdscope_guarded_copy_bytes:
    movb (%rsi), %al
    movb %al, (%rdi)
    incq %rsi
    incq %rdi
    decq %rcx
    jnz wdscope_guarded_copy_bytes
wdscope_guarded_copy_done:
    movq %rdx, %rax
    subq %rcx, %rax
    ret
    .cfi_endproc
    .size wdscope_guarded_copy, .-wdscope_guarded_copy
    .section .note.GNU-stack,"",@progbits
