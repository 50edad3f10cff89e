// SPDX-License-Identifier: MIT
// Many processes announced by a variant while the observer captures, and what is inferred from them.
#pragma once

#include <vector>

#include "calibrate/announcer.h"
#include "calibrate/inference.h"
#include "calibrate/raw_client.h"
#include "calibrate/variant.h"
#include "tests/observer/observer_story.h"

namespace wdscope::tests {

// How the processes of a story differ.
struct Population {
  std::size_t count = 64;
  bool all_untrusted = false;
  bool all_unprotected = false;
};

class CalibrationStory : public ObserverStory {
 protected:
  CalibrationStory() : ObserverStory(4096) {}

  // Starts, announces and ends the processes; all that is captured meanwhile.
  calibrate::Observations observe(const Variant& variant, Random& random, const Population& population = {});
  AnnouncedProcess make_process(Random& random, const Population& population);
  // Whether what is certain is true of the variant; an empty text: it is.
  static std::string wrong_in(const calibrate::Calibration& calibration, const Variant& variant);

  std::uint64_t next_process_id_ = 0x1000;
};

}  // namespace wdscope::tests
