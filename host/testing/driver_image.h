// SPDX-License-Identifier: MIT
// The drivers that were built beside a test, a fuzzer or a bench (which defines WDSCOPE_DRIVERS, their folder).
#pragma once

#include <cstddef>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace wdscope::host::testing {

// All bytes of e.g. "wdscope.sys". Throws std::runtime_error when they cannot be read. Reads in one go: byte by byte, a
// test that is not optimised spends most of its time here.
inline std::vector<std::byte> driver_image(std::string_view file_name) {
  const std::string path = std::string(WDSCOPE_DRIVERS) + "/" + std::string(file_name);
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  std::vector<std::byte> bytes(file ? static_cast<std::size_t>(file.tellg()) : 0);
  file.seekg(0);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file || bytes.empty()) throw std::runtime_error("cannot read " + path);
  return bytes;
}

}  // namespace wdscope::host::testing
