// SPDX-License-Identifier: MIT
// The doc-open rule that a process context points to: which files the notifier takes for documents when this process
// opens them. Read only behind a recognised context, and believed only by its own magic.
#pragma once

#include <cstdint>

#include "observer/text.h"

namespace wdscope::observer {

struct DocRule {
  bool recognised;          // its magic is a rule's: the texts are judged
  std::uint32_t anomalies;  // wire::anomaly_bit()s
  ForeignText image;        // up to the NUL that ends it
  ForeignText extensions;   // up to the two NULs that end it
};

// `address`: the context's word. 0: there is no rule. IRQL <= APC_LEVEL.
void read_doc_rule(defender::KernelAddress address, DocRule& rule);

}  // namespace wdscope::observer
