// SPDX-License-Identifier: MIT
// A process record checked and read, its texts still UTF-16 where they lie: what decode() and the JSON hot path share.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "abi/wire/record.h"
#include "event/event.h"
#include "event/result.h"
#include "event/text.h"

namespace wdscope {

struct WireText {
  Utf16Bytes units;
  bool truncated = false;
};

struct Facts {
  ProcessEvent event;  // without its texts
  std::optional<WireText> image;
  std::optional<WireText> context_image;
  std::optional<WireText> command_line;
  std::optional<WireText> doc_rule_image;
  std::optional<WireText> doc_rule_extensions;
};

// The header of the record that `bytes` begins with. InputDamaged when `bytes` is no whole record.
Result<wire::RecordHeader> read_record_header(std::span<const std::byte> bytes);

// What the record's notification was about, from its fixed part alone.
Operation operation_of(const wire::ProcessRecord& record);

// Errors as decode(). The texts point into `record`. `facts` must be fresh; untouched on error.
Result<void> read_process_facts(std::span<const std::byte> record, const Origin& origin, Facts& facts);
Result<LossEvent> read_loss(std::span<const std::byte> record);

}  // namespace wdscope
