// SPDX-License-Identifier: MIT
// print_samples: every sample record as NDJSON, for the check against docs/events.schema.json.
#include <cstdio>
#include <string>

#include "event/json.h"
#include "event/sample_records.h"

int main() {
  wdscope::Origin origin;
  origin.pid_factor = 4;
  std::string lines;
  for (const wdscope::SampleRecord& sample : wdscope::sample_records()) {
    const auto appended = wdscope::append_json_record(lines, sample.bytes, origin);
    if (!appended) {
      std::fprintf(stderr, "print_samples: %s\n", appended.error().what.c_str());
      return 1;
    }
  }
  return std::fwrite(lines.data(), 1, lines.size(), stdout) == lines.size() ? 0 : 3;
}
