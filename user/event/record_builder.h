// SPDX-License-Identifier: MIT
// Valid wire records for tests, fuzzers and benches, made as the observer would.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "abi/wire/record.h"

namespace wdscope {

// 2026-11-22T08:30:15.1234567Z
inline constexpr std::int64_t kBuilderTime = 134'398'098'151'234'567;

class RecordBuilder {
 public:
  static RecordBuilder create(std::uint64_t pid, std::uint64_t parent_pid);
  static RecordBuilder terminate(std::uint64_t pid);
  // A mark of the first snapshot.
  static RecordBuilder snapshot(wire::SnapshotBoundary boundary, std::uint32_t answered);
  static RecordBuilder trust(std::uint64_t pid, std::uint8_t trusted_byte);
  // A create of the newest build: 100-character image and command line, context, all that NT says.
  static RecordBuilder typical_create(std::uint64_t sequence);

  RecordBuilder& sequence(std::uint64_t value);
  RecordBuilder& image(std::u16string_view text);          // the argument's
  RecordBuilder& context_image(std::u16string_view text);  // when it differs from the argument's
  RecordBuilder& command_line(std::u16string_view text);
  RecordBuilder& context(std::uint32_t magic, std::uint32_t flags);  // recognised; with the tail if magic is 25080's
  // Of the context; the extensions with a NUL between them.
  RecordBuilder& doc_rule(std::u16string_view image, std::u16string_view extensions);
  RecordBuilder& nt(std::int64_t created_100ns, std::uint64_t parent_pid);
  RecordBuilder& anomaly(wire::Anomaly anomaly);

  // Everything else, and everything a builder should not let one do.
  wire::ProcessRecord& fixed() { return fixed_; }

  std::vector<std::byte> build() const;
  void append_to(std::vector<std::byte>& out) const;

 private:
  RecordBuilder();

  wire::ProcessRecord fixed_{};
  std::optional<std::u16string> image_;
  std::optional<std::u16string> context_image_;
  std::optional<std::u16string> command_line_;
  std::optional<std::u16string> doc_rule_image_;
  std::optional<std::u16string> doc_rule_extensions_;
};

void append_loss_record(std::vector<std::byte>& out, std::uint64_t first_sequence, std::uint64_t lost_count);

}  // namespace wdscope
