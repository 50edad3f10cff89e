// SPDX-License-Identifier: MIT
// Reading the observer's device as a user-mode client does, byte for byte.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "abi/wire/control.h"
#include "abi/wire/record.h"
#include "host/machine.h"

namespace wdscope::tests {

// One record as it came, with access to its parts.
class Record {
 public:
  // Copies a record of `size` bytes.
  Record(const std::uint64_t* words, std::size_t size) : words_(words, words + size / sizeof(std::uint64_t)) {}

  const wire::RecordHeader& header() const { return *reinterpret_cast<const wire::RecordHeader*>(words_.data()); }
  bool is_loss() const { return header().kind == static_cast<std::uint16_t>(wire::RecordKind::Loss); }
  const wire::ProcessRecord& process() const { return *reinterpret_cast<const wire::ProcessRecord*>(words_.data()); }
  bool is_mark() const { return knows(wire::known::Snapshot); }
  const wire::LossRecord& loss() const { return *reinterpret_cast<const wire::LossRecord*>(words_.data()); }
  bool knows(std::uint64_t bits) const { return (process().known & bits) == bits; }
  std::u16string text(const wire::StringSpan& span) const;

 private:
  std::vector<std::uint64_t> words_;
};

// What is wrong with a record's form, whatever it says; empty: nothing.
std::string fault_in(const Record& record);

class Client {
 public:
  explicit Client(std::unique_ptr<host::DeviceFile> file) : file_(std::move(file)) {}

  struct Batch {
    host::NtStatus status = 0;
    std::size_t information = 0;
    wire::ReadReply reply{};
    std::vector<Record> records;
  };
  static constexpr std::size_t kBufferSize = 1 << 20;
  static constexpr std::uint32_t kForEver = 0xFFFFFFFF;

  // Takes what is there, or waits for `minimum` at most `timeout_ms`.
  Batch read(std::uint32_t minimum = 0, std::uint32_t timeout_ms = 0, std::size_t buffer_size = kBufferSize);
  // Reads until nothing is left.
  std::vector<Record> drain();
  wire::Statistics statistics();
  wire::Evidence evidence();
  wire::VersionReply version();
  host::NtStatus refresh();
  host::DeviceFile& file() { return *file_; }
  void close() { file_.reset(); }

 private:
  std::unique_ptr<host::DeviceFile> file_;
};

}  // namespace wdscope::tests
