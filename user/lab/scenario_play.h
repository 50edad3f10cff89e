// SPDX-License-Identifier: MIT
// A scenario from its beginning to its end, or to the first thing that does not come out as it says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lab/scenario.h"
#include "lab/scenario_lab.h"

namespace wdscope::scenario {

// What did not come out.
struct Failure {
  Place place;
  std::string what;  // "expected trust of tool, trusted; got terminate of tool"
};

// Whether messages to the service count, or only when one of them is expected.
enum class Messages : std::uint8_t { WhenNamed, Always };

// Compares what was told with what must be, all of it and in order. Members that the profile does not tell are counted
// in `untold` and not compared. `at`: for what is told and not expected.
std::optional<Failure> compare(const std::vector<Expected>& expected, const std::vector<Happening>& told,
                               Messages messages, Place at, std::uint64_t& untold);

struct Played {
  std::optional<Failure> failure;
  std::uint64_t steps = 0;     // done
  std::uint64_t expected = 0;  // things that were told as expected
  std::uint64_t untold = 0;    // members that could not be compared
  FeedCounts feed;
  SourceCounts source;
};

// Usage when the scenario is not for the profile; else the errors of the machine, which are no failures of the
// scenario. `between` is asked before each step; its error ends the play and is returned.
Result<Played> play(const Scenario& scenario, ScenarioLab::Options options,
                    const std::function<Result<void>()>& between = nullptr);

}  // namespace wdscope::scenario
