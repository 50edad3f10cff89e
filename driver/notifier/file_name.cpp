// SPDX-License-Identifier: MIT
#include "notifier/file_name.h"

// The filter manager's only routine here; mingw has no header for it.
extern "C" NTSTATUS NTAPI FltParseFileName(PCUNICODE_STRING FileName, PUNICODE_STRING Extension, PUNICODE_STRING Stream,
                                           PUNICODE_STRING FinalComponent);

namespace wdscope::notifier {

NTSTATUS final_component(PCUNICODE_STRING path, UNICODE_STRING* file_name) {
  UNICODE_STRING found = {};
  const NTSTATUS status = FltParseFileName(path, nullptr, nullptr, &found);
  if (NT_SUCCESS(status)) *file_name = found;
  return status;
}

}  // namespace wdscope::notifier
