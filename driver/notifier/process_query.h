// SPDX-License-Identifier: MIT
// What NT tells of a process through a handle, for classes that the DDK headers do not name.
#pragma once

#include "kit/nt.h"

namespace wdscope::notifier {

enum class ProcessQuery : ULONG {
  SessionId = 0x18,
  ImageFileName = 0x1B,
  ImageFileNameWin32 = 0x2B,
  CommandLine = 0x3C,
  Protection = 0x3D,
  Subsystem = 0x4B,
};

// PASSIVE_LEVEL. `string` gets a block of tag "Mpus" that free_string() frees; its length may be 0.
[[nodiscard]] NTSTATUS query_process_string(HANDLE process, ProcessQuery what, PUNICODE_STRING* string);

// PASSIVE_LEVEL. T must be exactly as long as NT's answer.
template <class T>
[[nodiscard]] NTSTATUS query_process_value(HANDLE process, ProcessQuery what, T* value) {
  T answer = {};
  const NTSTATUS status =
      ZwQueryInformationProcess(process, static_cast<PROCESSINFOCLASS>(what), &answer, sizeof(answer), nullptr);
  if (NT_SUCCESS(status)) *value = answer;
  return status;
}

}  // namespace wdscope::notifier
