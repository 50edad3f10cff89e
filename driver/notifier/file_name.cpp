// SPDX-License-Identifier: MIT
#include "notifier/file_name.h"

#include <cstddef>
#include <cstdint>

// mingw has no header for them.
extern "C" NTSTATUS NTAPI FltParseFileName(PCUNICODE_STRING FileName, PUNICODE_STRING Extension, PUNICODE_STRING Stream,
                                           PUNICODE_STRING FinalComponent);
extern "C" NTKERNELAPI WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR SourceCharacter);

namespace wdscope::notifier {
namespace {

constexpr WCHAR kAsciiEnd = 0x80;

constexpr WCHAR upcase_ascii(WCHAR unit) {
  return unit >= L'a' && unit <= L'z' ? static_cast<WCHAR>(unit - L'a' + L'A') : unit;
}

// Four units at once.
std::uint64_t units_at(const WCHAR* text) {
  std::uint64_t units;
  __builtin_memcpy(&units, text, sizeof(units));
  return units;
}

}  // namespace

NTSTATUS final_component(PCUNICODE_STRING path, UNICODE_STRING* file_name) {
  UNICODE_STRING found = {};
  const NTSTATUS status = FltParseFileName(path, nullptr, nullptr, &found);
  if (NT_SUCCESS(status)) *file_name = found;
  return status;
}

WCHAR upcase(WCHAR unit) {
  return unit < kAsciiEnd ? upcase_ascii(unit) : RtlUpcaseUnicodeChar(unit);
}

bool equal_texts(const WCHAR* one, const WCHAR* other, USHORT length) {
  constexpr std::size_t kStep = sizeof(std::uint64_t) / sizeof(WCHAR);
  std::size_t left = length / sizeof(WCHAR);
  while (left >= kStep && units_at(one + left - kStep) == units_at(other + left - kStep)) left -= kStep;
  while (left != 0) {
    --left;
    const WCHAR unit = one[left], other_unit = other[left];
    if (unit == other_unit) continue;
    if (unit >= kAsciiEnd || other_unit >= kAsciiEnd) {
      // Case beyond ASCII is for NT's table to say.
      const USHORT rest = static_cast<USHORT>((left + 1) * sizeof(WCHAR));
      const UNICODE_STRING head = {rest, rest, const_cast<PWSTR>(one)};
      const UNICODE_STRING other_head = {rest, rest, const_cast<PWSTR>(other)};
      return RtlEqualUnicodeString(&head, &other_head, TRUE);
    }
    if (upcase_ascii(unit) != upcase_ascii(other_unit)) return false;
  }
  return true;
}

}  // namespace wdscope::notifier
