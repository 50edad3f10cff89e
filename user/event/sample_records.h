// SPDX-License-Identifier: MIT
// One wire record of every kind of event and oddity: what tests, the schema check and the fuzzers' seeds start from.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace wdscope {

struct SampleRecord {
  std::string_view what;
  std::vector<std::byte> bytes;
};

std::vector<SampleRecord> sample_records();

}  // namespace wdscope
