// SPDX-License-Identifier: MIT
// The pre-scan hook of a context: which few processes WdFilter looks at before it scans for them. Source: research
// wdfilter-research (25080), WdFilter-Research (1910). Scanning is no part of this driver: a context shows the hook's
// address, nobody calls it.
#pragma once

#include "notifier/process_context.h"

namespace wdscope::notifier {

// What a hook is to the scanner; FLT's own types stay out.
using PreScanRoutine = NTSTATUS(NTAPI*)(PVOID request);

// The three hooks: each leaves the request to the ordinary scan.
NTSTATUS NTAPI MpPreScanCsrss(PVOID request);
NTSTATUS NTAPI MpPreScanCryptSvc(PVOID request);
NTSTATUS NTAPI MpPreScanSystem(PVOID request);

// PASSIVE_LEVEL, no lock held, the caller holds a reference on the context. 1910: csrss alone. Later: by known process
// type. csrss is hooked once, in session 0: its full path must be the stored one; a token that cannot be asked hooks
// this process without remembering it.
void MpSetProcessPreScanHook(PEPROCESS process, MP_PROCESS_CONTEXT* context, PCUNICODE_STRING image_name);
void MpSetProcessPreScanFilterRoutine(PEPROCESS process, MP_PROCESS_CONTEXT* context, PCUNICODE_STRING image_name);
// The one of the build.
void set_pre_scan(PEPROCESS process, MP_PROCESS_CONTEXT* context, PCUNICODE_STRING image_name);

// Frees csrss's hook data; nothing happens when it was never made. PASSIVE_LEVEL, no process routine may run any more.
void stop_pre_scan();

}  // namespace wdscope::notifier
