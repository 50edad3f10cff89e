// SPDX-License-Identifier: MIT
#include "calibrate/inference.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "abi/defender/flags.h"

namespace wdscope::calibrate {
namespace {

using wire::LayoutMember;

constexpr double kMillion = 20;             // bits: chance below one in a million
constexpr std::uint32_t kFirstOffset = 4;   // behind the magic
constexpr std::uint64_t kLikelyShare = 20;  // at most one of so many may disagree
constexpr std::uint64_t kRivalShare = 4;    // ... and every other place disagrees with more than one of so many
constexpr std::uint32_t kKnownTrustBit = defender::flag::Trusted;

// A value to look for, comparable whatever its kind. Empty text never comes up: it points nowhere.
struct Truth {
  std::uint64_t number = 0;
  RawString text;
  bool is_text = false;
  auto key() const { return std::tie(number, text.length, text.text); }
};
bool operator<(const Truth& one, const Truth& other) {
  return one.key() < other.key();
}

using TruthOf = std::function<std::optional<Truth>(const Observation&)>;

std::optional<Truth> number_truth(const auto& value) {
  if (!value) return std::nullopt;
  return Truth{static_cast<std::uint64_t>(*value), {}, false};
}

std::optional<Truth> text_truth(const std::optional<RawString>& value) {
  if (!value) return std::nullopt;
  return Truth{0, *value, true};
}

TruthOf truth_of(LayoutMember member) {
  switch (member) {
    case LayoutMember::ProcessId:
      return [](const Observation& seen) { return number_truth(std::optional(seen.process_id)); };
    case LayoutMember::CreateTime:
      return [](const Observation& seen) { return number_truth(std::optional(seen.created)); };
    case LayoutMember::ParentProcessId:
      return [](const Observation& seen) { return number_truth(seen.parent_process_id); };
    case LayoutMember::CommandLine:
      return [](const Observation& seen) { return text_truth(seen.command_line); };
    case LayoutMember::ImageName:
      return [](const Observation& seen) { return text_truth(seen.image); };
    case LayoutMember::Trust:
      return [](const Observation& seen) { return number_truth(seen.trusted); };
    case LayoutMember::Protection:
      return [](const Observation& seen) { return number_truth(seen.protection); };
    case LayoutMember::SessionId:
      return [](const Observation& seen) { return number_truth(seen.session_id); };
    case LayoutMember::Flags:
    case LayoutMember::Count:
      break;
  }
  return [](const Observation&) { return std::optional<Truth>(); };
}

std::uint64_t word_at(const Observation& seen, std::uint32_t offset, std::uint32_t size) {
  std::uint64_t value = 0;
  std::memcpy(&value, seen.context.data() + offset, size);
  return value;
}

// One place: an offset, and for the trust a bit of the word there.
struct Place {
  std::uint32_t offset;
  std::uint32_t size;
  std::uint32_t mask;  // 0: the whole
};

bool agrees(const Observation& seen, const Place& place, const Truth& truth) {
  if (place.offset + place.size > seen.context.size()) return false;
  const std::uint64_t word = word_at(seen, place.offset, place.size);
  if (place.mask != 0) return ((word & place.mask) != 0) == (truth.number != 0);
  if (!truth.is_text) return word == truth.number;
  const RawString* const text = seen.text_at(place.offset);
  return text != nullptr ? *text == truth.text : truth.text.length == 0;
}

std::vector<Place> places_of(LayoutMember member, std::uint32_t context_size) {
  const std::uint32_t size = wire::kLayoutMemberRules[static_cast<std::uint32_t>(member)].size;
  std::vector<Place> places;
  for (std::uint32_t offset = size < kFirstOffset ? kFirstOffset : size; offset + size <= context_size;
       offset += size) {
    if (member == LayoutMember::Trust) {
      for (std::uint32_t bit = 0; bit < 32; ++bit) places.push_back({offset, size, 1u << bit});
    } else {
      places.push_back({offset, size, 0});
    }
  }
  return places;
}

// How unlikely it is, in bits, that a place which has nothing to do with the value agrees in every process: each
// process counts once for each value that it had, with the surprise of that value among all.
double evidence(const std::vector<std::pair<const Observation*, Truth>>& known) {
  std::set<std::tuple<std::uint64_t, FileTime, Truth>> told;
  for (const auto& [seen, truth] : known) told.emplace(seen->process_id, seen->created, truth);
  std::map<Truth, std::size_t> counts;
  for (const auto& [process, created, truth] : told) ++counts[truth];
  double bits = 0;
  const auto all = static_cast<double>(told.size());
  for (const auto& [truth, count] : counts) {
    bits += static_cast<double>(count) * std::log2(all / static_cast<double>(count));
  }
  return bits;
}

std::string place_words(const Place& place) {
  return place.mask == 0 ? fmt::format("{:#x}", place.offset)
                         : fmt::format("{:#x} bit {}", place.offset, std::countr_zero(place.mask));
}

std::string list_words(const std::vector<Place>& places) {
  constexpr std::size_t kMost = 6;
  std::string words;
  for (std::size_t index = 0; index < places.size() && index < kMost; ++index) {
    words += (index == 0 ? "" : ", ") + place_words(places[index]);
  }
  if (places.size() > kMost) words += fmt::format(" and {} more", places.size() - kMost);
  return words;
}

void take(Finding& finding, Sureness sureness, const std::vector<Place>& places, std::uint64_t disagreeing) {
  finding.sureness = sureness;
  finding.disagreeing = disagreeing;
  for (const Place& place : places) finding.places.push_back(place.offset);
  if (places.size() == 1) finding.trust_mask = places.front().mask;
}

// Bits of the word at `offset` that were seen set, apart from `mask`.
struct SeenFlags {
  std::uint32_t others;   // any
  std::uint32_t unknown;  // that are no known flags
};

SeenFlags flags_seen(const Observations& observations, std::uint32_t offset, std::uint32_t mask) {
  std::uint32_t known_flags = 0;
  for (const auto& name : defender::kProcessFlagNames) known_flags |= name.bit;
  std::uint32_t seen_bits = 0;
  for (const Observation& seen : observations.contexts) {
    seen_bits |= static_cast<std::uint32_t>(word_at(seen, offset, sizeof seen_bits));
  }
  return {seen_bits & ~mask, seen_bits & ~known_flags};
}

// Of several bits that always agree, the one that is the trust bit of every known build in a word that looks like its
// flags: a good guess and no proof. The service's rule that makes a process trusted agrees too, as a rule.
void prefer_known_trust(Finding& finding, const std::vector<Place>& perfect, const Observations& observations) {
  std::vector<Place> good;
  std::vector<Place> rest;
  for (const Place& place : perfect) {
    const SeenFlags seen = flags_seen(observations, place.offset, place.mask);
    const bool is_good = place.mask == kKnownTrustBit && seen.others != 0 && seen.unknown == 0;
    (is_good ? good : rest).push_back(place);
  }
  if (good.size() != 1) return;
  finding.places.clear();
  take(finding, Sureness::Likely, good, 0);
  finding.why = fmt::format("bit 6 of the flags in every build known; but {} always agrees too", list_words(rest));
}

Finding look_for(LayoutMember member, const Observations& observations, std::uint32_t context_size) {
  const TruthOf truth_in = truth_of(member);
  std::vector<std::pair<const Observation*, Truth>> known;
  for (const Observation& seen : observations.contexts) {
    if (auto truth = truth_in(seen)) known.emplace_back(&seen, std::move(*truth));
  }
  Finding finding;
  finding.observed = known.size();
  if (known.empty()) {
    finding.why = "nobody but the context tells it";
    return finding;
  }
  finding.evidence_bits = evidence(known);

  const std::vector<Place> places = places_of(member, context_size);
  const std::uint64_t most_likely_misses = known.size() / kLikelyShare;
  const std::uint64_t most_rival_misses = known.size() / kRivalShare;
  std::vector<Place> perfect;
  std::vector<std::pair<Place, std::uint64_t>> near;
  for (const Place& place : places) {
    std::uint64_t misses = 0;
    for (const auto& [seen, truth] : known) {
      if (!agrees(*seen, place, truth) && ++misses > most_rival_misses) break;
    }
    if (misses == 0) perfect.push_back(place);
    if (misses <= most_rival_misses) near.emplace_back(place, misses);
  }

  const double needed = std::log2(static_cast<double>(places.size())) + kMillion;
  const bool enough = finding.evidence_bits >= needed;
  if (!enough && (!perfect.empty() || finding.evidence_bits == 0)) {
    take(finding, Sureness::TooLittle, perfect.size() == 1 ? perfect : std::vector<Place>{}, 0);
    finding.why =
        finding.evidence_bits == 0
            ? "it is the same in every process seen"
            : fmt::format("the processes seen differ too little in it: {:.0f} bits of evidence, {:.0f} needed",
                          finding.evidence_bits, needed);
  } else if (perfect.size() == 1) {
    take(finding, Sureness::Certain, perfect, 0);
  } else if (perfect.size() > 1) {
    take(finding, Sureness::Conflict, perfect, 0);
    finding.why = fmt::format("places that always agree: {}", list_words(perfect));
    if (member == LayoutMember::Trust) prefer_known_trust(finding, perfect, observations);
  } else if (near.size() == 1 && enough && near.front().second <= most_likely_misses) {
    take(finding, Sureness::Likely, {near.front().first}, near.front().second);
    finding.why = fmt::format("{} of {} contexts disagree", near.front().second, known.size());
  } else {
    finding.why = "no place agrees with what is known";
  }
  return finding;
}

// The word that holds the trust bit, judged by the flags that are known.
Finding look_for_flags(const Finding& trust, const Observations& observations) {
  Finding finding;
  finding.observed = trust.observed;
  finding.evidence_bits = trust.evidence_bits;
  if (trust.sureness != Sureness::Certain && trust.sureness != Sureness::Likely) {
    finding.why = "they are found by their trust bit, and that is not certain";
    return finding;
  }
  const SeenFlags seen = flags_seen(observations, trust.places.front(), trust.trust_mask);
  finding.places = trust.places;
  finding.sureness = Sureness::Likely;
  if (trust.sureness != Sureness::Certain) {
    finding.why = "the word of the trust bit, which is not certain";
  } else if (trust.trust_mask != kKnownTrustBit) {
    finding.why = "the word of the trust bit; in every build analysed so far that is bit 6, here it is another";
  } else if (seen.unknown != 0) {
    finding.why = fmt::format("the word of the trust bit; it holds bits that are no known flags: {:#x}", seen.unknown);
  } else if (seen.others == 0) {
    finding.why = "the word of the trust bit; no other flag was seen";
  } else {
    finding.sureness = Sureness::Certain;
  }
  return finding;
}

// Two members in one place cannot both be right.
void refuse_overlaps(Calibration& calibration) {
  const auto certain = [&](std::uint32_t index) { return calibration.members[index].sureness == Sureness::Certain; };
  std::set<std::uint32_t> wrong;
  for (std::uint32_t one = 0; one < wire::kLayoutMemberCount; ++one) {
    for (std::uint32_t other = one + 1; other < wire::kLayoutMemberCount; ++other) {
      if (!certain(one) || !certain(other)) continue;
      const bool flags_and_trust = static_cast<LayoutMember>(one) == LayoutMember::Flags &&
                                   static_cast<LayoutMember>(other) == LayoutMember::Trust;
      const std::uint32_t first = calibration.members[one].places.front();
      const std::uint32_t second = calibration.members[other].places.front();
      const bool apart = first + wire::kLayoutMemberRules[one].size <= second ||
                         second + wire::kLayoutMemberRules[other].size <= first;
      if (!apart && !flags_and_trust) wrong.insert({one, other});
    }
  }
  for (const std::uint32_t index : wrong) {
    Finding& finding = calibration.members[index];
    finding.sureness = Sureness::Conflict;
    finding.why = "another member lies there too";
  }
}

}  // namespace

bool Calibration::is_usable() const {
  for (std::uint32_t index = 0; index < wire::kLayoutMemberCount; ++index) {
    if (wire::kLayoutMemberRules[index].required && members[index].sureness != Sureness::Certain) return false;
  }
  return true;
}

wire::ContextLayout Calibration::layout() const {
  wire::ContextLayout layout{};
  layout.size = sizeof layout;
  layout.version = wire::kLayoutVersion;
  layout.machine = wire::kMachineAmd64;
  layout.magic = magic;
  layout.slot_offset = slot_offset;
  for (std::uint32_t index = 0; index < wire::kLayoutMemberCount; ++index) {
    if (members[index].sureness == Sureness::Certain) layout.offsets[index] = members[index].places.front();
  }
  if (layout.has(LayoutMember::Trust)) layout.trust_mask = member(LayoutMember::Trust).trust_mask;
  return layout;
}

Calibration infer(const Observations& observations) {
  Calibration calibration;
  calibration.contexts = observations.contexts.size();
  if (observations.contexts.empty()) {
    for (Finding& finding : calibration.members) finding.why = "no context was captured";
    return calibration;
  }
  std::set<std::pair<std::uint64_t, FileTime>> processes;
  std::uint32_t context_size = wire::kMaximumRawContextSize;
  for (const Observation& seen : observations.contexts) {
    processes.emplace(seen.process_id, seen.created);
    context_size = std::min(context_size, static_cast<std::uint32_t>(seen.context.size()));
  }
  calibration.processes = processes.size();
  calibration.magic = observations.contexts.front().magic;
  calibration.slot_offset = observations.contexts.front().slot_offset;
  for (std::uint32_t index = 0; index < wire::kLayoutMemberCount; ++index) {
    const auto member = static_cast<LayoutMember>(index);
    if (member != LayoutMember::Flags) calibration.members[index] = look_for(member, observations, context_size);
  }
  calibration.members[static_cast<std::uint32_t>(LayoutMember::Flags)] =
      look_for_flags(calibration.member(LayoutMember::Trust), observations);
  refuse_overlaps(calibration);
  return calibration;
}

}  // namespace wdscope::calibrate
