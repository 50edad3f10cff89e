// SPDX-License-Identifier: MIT
#include "observer/doc_rule.h"

#include <algorithm>
#include <cstddef>

#include "abi/defender/doc_rules.h"
#include "abi/wire/record.h"

namespace wdscope::observer {
namespace {

using defender::MP_DOC_OPEN_RULE;
using kit::ForeignAddress;
using wire::Anomaly;
using wire::anomaly_bit;

constexpr ForeignText kNoText{ForeignText::State::Absent, false, 0, {}};

enum class End { Nul, TwoNuls };

struct Measured {
  NTSTATUS status;
  bool ended;
  std::uint32_t length;  // bytes before the end, or all of `maximum`
};

// How long the text at `address` is, page by page: what ends on one page must not need the next.
Measured measure(std::uint64_t address, std::uint32_t maximum, End end) {
  constexpr std::uint64_t kPage = 0x1000;
  constexpr std::uint32_t kChunk = 128;
  char16_t units[kChunk / sizeof(char16_t)];
  // Before a multi-string's begin there is no string that a NUL could end: an empty one is two NULs, or one.
  bool after_nul = end == End::Nul;
  for (std::uint32_t done = 0; done < maximum;) {
    const auto to_page_end = static_cast<std::uint32_t>(kPage - (address + done) % kPage);
    const std::uint32_t size = std::min({maximum - done, to_page_end, kChunk});
    const NTSTATUS status = kit::checked_copy(units, static_cast<ForeignAddress>(address + done), size);
    if (!NT_SUCCESS(status)) return {status, false, 0};
    for (std::uint32_t index = 0; index < size / sizeof(char16_t); ++index) {
      const std::uint32_t position = done + index * static_cast<std::uint32_t>(sizeof(char16_t));
      if (units[index] != 0) {
        after_nul = end == End::Nul;
        continue;
      }
      if (after_nul) return {STATUS_SUCCESS, true, end == End::Nul ? position : position - 2};
      if (position == 0) return {STATUS_SUCCESS, true, 0};
      after_nul = true;
    }
    done += size;
  }
  return {STATUS_SUCCESS, false, maximum};
}

ForeignText measured_text(std::uint64_t address, std::uint32_t maximum, End end, std::uint32_t& anomalies) {
  ForeignText text = kNoText;
  text.buffer = static_cast<ForeignAddress>(address);
  text.state = ForeignText::State::Invalid;
  if (!kit::is_kernel_pointer(text.buffer, alignof(char16_t))) {
    anomalies |= anomaly_bit(Anomaly::DocRuleInvalid);
    return text;
  }
  const Measured measured = measure(address, maximum, end);
  if (!NT_SUCCESS(measured.status)) {
    anomalies |= anomaly_bit(Anomaly::DocRuleInvalid);
    return text;
  }
  if (!measured.ended) anomalies |= anomaly_bit(Anomaly::DocRuleTruncated);
  text.length = measured.length;
  text.state = ForeignText::State::Present;
  return text;
}

}  // namespace

void read_doc_rule(defender::KernelAddress address, DocRule& rule) {
  rule = {false, 0, kNoText, kNoText};
  if (address == 0) return;
  const auto foreign = static_cast<ForeignAddress>(address);
  std::uint32_t magic = 0;
  std::uint64_t extensions = 0;
  const bool readable = kit::is_kernel_pointer(foreign, alignof(MP_DOC_OPEN_RULE)) &&
                        kit::checked_read(foreign, magic) == STATUS_SUCCESS && magic == defender::kDocOpenRuleMagic &&
                        kit::checked_read(static_cast<ForeignAddress>(address + offsetof(MP_DOC_OPEN_RULE, Extensions)),
                                          extensions) == STATUS_SUCCESS;
  if (!readable) {
    rule.anomalies = anomaly_bit(Anomaly::DocRuleInvalid);
    return;
  }
  rule.recognised = true;
  rule.image = measured_text(address + offsetof(MP_DOC_OPEN_RULE, ProcessName), wire::kMaximumDocRuleNameSize, End::Nul,
                             rule.anomalies);
  if (extensions == 0) return;
  rule.extensions = measured_text(extensions, wire::kMaximumExtensionsSize, End::TwoNuls, rule.anomalies);
}

}  // namespace wdscope::observer
