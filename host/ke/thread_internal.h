// SPDX-License-Identifier: MIT
// The life of a Thread, for ke/ alone: made before its Linux thread runs (so that its id and handle can be given out),
// adopted by that Linux thread, ended with it.
#pragma once

#include "host/ke/thread.h"

namespace wdscope::host {

Thread* make_thread();              // holds one reference, the Linux thread's own
void adopt_thread(Thread* thread);  // the calling Linux thread becomes this NT thread
void end_thread(Thread* thread);    // signals it and drops the reference
Thread* current_thread_or_null();   // does not adopt: safe in a signal handler

// The object's memory and its references.
void* allocate_thread_object();
void release_thread_object(Thread* thread);
void reference_thread_object(Thread* thread);

}  // namespace wdscope::host
