// SPDX-License-Identifier: MIT
#include "notifier/counted_string.h"

#include "notifier/pool_tag.h"

namespace wdscope::notifier {

PUNICODE_STRING duplicate_string(const UNICODE_STRING& source) {
  const SIZE_T size = sizeof(UNICODE_STRING) + source.Length + sizeof(WCHAR);
  auto* const copy = static_cast<PUNICODE_STRING>(ExAllocatePoolWithTag(PagedPool, size, pool_tag::kString));
  if (!copy) return nullptr;
  auto* const text = reinterpret_cast<UCHAR*>(copy + 1);
  RtlCopyMemory(text, source.Buffer, source.Length);
  RtlZeroMemory(text + source.Length, sizeof(WCHAR));
  const ULONG maximum = ULONG{source.Length} + sizeof(WCHAR);
  copy->Length = source.Length;
  copy->MaximumLength = static_cast<USHORT>(maximum > MAXUSHORT ? source.Length : maximum);
  copy->Buffer = reinterpret_cast<PWSTR>(text);
  return copy;
}

void free_string(PUNICODE_STRING string) {
  if (string) ExFreePoolWithTag(string, pool_tag::kString);
}

}  // namespace wdscope::notifier
