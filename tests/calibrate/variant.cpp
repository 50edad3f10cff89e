// SPDX-License-Identifier: MIT
#include "calibrate/variant.h"

#include <algorithm>
#include <bit>

#include "abi/defender/flags.h"
#include "abi/defender/process_context.h"

namespace wdscope::tests {
namespace {

using wire::LayoutMember;

constexpr Filler kHarmless[] = {Filler::Zero,        Filler::Constant,  Filler::Counter,       Filler::Random,
                                Filler::SmallRandom, Filler::ListEntry, Filler::GarbageString, Filler::Dangling};

std::uint32_t below(Random& random, std::uint32_t limit) {
  return static_cast<std::uint32_t>(random() % limit);
}

// Something to be placed: a member, or a filler.
struct Piece {
  std::uint32_t size;
  std::uint32_t alignment;
  LayoutMember member = LayoutMember::Count;
  Filler filler = Filler::Zero;
};

}  // namespace

std::uint32_t size_of(Filler filler) {
  switch (filler) {
    case Filler::Counter:
    case Filler::SmallRandom:
    case Filler::SessionCopy:
      return 4;
    case Filler::ListEntry:
      return 16;
    case Filler::TrustByte:
    case Filler::ProtectionCopy:
      return 1;
    default:
      return 8;
  }
}

Variant make_variant(Random& random, const std::vector<Filler>& misleading, const std::vector<LayoutMember>& left_out) {
  Variant variant;
  std::vector<Piece> pieces;
  for (std::uint32_t index = 0; index < wire::kLayoutMemberCount; ++index) {
    const auto member = static_cast<LayoutMember>(index);
    if (member == LayoutMember::Trust || std::ranges::find(left_out, member) != left_out.end()) continue;
    const std::uint32_t size = wire::kLayoutMemberRules[index].size;
    pieces.push_back({size, size, member});
  }
  const auto add_filler = [&](Filler filler) {
    const std::uint32_t size = size_of(filler);
    pieces.push_back({size, std::min(size, 8u), LayoutMember::Count, filler});
  };
  for (const Filler filler : misleading) add_filler(filler);
  const std::uint32_t harmless = 4 + below(random, 24);
  for (std::uint32_t count = 0; count < harmless; ++count) add_filler(kHarmless[below(random, std::size(kHarmless))]);
  std::shuffle(pieces.begin(), pieces.end(), random);

  std::uint32_t end = sizeof(std::uint32_t);
  for (const Piece& piece : pieces) {
    if (below(random, 4) == 0) end += 4 * below(random, 5);
    end = (end + piece.alignment - 1) / piece.alignment * piece.alignment;
    if (piece.member != LayoutMember::Count) {
      variant.layout.offsets[static_cast<std::uint32_t>(piece.member)] = end;
    } else {
      variant.fillers.push_back({piece.filler, end, piece.size});
    }
    end += piece.size;
  }
  end = std::max((end + 7) / 8 * 8 + 8 * below(random, 12), std::uint32_t{wire::kMinimumRawContextSize});

  variant.layout.size = sizeof variant.layout;
  variant.layout.version = wire::kLayoutVersion;
  variant.layout.machine = wire::kMachineAmd64;
  variant.layout.magic = end << 16 | defender::kProcessContextType;
  do {
    variant.layout.slot_offset =
        wire::kFirstRawSlot +
        8 * static_cast<std::int32_t>(below(random, (wire::kLastRawSlot - wire::kFirstRawSlot) / 8 + 1));
  } while (!wire::is_slot(variant.layout.slot_offset));
  if (variant.layout.has(LayoutMember::Flags)) {
    variant.layout.offsets[static_cast<std::uint32_t>(LayoutMember::Trust)] =
        variant.layout.offset(LayoutMember::Flags);
    variant.layout.trust_mask = defender::flag::Trusted;
  }
  return variant;
}

}  // namespace wdscope::tests
