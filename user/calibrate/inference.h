// SPDX-License-Identifier: MIT
// Where in a context each member lies, inferred from many processes of which the member's value is known otherwise.
//
// The rule, and why it is not wrong. If the layout has the member, its true place agrees with every observation. So:
//   certain    exactly one place agrees with all, and what was observed would agree with some wrong place by chance
//              less than once in a million. The true place can then not be another: it would agree too.
//   conflict   more than one place agrees with all: a copy, or too much alike. Nothing that was seen tells them apart.
//   too little one place agrees, but the values differ too little to exclude chance (all untrusted, all unprotected)
//   likely     a guess with a reason: no place agrees with all, but one misses few (torn copies, or a value that the
//              notifier could not query); or, for the trust, several bits always agree and one of them is that of
//              every known build
//   absent     nothing comes near
// Only what is certain goes into a layout. Strings count by their text, not by their address.
//
// The flags cannot be known otherwise as a whole: they are certain where the trust bit is certain and is that of every
// build analysed so far (0x40), and the word's other bits are among the flags that are known; else likely.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "abi/wire/layout.h"
#include "calibrate/observations.h"

namespace wdscope::calibrate {

enum class Sureness : std::uint8_t { Certain, Likely, Conflict, TooLittle, Absent };

struct Finding {
  Sureness sureness = Sureness::Absent;
  std::vector<std::uint32_t> places;  // Certain, Likely, TooLittle: one; Conflict: all that agree
  std::uint32_t trust_mask = 0;       // of the trust bit, where there is one place
  std::uint64_t observed = 0;         // contexts of whose process the value was known
  std::uint64_t disagreeing = 0;      // of them, with the place that is told
  double evidence_bits = 0;           // log2 of how unlikely a chance agreement is, before the number of places
  std::string why;                    // one sentence where it is not Certain
};

struct Calibration {
  std::uint32_t magic = 0;
  std::int32_t slot_offset = 0;
  std::uint64_t contexts = 0;
  std::uint64_t processes = 0;
  Finding members[wire::kLayoutMemberCount];

  const Finding& member(wire::LayoutMember which) const { return members[static_cast<std::uint32_t>(which)]; }
  // Whether a context could be recognised by it: the members that a layout must have are certain.
  bool is_usable() const;
  // What is certain, as a layout; breaks no rule but that of the required members when it is not usable.
  wire::ContextLayout layout() const;
};

Calibration infer(const Observations& observations);

}  // namespace wdscope::calibrate
