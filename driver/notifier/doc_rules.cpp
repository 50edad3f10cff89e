// SPDX-License-Identifier: MIT
#include "notifier/doc_rules.h"

#include <utility>

#include "kit/irql.h"
#include "kit/pool.h"
#include "notifier/counted_string.h"
#include "notifier/file_name.h"
#include "notifier/lookaside.h"
#include "notifier/name_marks.h"
#include "notifier/pool_tag.h"
#include "notifier/process_context_list.h"
#include "notifier/trace.h"

namespace wdscope::notifier {

MP_DOC_OPEN_RULES* MpBmDocOpenRules;

namespace {

using defender::KernelAddress;

PERESOURCE doc_rule_lock() {
  return reinterpret_cast<PERESOURCE>(MpBmDocOpenRules->Lock.bytes);
}

PPAGED_LOOKASIDE_LIST rule_lookaside() {
  return reinterpret_cast<PPAGED_LOOKASIDE_LIST>(MpBmDocOpenRules->RuleLookaside.bytes);
}

MarkedEntries marked_rules;  // the list in force, under its lock

std::atomic_ref<KernelAddress> rules_head() {
  return std::atomic_ref<KernelAddress>(MpBmDocOpenRules->Head);
}

// Changes under the table lock.
std::atomic_ref<KernelAddress> rule_in(MP_PROCESS_CONTEXT* context) {
  return std::atomic_ref<KernelAddress>(context->DocRule);
}

MP_DOC_OPEN_RULE* rule_of(KernelAddress next_member) {
  return CONTAINING_RECORD(as_pointer<KernelAddress>(next_member), MP_DOC_OPEN_RULE, Next);
}

void release_doc_open_rules(KernelAddress head) {
  while (head) {
    MP_DOC_OPEN_RULE* const rule = rule_of(head);
    head = rule->Next;
    release_doc_open_rule(rule);
  }
}

// The name's text ends with its first NUL, which is always there.
UNICODE_STRING name_of(MP_DOC_OPEN_RULE* rule) {
  UNICODE_STRING name;
  RtlInitUnicodeString(&name, reinterpret_cast<PWSTR>(rule->ProcessName));
  return name;
}

// The doc-rule lock is held.
MP_DOC_OPEN_RULE* find_rule(const UNICODE_STRING& file_name) {
  if (marked_rules.empty()) return nullptr;
  NameMarks marks;
  marks.add(file_name);
  const KernelAddress next_member = marked_rules.first(
      marks, [&](KernelAddress candidate) { return equal_names(name_of(rule_of(candidate)), file_name); });
  return next_member ? rule_of(next_member) : nullptr;
}

NTSTATUS mark_rules(KernelAddress head, MarkedEntries* marks) {
  std::uint32_t count = 0;
  for (KernelAddress at = head; at; at = rule_of(at)->Next) ++count;
  const NTSTATUS status = marks->allocate(count);
  if (!NT_SUCCESS(status)) return status;
  for (KernelAddress at = head; at; at = rule_of(at)->Next) marks->add(mark_of(name_of(rule_of(at))), at);
  return STATUS_SUCCESS;
}

}  // namespace

NTSTATUS MpInitializeDocOpenRules() {
  auto* const rules = static_cast<MP_DOC_OPEN_RULES*>(
      kit::allocate_zeroed(kit::Pool::NonPaged, sizeof(MP_DOC_OPEN_RULES), pool_tag::kDocRules));
  if (!rules) return STATUS_INSUFFICIENT_RESOURCES;
  const NTSTATUS status = ExInitializeResourceLite(reinterpret_cast<PERESOURCE>(rules->Lock.bytes));
  if (!NT_SUCCESS(status)) {
    ExFreePoolWithTag(rules, pool_tag::kDocRules);
    return status;
  }
  rules->Magic = defender::kDocOpenRulesMagic;
  MpBmDocOpenRules = rules;
  ExInitializePagedLookasideList(rule_lookaside(), nullptr, nullptr, 0, sizeof(MP_DOC_OPEN_RULE), pool_tag::kDocRules,
                                 0);
  return STATUS_SUCCESS;
}

void stop_doc_open_rules() {
  if (!MpBmDocOpenRules) return;
  release_doc_open_rules(MpBmDocOpenRules->Head);
  marked_rules.release();
  ExDeletePagedLookasideList(rule_lookaside());
  ExDeleteResourceLite(doc_rule_lock());
  ExFreePoolWithTag(MpBmDocOpenRules, pool_tag::kDocRules);
  MpBmDocOpenRules = nullptr;
}

NTSTATUS MpSetProcessDocOpenRule(MP_PROCESS_CONTEXT* context, PCUNICODE_STRING image_name) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  if (!context || !image_name) return STATUS_INVALID_PARAMETER;
  if (!is_present(image_name)) return STATUS_SUCCESS;
  UNICODE_STRING file_name;
  const NTSTATUS status = final_component(image_name, &file_name);
  if (!NT_SUCCESS(status)) return status;
  // No rule to take and none to give. Whoever exchanges the list goes through all processes afterwards.
  if (!rule_in(context).load() && !rules_head().load()) return STATUS_SUCCESS;
  const ResourceLock lock(doc_rule_lock(), LockMode::Shared);
  MpSetDocOpenRule(context, find_rule(file_name));
  return STATUS_SUCCESS;
}

void MpSetDocOpenRule(MP_PROCESS_CONTEXT* context, MP_DOC_OPEN_RULE* rule) {
  MP_DOC_OPEN_RULE* old = nullptr;
  {
    const ResourceLock lock(table_resource(), LockMode::Exclusive);
    old = as_pointer<MP_DOC_OPEN_RULE>(rule_in(context).load());
    rule_in(context).store(as_address(rule), std::memory_order_release);
    if (rule) std::atomic_ref<std::int32_t>(rule->RefCount).fetch_add(1);
  }
  if (old) release_doc_open_rule(old);
}

void release_doc_open_rule(MP_DOC_OPEN_RULE* rule) {
  if (std::atomic_ref<std::int32_t>(rule->RefCount).fetch_sub(1) != 1) return;
  if (rule->Extensions) ExFreePoolWithTag(as_pointer<void>(rule->Extensions), pool_tag::kDocRules);
  rule->Magic = 0;
  free_to(rule_lookaside(), rule);
}

DocRuleList::~DocRuleList() {
  release_doc_open_rules(head_);
}

NTSTATUS DocRuleList::push(const void* name, std::uint32_t name_size, const void* extensions,
                           std::uint32_t extensions_size) {
  auto* const rule = static_cast<MP_DOC_OPEN_RULE*>(allocate_from(rule_lookaside()));
  if (!rule) return STATUS_INSUFFICIENT_RESOURCES;
  RtlZeroMemory(rule, sizeof(*rule));
  rule->Magic = defender::kDocOpenRuleMagic;
  rule->RefCount = 1;
  void* const copy = ExAllocatePoolWithTag(PagedPool, extensions_size, pool_tag::kDocRules);
  if (!copy) {
    release_doc_open_rule(rule);
    return STATUS_INSUFFICIENT_RESOURCES;
  }
  RtlCopyMemory(copy, extensions, extensions_size);
  rule->Extensions = as_address(copy);
  RtlCopyMemory(rule->ProcessName, name, name_size);
  rule->Next = head_;
  head_ = as_address(&rule->Next);
  return STATUS_SUCCESS;
}

NTSTATUS DocRuleList::exchange() {
  MarkedEntries marks;
  const NTSTATUS status = mark_rules(head_, &marks);
  if (!NT_SUCCESS(status)) return status;
  {
    const ResourceLock lock(doc_rule_lock(), LockMode::Exclusive);
    head_ = rules_head().exchange(head_);
    std::swap(marked_rules, marks);
  }
  marks.release();
  return STATUS_SUCCESS;
}

NTSTATUS update_doc_open_rules() {
  return for_each_process_context(MissingContexts::Skip, [](MP_PROCESS_CONTEXT* context) {
    const NTSTATUS status = MpSetProcessDocOpenRule(context, image_name_of(context));
    if (!NT_SUCCESS(status)) trace_info("no doc rule set for process %p: status %08X", context->ProcessId, status);
  });
}

}  // namespace wdscope::notifier
