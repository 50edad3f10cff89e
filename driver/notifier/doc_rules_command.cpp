// SPDX-License-Identifier: MIT
// SET_DOC_OPEN_RULE: rules out of bytes. Every check of abi/defender/commands.h in its order; nothing is in force
// before all have passed.
#include "notifier/command.h"
#include "notifier/doc_rules.h"
#include "notifier/trace.h"

namespace wdscope::notifier {
namespace {

using defender::DOC_OPEN_RULE_ELEMENT;
using defender::SET_DOC_OPEN_RULE;

constexpr std::uint32_t kDataOffset = offsetof(SET_DOC_OPEN_RULE, RuleCount);
constexpr std::uint32_t kRulesHead = sizeof(SET_DOC_OPEN_RULE) - kDataOffset;

struct Text {
  const std::uint8_t* bytes;
  std::uint32_t size;  // with its terminator or terminators
};

// Reads rule after rule; every byte that one takes comes off the budget.
class RuleReader {
 public:
  RuleReader(const CommandBytes& command, std::uint32_t budget) : command_(command), budget_(budget) {}

  NTSTATUS read(std::uint64_t element_offset, DocRuleList* list) {
    DOC_OPEN_RULE_ELEMENT element;
    if (!command_.read(element_offset, &element)) return STATUS_INVALID_PARAMETER;
    NTSTATUS status = spend(sizeof(element));
    if (!NT_SUCCESS(status)) return status;
    Text name;
    status = read_name(element.ProcessNameOffset, &name);
    if (!NT_SUCCESS(status)) return status;
    Text extensions;
    status = read_extensions(element.ExtensionsOffset, &extensions);
    if (!NT_SUCCESS(status)) return status;
    return list->push(name.bytes, name.size, extensions.bytes, extensions.size);
  }

 private:
  NTSTATUS spend(std::uint32_t size) {
    if (size > budget_) return STATUS_BUFFER_OVERFLOW;
    budget_ -= size;
    return STATUS_SUCCESS;
  }

  bool is_nul(std::uint64_t offset) const {
    WCHAR unit = 1;
    return command_.read(offset, &unit) && unit == 0;
  }

  NTSTATUS read_name(std::uint64_t offset, Text* name) {
    if (offset == 0 || !command_.contains(offset, sizeof(WCHAR))) return STATUS_INVALID_PARAMETER;
    for (std::uint32_t size = sizeof(WCHAR); size <= defender::kMaximumDocRuleNameSize; size += sizeof(WCHAR)) {
      if (size > budget_) return STATUS_BUFFER_OVERFLOW;
      if (!is_nul(offset + size - sizeof(WCHAR))) continue;
      *name = {command_.at(offset), size};
      return spend(size);
    }
    return STATUS_INVALID_PARAMETER;
  }

  // Ends with the first pair of NUL units; an empty multi-string is that pair alone.
  NTSTATUS read_extensions(std::uint64_t offset, Text* extensions) {
    if (offset == 0 || !command_.contains(offset, 2 * sizeof(WCHAR))) return STATUS_INVALID_PARAMETER;
    for (std::uint32_t size = 2 * sizeof(WCHAR); command_.contains(offset, size); size += sizeof(WCHAR)) {
      if (size > budget_) return STATUS_BUFFER_OVERFLOW;
      if (!is_nul(offset + size - sizeof(WCHAR)) || !is_nul(offset + size - 2 * sizeof(WCHAR))) continue;
      *extensions = {command_.at(offset), size};
      return spend(size);
    }
    return STATUS_UNSUCCESSFUL;
  }

  const CommandBytes& command_;
  std::uint32_t budget_;
};

NTSTATUS read_rules(const CommandBytes& command, DocRuleList* list) {
  std::uint32_t data_size = 0;
  std::uint64_t data_offset = 0;
  if (command.size() < kDataOffset || !command.read(offsetof(SET_DOC_OPEN_RULE, DataSize), &data_size) ||
      !command.read(offsetof(SET_DOC_OPEN_RULE, DataOffset), &data_offset)) {
    return STATUS_INTEGER_OVERFLOW;
  }
  if (data_size == 0 && data_offset == 0) return STATUS_SUCCESS;
  if (data_size == 0 || data_offset != kDataOffset) return STATUS_INVALID_PARAMETER;
  SET_DOC_OPEN_RULE request;
  if (!command.read(0, &request)) return STATUS_INTEGER_OVERFLOW;
  if (data_size < kRulesHead || data_size > command.size() - kDataOffset) return STATUS_INVALID_PARAMETER;
  if (request.RuleCount == 0) return STATUS_INVALID_PARAMETER;
  const std::uint64_t array_size = std::uint64_t{request.RuleCount} * sizeof(DOC_OPEN_RULE_ELEMENT);
  if (array_size > MAXULONG) return STATUS_INTEGER_OVERFLOW;
  if (array_size > command.size() - sizeof(request)) return STATUS_INVALID_PARAMETER;
  if (request.RuleArrayOffset == 0 || !command.contains(request.RuleArrayOffset, array_size)) {
    return STATUS_INVALID_PARAMETER;
  }
  RuleReader reader(command, data_size - kRulesHead);
  for (std::uint32_t index = 0; index < request.RuleCount; ++index) {
    const NTSTATUS status =
        reader.read(request.RuleArrayOffset + std::uint64_t{index} * sizeof(DOC_OPEN_RULE_ELEMENT), list);
    if (!NT_SUCCESS(status)) return status;
  }
  return STATUS_SUCCESS;
}

}  // namespace

NTSTATUS set_doc_open_rules(const CommandBytes& command) {
  DocRuleList list;
  NTSTATUS status = read_rules(command, &list);
  if (!NT_SUCCESS(status)) return status;
  status = list.exchange();
  if (!NT_SUCCESS(status)) return status;
  status = update_doc_open_rules();
  // The rules are in force; only processes that run now may still have their old ones.
  if (!NT_SUCCESS(status)) trace_error("running processes keep their doc rules: status %08X", status);
  return STATUS_SUCCESS;
}

}  // namespace wdscope::notifier
