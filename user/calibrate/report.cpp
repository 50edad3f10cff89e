// SPDX-License-Identifier: MIT
#include "calibrate/report.h"

#include <fmt/format.h>

#include <bit>
#include <iterator>

namespace wdscope::calibrate {
namespace {

std::string place_of(const Finding& finding) {
  if (finding.places.size() != 1) return "-";
  if (finding.trust_mask == 0) return fmt::format("{:#x}", finding.places.front());
  return fmt::format("{:#x} bit {}", finding.places.front(), std::countr_zero(finding.trust_mask));
}

}  // namespace

std::string_view sureness_name(Sureness sureness) {
  switch (sureness) {
    case Sureness::Certain:
      return "certain";
    case Sureness::Likely:
      return "likely";
    case Sureness::Conflict:
      return "conflict";
    case Sureness::TooLittle:
      return "too little";
    case Sureness::Absent:
      break;
  }
  return "not found";
}

std::string report_text(const Observations& observations, const Calibration& calibration) {
  std::string out;
  const auto add = [&out](fmt::string_view format, auto&&... values) {
    fmt::vformat_to(std::back_inserter(out), format, fmt::make_format_args(values...));
  };
  add("{} notifications captured; {} contexts of {} processes used\n", observations.notifications, calibration.contexts,
      calibration.processes);
  if (observations.without_candidate != 0) {
    add("{} creates and exits had nothing beside them that looks like a context\n", observations.without_candidate);
  }
  if (observations.of_other_magic != 0) {
    add("{} contexts with another magic or in another place were left out\n", observations.of_other_magic);
  }
  if (observations.unknown_to_nt != 0) add("{} were of processes unknown to NT\n", observations.unknown_to_nt);
  if (calibration.contexts == 0) return out;
  const std::uint32_t size = calibration.magic >> 16;
  const std::string side = calibration.slot_offset < 0 ? "-" : "+";
  const int distance = calibration.slot_offset < 0 ? -calibration.slot_offset : calibration.slot_offset;
  add("magic {:#010x}, {:#x} bytes, found at Argument1 {} {:#x}\n\n", calibration.magic, size, side, distance);
  add("{:<18} {:<12} {:<11} {:>8}  {}\n", "MEMBER", "PLACE", "CONFIDENCE", "CONTEXTS", "WHY");
  for (std::uint32_t index = 0; index < wire::kLayoutMemberCount; ++index) {
    const Finding& finding = calibration.members[index];
    const std::string why = finding.sureness == Sureness::Certain
                                ? fmt::format("no other place agrees; chance: 1 in 2^{:.0f}", finding.evidence_bits)
                                : finding.why;
    const std::string place = place_of(finding);
    const std::string_view name = wire::kLayoutMemberRules[index].name;
    const std::string_view sureness = sureness_name(finding.sureness);
    add("{:<18} {:<12} {:<11} {:>8}  {}\n", name, place, sureness, finding.observed, why);
  }
  return out;
}

}  // namespace wdscope::calibrate
