// SPDX-License-Identifier: MIT
#include <cstdlib>

#include "host/ke/system_thread.h"
#include "host/ke/thread_internal.h"
#include "host/ob/object.h"

namespace wdscope::host {

constexpr Ulong kThreadTag = 0x6572'6854;  // "Thre"

ObjectType thread_type = {"Thread", {0x20048, 0x20037, 0x20000, 0x1F03FF}, 0, nullptr, nullptr};

void* allocate_thread_object() {
  void* const thread = create_object(thread_type, sizeof(Thread), kThreadTag);
  if (!thread) std::abort();  // a Linux thread without an NT thread cannot run one more instruction of a driver
  return thread;
}

void release_thread_object(Thread* thread) {
  dereference_object(thread);
}
void reference_thread_object(Thread* thread) {
  reference_object(thread);
}

}  // namespace wdscope::host
