// SPDX-License-Identifier: MIT
// From what was read to one wire record: the fixed part, then the texts that are certain.
//
// A record is built on the caller's stack when it fits kStackSize, else in a staging buffer; when none is free it is
// cut to what fits the stack, and says so.
#pragma once

#include <cstdint>

#include "abi/wire/record.h"
#include "observer/argument.h"
#include "observer/context.h"
#include "observer/counters.h"
#include "observer/doc_rule.h"
#include "observer/loaded_layout.h"
#include "observer/staging.h"
#include "observer/text.h"

namespace wdscope::observer {

// Where a record of so many bytes ends.
constexpr std::uint32_t round_up(std::uint32_t size) {
  return (size + wire::kRecordAlignment - 1) / wire::kRecordAlignment * wire::kRecordAlignment;
}

class RecordBuilder {
 public:
  // Of a kernel stack of 24 KB that the notifier has already used.
  static constexpr std::size_t kStackSize = 1536;

  RecordBuilder(Staging& staging, Counters& counters);
  ~RecordBuilder() {
    if (staged_ != nullptr) staging_.give_back(staged_);
  }
  RecordBuilder(const RecordBuilder&) = delete;
  RecordBuilder& operator=(const RecordBuilder&) = delete;

  // The fixed part, zero at first.
  wire::ProcessRecord& fixed() { return *reinterpret_cast<wire::ProcessRecord*>(record_); }

  // Each takes over what its source vouches for; texts are only noted until finish(). IRQL <= APC_LEVEL.
  void add_argument(const Argument& argument);
  void add_context(const Context& context);
  void add_loaded_context(const LoadedContext& context);

  // Copies the texts, completes the header but for the sequence, and returns the record. Valid while the builder lives.
  // IRQL <= APC_LEVEL, or <= DISPATCH_LEVEL when nothing was added.
  std::uint64_t* finish();

 private:
  enum class Carried { Whole, Prefix, Nothing };  // Nothing: it is not readable
  // Appends the text after what is there, as much of it as fits.
  Carried append(const ForeignText& text, wire::StringSpan& span);
  void note(const ForeignText& text, wire::Anomaly invalid);
  void add_context_texts(defender::KernelAddress image, defender::KernelAddress command_line);
  void make_space();
  void carry_argument_image();
  void carry_context_image();
  void carry_command_line();
  void carry_doc_rule();
  std::uint8_t* bytes() { return reinterpret_cast<std::uint8_t*>(record_); }

  Staging& staging_;
  Counters& counters_;
  std::uint64_t* staged_ = nullptr;
  std::uint64_t* record_ = stack_;
  std::uint32_t space_ = kStackSize;
  std::uint32_t end_ = sizeof(wire::ProcessRecord);
  bool cut_ = false;  // a text was left out or shortened for want of a buffer
  defender::KernelAddress argument_image_address_ = 0;
  ForeignText argument_image_{};
  ForeignText context_image_{};
  ForeignText command_line_{};
  DocRule doc_rule_{};
  // Behind the fixed part everything is written before it is read: not zeroed.
  alignas(16) std::uint64_t stack_[kStackSize / sizeof(std::uint64_t)];
};

}  // namespace wdscope::observer
