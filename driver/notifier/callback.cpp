// SPDX-License-Identifier: MIT
#include "notifier/callback.h"

#include "abi/defender/callback_names.h"
#include "kit/checked_copy.h"

namespace wdscope::notifier {
namespace {

constexpr ULONG kSignature = 0x6C6C6143;      // "Call"
constexpr ULONG kRegisteredCallbacks = 0x10;  // LIST_ENTRY: empty when it leads to itself

}  // namespace

NTSTATUS MpCreateCallback(PCALLBACK_OBJECT* object, PCWSTR name) {
  UNICODE_STRING text;
  RtlInitUnicodeString(&text, name);
  OBJECT_ATTRIBUTES attributes;
  InitializeObjectAttributes(&attributes, &text, defender::kCallbackAttributes, nullptr, nullptr);
  PCALLBACK_OBJECT created = nullptr;
  const NTSTATUS status = ExCreateCallback(&created, &attributes, TRUE, TRUE);
  if (!NT_SUCCESS(status)) return status;
  if (!created) return STATUS_UNSUCCESSFUL;
  *object = created;
  return STATUS_SUCCESS;
}

NTSTATUS MpRegisterCallback(PCALLBACK_OBJECT object, PCALLBACK_FUNCTION function, PVOID context, PVOID* registration) {
  if (!object || !function || !registration) return STATUS_INVALID_PARAMETER;
  PVOID const registered = ExRegisterCallback(object, function, context);
  if (!registered) return STATUS_UNSUCCESSFUL;
  *registration = registered;
  return STATUS_SUCCESS;
}

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
