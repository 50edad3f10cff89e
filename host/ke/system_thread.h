// SPDX-License-Identifier: MIT
// Threads that drivers make. They stand here and not in ps/, because a thread is the kernel's before it is anyone's.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "host/ke/thread.h"
#include "host/ob/object.h"

namespace wdscope::host {

class LoadedImage;

extern ObjectType thread_type;  // the bodies are Thread

using ThreadStart = void NTAPI (*)(void* context);

// PASSIVE_LEVEL. The thread starts in the System process at PASSIVE_LEVEL; its object is signalled when it ends.
// STATUS_INSUFFICIENT_RESOURCES when Linux has no thread to give; STATUS_NOT_SUPPORTED when `process` is not null: the
// host's threads live in System.
NTAPI NtStatus PsCreateSystemThread(Handle* handle, Ulong access, ObjectAttributes* attributes, Handle process,
                                    void* client_id, ThreadStart start, void* context);
// Ends the calling system thread; does not return. Any other thread: STATUS_INVALID_PARAMETER.
NTAPI NtStatus PsTerminateSystemThread(NtStatus status);

// Threads whose start routine is in `image` and that still run: "thread 0x40000008 (wdscope.sys!worker)".
std::vector<std::string> system_threads_of(const LoadedImage& image);

}  // namespace wdscope::host
