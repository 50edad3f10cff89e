// SPDX-License-Identifier: MIT
// A kernel handle and an object reference, owned.
#pragma once

#include "kit/nt.h"

namespace wdscope::notifier {

class KernelHandle {
 public:
  KernelHandle() = default;
  KernelHandle(const KernelHandle&) = delete;
  KernelHandle& operator=(const KernelHandle&) = delete;
  ~KernelHandle() {
    if (handle_) ZwClose(handle_);
  }
  HANDLE get() const { return handle_; }
  HANDLE* put() { return &handle_; }

 private:
  HANDLE handle_ = nullptr;
};

// PASSIVE_LEVEL. A handle with full access to a process; ObOpenObjectByPointer's status.
[[nodiscard]] inline NTSTATUS open_process(PEPROCESS process, KernelHandle* handle) {
  return ObOpenObjectByPointer(process, OBJ_KERNEL_HANDLE, nullptr, PROCESS_ALL_ACCESS, *PsProcessType, KernelMode,
                               handle->put());
}

// One reference on a process.
class ProcessReference {
 public:
  ProcessReference() = default;
  ProcessReference(const ProcessReference&) = delete;
  ProcessReference& operator=(const ProcessReference&) = delete;
  ~ProcessReference() {
    if (process_) ObDereferenceObject(process_);
  }
  PEPROCESS get() const { return process_; }
  PEPROCESS* put() { return &process_; }

 private:
  PEPROCESS process_ = nullptr;
};

}  // namespace wdscope::notifier
