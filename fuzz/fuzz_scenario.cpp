// SPDX-License-Identifier: MIT
// Any text as a scenario: taken or refused with its place; what is taken can be written, and what is written is taken
// again and says the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "lab/scenario.h"
#include "require.h"

using namespace wdscope;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto scenario = scenario::parse(std::string_view(reinterpret_cast<const char*>(data), size), "s");
  if (!scenario) {
    fuzz::require(scenario.error().what.starts_with("scenario s:"), "an error names its place");
    return 0;
  }
  fuzz::require(!scenario->steps.empty() && !scenario->profiles.empty(), "a scenario is played somewhere");
  for (const scenario::Step& step : scenario->steps) fuzz::require(step.place.line != 0, "a step has a place");
  const std::string text = write(*scenario);
  const auto again = scenario::parse(text, "s");
  fuzz::require(again.has_value(), "what is written is a scenario");
  fuzz::require(write(*again) == text, "it says the same");
  return 0;
}
