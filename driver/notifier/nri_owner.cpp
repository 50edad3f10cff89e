// SPDX-License-Identifier: MIT
#include "notifier/nri_owner.h"

#include "abi/wire/notifier_tracing.h"
#include "kit/checked_copy.h"
#include "kit/irql.h"
#include "notifier/trace.h"

namespace wdscope::notifier {
namespace {

constexpr ULONG kSignature = 0x6C6C6143;      // "Call"
constexpr ULONG kRegisteredCallbacks = 0x10;  // LIST_ENTRY: empty when it leads to itself

NTSTATUS write_event(PCWSTR name, NTSTATUS status) {
  namespace tracing = wire::notifier_tracing;
  static_assert(sizeof(tracing::kProvider) == sizeof(GUID));
  REGHANDLE provider = 0;
  const NTSTATUS registered = EtwRegister(reinterpret_cast<LPCGUID>(&tracing::kProvider), nullptr, nullptr, &provider);
  if (!NT_SUCCESS(registered)) return registered;
  EVENT_DESCRIPTOR descriptor{};
  descriptor.Id = tracing::kForeignOwner;
  descriptor.Version = tracing::kVersion;
  descriptor.Level = tracing::kLevel;
  descriptor.Keyword = tracing::kKeyword;
  const tracing::ForeignOwnerEvent event = {static_cast<std::uint32_t>(status)};
  UNICODE_STRING text;
  RtlInitUnicodeString(&text, name);
  EVENT_DATA_DESCRIPTOR pieces[] = {
      {reinterpret_cast<ULONG_PTR>(&event), sizeof(event), 0},
      {reinterpret_cast<ULONG_PTR>(name), static_cast<ULONG>(text.Length + sizeof(WCHAR)), 0}};
  const NTSTATUS written = EtwWrite(provider, &descriptor, nullptr, sizeof(pieces) / sizeof(pieces[0]), pieces);
  EtwUnregister(provider);
  return written;
}

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

void report_owner(PCWSTR name, NTSTATUS status) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  trace_error(
      "refused: %ws has an owner (a live Microsoft Defender, or another notifier) or cannot be examined: "
      "status %08X",
      name, status);
  const NTSTATUS written = write_event(name, status);
  if (!NT_SUCCESS(written)) trace_error("no ETW event of that: status %08X", written);
}

}  // namespace wdscope::notifier
