// SPDX-License-Identifier: MIT
// A command of the engine as bytes, and the way from its header to what carries it out. The contract of each command,
// with its checks and statuses, stands in abi/defender/commands.h. Source: research wdfilter-research (25080).
#pragma once

#include "abi/defender/commands.h"
#include "kit/nt.h"

namespace wdscope::notifier {

// The system's own copy of a request: nobody else can change it meanwhile.
class CommandBytes {
 public:
  CommandBytes(const std::uint8_t* bytes, std::uint32_t size) : bytes_(bytes), size_(size) {}

  std::uint32_t size() const { return size_; }
  bool contains(std::uint64_t offset, std::uint64_t size) const { return offset <= size_ && size <= size_ - offset; }
  // `offset` lies inside. The bytes may lie unaligned for any larger type.
  const std::uint8_t* at(std::uint64_t offset) const { return bytes_ + offset; }

  // Whether the T at `offset` lies wholly inside; only then *value is written.
  template <class T>
  [[nodiscard]] bool read(std::uint64_t offset, T* value) const {
    if (!contains(offset, sizeof(T))) return false;
    RtlCopyMemory(value, bytes_ + offset, sizeof(T));
    return true;
  }

 private:
  const std::uint8_t* bytes_;
  std::uint32_t size_;
};

// PASSIVE_LEVEL, no lock held, in a thread of the engine. Does the command; `output` may overlap the command's bytes
// and gets its reply, if it has one, of *written bytes (else 0).
[[nodiscard]] NTSTATUS execute_command(const CommandBytes& command, void* output, std::uint32_t output_size,
                                       std::uint32_t* written);

// The commands, each after the checks that all have in common. PASSIVE_LEVEL, no lock held.
[[nodiscard]] NTSTATUS set_doc_open_rules(const CommandBytes& command);
[[nodiscard]] NTSTATUS set_process_exclusions(const CommandBytes& command);
[[nodiscard]] NTSTATUS set_process_infos(const CommandBytes& command);
[[nodiscard]] NTSTATUS register_friendly_process(const CommandBytes& command);
// 25080 and later: the contexts have the members that these write.
[[nodiscard]] NTSTATUS taint_process(const CommandBytes& command);
[[nodiscard]] NTSTATUS reset_all_hardening_exclusions(const CommandBytes& command);
[[nodiscard]] NTSTATUS set_trusted_installer_flags(const CommandBytes& command);

}  // namespace wdscope::notifier
