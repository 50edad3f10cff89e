// SPDX-License-Identifier: MIT
#include "notifier/path.h"

#include "kit/irql.h"
#include "kit/kernel_string.h"
#include "kit/pool.h"
#include "notifier/mp_data.h"

namespace wdscope::notifier {
namespace {

constexpr SIZE_T kLongest = 0xFFFC;
constexpr char16_t kSystem32[] = u"\\System32\\";

PUNICODE_STRING join(const UNICODE_STRING& first, const UNICODE_STRING& second, const UNICODE_STRING& third,
                     ULONG tag) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  const SIZE_T length = SIZE_T{first.Length} + second.Length + third.Length;
  if (length > kLongest) return nullptr;
  auto* const path = static_cast<PUNICODE_STRING>(
      kit::allocate_zeroed(kit::Pool::Paged, sizeof(UNICODE_STRING) + length + sizeof(WCHAR), tag));
  if (!path) return nullptr;
  auto* const text = reinterpret_cast<UCHAR*>(path + 1);
  SIZE_T end = 0;
  for (const UNICODE_STRING* part : {&first, &second, &third}) {
    if (part->Length == 0) continue;  // an empty one may have no buffer
    RtlCopyMemory(text + end, part->Buffer, part->Length);
    end += part->Length;
  }
  *path = {static_cast<USHORT>(length), static_cast<USHORT>(length + sizeof(WCHAR)), reinterpret_cast<PWSTR>(text)};
  return path;
}

}  // namespace

PUNICODE_STRING system_root_path(const UNICODE_STRING& below, ULONG tag) {
  return join(MpParameters.system_root.view(), below, UNICODE_STRING{}, tag);
}

PUNICODE_STRING system32_path(const UNICODE_STRING& name, ULONG tag) {
  return join(MpParameters.system_root.view(), kit::counted(kSystem32), name, tag);
}

USHORT system32_length() {
  return static_cast<USHORT>(MpParameters.system_root.view().Length + kit::counted(kSystem32).Length);
}

PUNICODE_STRING product_path(ULONG tag) {
  return join(MpParameters.product_path.view(), kit::counted(u"\\MpCmdRun.exe"), UNICODE_STRING{}, tag);
}

}  // namespace wdscope::notifier
