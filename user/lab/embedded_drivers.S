// SPDX-License-Identifier: MIT
// The drivers as they ship, inside this program. WDSCOPE_SYS_* are their paths, given by the build.
    .section .rodata.wdscope_drivers, "a"

    .balign 16
    .global wdscope_notifier_begin
    .global wdscope_notifier_end
wdscope_notifier_begin:
    .incbin WDSCOPE_SYS_NOTIFIER
wdscope_notifier_end:

    .balign 16
    .global wdscope_observer_begin
    .global wdscope_observer_end
wdscope_observer_begin:
    .incbin WDSCOPE_SYS_OBSERVER
wdscope_observer_end:

    .balign 16
    .global wdscope_nis_begin
    .global wdscope_nis_end
wdscope_nis_begin:
    .incbin WDSCOPE_SYS_NIS
wdscope_nis_end:

    .section .note.GNU-stack, "", @progbits
