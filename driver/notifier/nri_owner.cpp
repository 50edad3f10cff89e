// SPDX-License-Identifier: MIT
#include "notifier/nri_owner.h"

#include "kit/checked_copy.h"

namespace wdscope::notifier {
namespace {

constexpr ULONG kSignature = 0x6C6C6143;      // "Call"
constexpr ULONG kRegisteredCallbacks = 0x10;  // LIST_ENTRY: empty when it leads to itself

}  // namespace

NTSTATUS require_no_owner(PCALLBACK_OBJECT object) {
  const auto address = static_cast<std::uint64_t>(reinterpret_cast<ULONG_PTR>(object));
  ULONG signature = 0;
  NTSTATUS status = kit::checked_read(kit::ForeignAddress{address}, signature);
  if (!NT_SUCCESS(status)) return status;
  if (signature != kSignature) return STATUS_REVISION_MISMATCH;
  std::uint64_t first = 0;
  status = kit::checked_read(kit::ForeignAddress{address + kRegisteredCallbacks}, first);
  if (!NT_SUCCESS(status)) return status;
  return first == address + kRegisteredCallbacks ? STATUS_SUCCESS : STATUS_ALREADY_REGISTERED;
}

}  // namespace wdscope::notifier
