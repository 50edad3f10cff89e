// SPDX-License-Identifier: MIT
// SET_PROCESS_EXCLUSION: exclusions out of bytes. Every check of abi/defender/commands.h in its order; nothing is in
// force before all have passed.
#include "notifier/command.h"
#include "notifier/exclusions.h"
#include "notifier/trace.h"

namespace wdscope::notifier {
namespace {

constexpr std::uint32_t kText = defender::kCommandTextOffset;

WCHAR unit_at(const CommandBytes& command, std::uint32_t offset) {
  WCHAR unit;
  RtlCopyMemory(&unit, command.at(offset), sizeof(unit));
  return unit;
}

// The texts up to the end or to an empty one. The last unit is NUL.
NTSTATUS read_list(const CommandBytes& command, ExclusionList* list) {
  for (std::uint32_t start = kText; start < command.size();) {
    std::uint32_t end = start;
    while (unit_at(command, end)) end += sizeof(WCHAR);
    if (end == start) return STATUS_SUCCESS;
    const NTSTATUS status = list->push(command.at(start), end - start);
    if (!NT_SUCCESS(status)) return status;
    start = end + sizeof(WCHAR);
  }
  return STATUS_SUCCESS;
}

NTSTATUS read_exclusions(const CommandBytes& command, ExclusionList* list) {
  using defender::SET_PROCESS_EXCLUSION;
  std::uint32_t text_size = 0;
  std::uint64_t text_offset = 0;
  if (!command.read(offsetof(SET_PROCESS_EXCLUSION, TextSize), &text_size) ||
      !command.read(offsetof(SET_PROCESS_EXCLUSION, TextOffset), &text_offset) ||
      command.size() != std::uint64_t{kText} + text_size || text_size % sizeof(WCHAR) != 0) {
    return STATUS_INVALID_BUFFER_SIZE;
  }
  if (text_offset != kText) return STATUS_INVALID_PARAMETER;
  if (text_size == 0) return STATUS_SUCCESS;
  if (unit_at(command, command.size() - sizeof(WCHAR)) != 0) return STATUS_INVALID_PARAMETER;
  return read_list(command, list);
}

}  // namespace

NTSTATUS set_process_exclusions(const CommandBytes& command) {
  ExclusionList list;
  NTSTATUS status = read_exclusions(command, &list);
  if (!NT_SUCCESS(status)) return status;
  status = list.exchange();
  if (!NT_SUCCESS(status)) return status;
  status = MpUpdateProcessesWithExclusions();
  // The list is in force; only processes that run now may still be judged by the old one.
  if (!NT_SUCCESS(status)) trace_error("running processes keep their exemption: status %08X", status);
  return STATUS_SUCCESS;
}

}  // namespace wdscope::notifier
