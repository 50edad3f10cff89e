// SPDX-License-Identifier: MIT
// MpBmDocOpenRules: which processes open which files as documents. A context points to the rule of its process; a rule
// lives as long as the list or a context refers to it. Source: research wdfilter-research (25080); 1910 agrees.
//
// Lock rule: the doc-rule lock guards the list and is taken before the table lock, which guards a context's pointer.
#pragma once

#include "abi/defender/doc_rules.h"
#include "notifier/process_table.h"

namespace wdscope::notifier {

using defender::MP_DOC_OPEN_RULE;
using defender::MP_DOC_OPEN_RULES;

extern MP_DOC_OPEN_RULES* MpBmDocOpenRules;  // null before initialisation and after the stop

// PASSIVE_LEVEL. STATUS_INSUFFICIENT_RESOURCES. Before the process table, whose contexts refer to rules.
[[nodiscard]] NTSTATUS MpInitializeDocOpenRules();
// PASSIVE_LEVEL. Frees rules and root; no context may exist any more. Nothing happens when it is not there.
void stop_doc_open_rules();

// PASSIVE_LEVEL, no lock held, the caller holds a reference on the context. Gives the process the first rule for the
// last component of `image_name`, ignoring case, or none. An empty name changes nothing. STATUS_INVALID_PARAMETER for a
// null argument; the name parser's status, which leaves the rule as it was.
[[nodiscard]] NTSTATUS MpSetProcessDocOpenRule(MP_PROCESS_CONTEXT* context, PCUNICODE_STRING image_name);

// <= APC_LEVEL. Exchanges the context's rule (null: none) under the table lock; references move along.
void MpSetDocOpenRule(MP_PROCESS_CONTEXT* context, MP_DOC_OPEN_RULE* rule);

// <= APC_LEVEL. The last release frees the rule.
void release_doc_open_rule(MP_DOC_OPEN_RULE* rule);

// Rules on their way into force: owned, not visible to anybody. <= APC_LEVEL.
class DocRuleList {
 public:
  DocRuleList() = default;
  DocRuleList(const DocRuleList&) = delete;
  DocRuleList& operator=(const DocRuleList&) = delete;
  ~DocRuleList();

  // Pushes a rule at the front. `name`: at most kDocRuleNameUnits - 1 units; `extensions`: a whole multi-string.
  // STATUS_INSUFFICIENT_RESOURCES.
  [[nodiscard]] NTSTATUS push(const void* name, std::uint32_t name_size, const void* extensions,
                              std::uint32_t extensions_size);
  // Exchanges the list in force, under the doc-rule lock; what was in force is this list's now. PASSIVE_LEVEL.
  // STATUS_INSUFFICIENT_RESOURCES: both stay as they were.
  [[nodiscard]] NTSTATUS exchange();

 private:
  defender::KernelAddress head_ = 0;
};

// PASSIVE_LEVEL, no lock held. Gives every known process its rule anew. A failed enumeration's status: then processes
// keep the rules they had.
[[nodiscard]] NTSTATUS update_doc_open_rules();

}  // namespace wdscope::notifier
