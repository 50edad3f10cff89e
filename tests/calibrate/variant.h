// SPDX-License-Identifier: MIT
// A build that nobody has analysed: the members of a context in an order, with gaps and in a size of its own, between
// members that mean nothing; and what an unlucky build could do to mislead whoever infers its layout.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "abi/wire/layout.h"

namespace wdscope::tests {

enum class Filler : std::uint8_t {
  Zero,
  Constant,       // the same in every context
  Counter,        // counts up
  Random,         // anything, different each time
  SmallRandom,    // 0 .. 3
  ListEntry,      // two kernel addresses
  GarbageString,  // points to text that is nobody's
  Dangling,       // a kernel address where nothing can be read
  PidCopy,        // from here on what misleads: the same as a member
  CreatedCopy,
  ParentCopy,
  ImagePointerCopy,
  ImageTextCopy,
  CommandLineCopy,
  CommandLineCut,  // all but its last character
  TrustByte,       // 0 or 1 as the trust bit
  ProtectionCopy,
  SessionCopy,
  CreatedAlmost,  // the creation time, but for one process in ten
  NtPathOfImage,  // the image's file name alone
};

struct FillerField {
  Filler filler;
  std::uint32_t offset;
  std::uint32_t size;
};

struct Variant {
  wire::ContextLayout layout{};  // the truth
  std::vector<FillerField> fillers;
  std::uint32_t size() const { return layout.magic >> 16; }
};

using Random = std::mt19937_64;

// `misleading` are put into the layout besides the harmless ones; `left_out` are members it does not have.
Variant make_variant(Random& random, const std::vector<Filler>& misleading = {},
                     const std::vector<wire::LayoutMember>& left_out = {});

std::uint32_t size_of(Filler filler);

}  // namespace wdscope::tests
