// SPDX-License-Identifier: MIT
// What looks like a process context near an argument: the conservative search that abi/wire/raw_capture.h describes.
// It says where something is, never what: that is for the tool which calibrates.
#pragma once

#include <cstdint>

#include "abi/wire/raw_capture.h"
#include "kit/checked_copy.h"
#include "observer/stack_limits.h"

namespace wdscope::observer {

struct RawCandidate {
  std::int32_t slot_offset = 0;  // 0: there is none
  std::uint32_t count = 0;       // of slots that held one
  std::uint32_t magic = 0;
  std::uint64_t address = 0;

  // What can be read of it.
  std::uint32_t size() const {
    const std::uint32_t told = magic >> 16;
    return told < wire::kMaximumRawContextSize ? told : wire::kMaximumRawContextSize;
  }
};

// `argument` is where the notification's argument lies. IRQL <= APC_LEVEL.
RawCandidate find_raw_candidate(std::uint64_t argument, const StackLimits& stack);

// Whether the slot at `offset` from `argument` lies in the stack, and the value there if so. IRQL <= APC_LEVEL.
bool read_slot(std::uint64_t argument, std::int32_t offset, const StackLimits& stack, std::uint64_t& value);

}  // namespace wdscope::observer
