// SPDX-License-Identifier: MIT
// Names for addresses of a driver image: from its COFF symbols and exports, and lines from its debug information.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/image/pe_file.h"

namespace wdscope::host {

class ImageSymbols {
 public:
  // Keeps a copy of the file for the debug information.
  ImageSymbols(const PeFile& file, std::span<const std::byte> bytes);

  // "observe_notification+0x42" (demangled), or "+0x1234" when no symbol stands before it.
  std::string name_of(std::uint32_t rva) const;
  // "observe.cpp:31", or empty: runs x86_64-w64-mingw32-addr2line or addr2line.
  std::string line_of(std::uint32_t rva) const;

 private:
  std::vector<PeName> symbols_;
  std::vector<PeSection> sections_;
  std::vector<std::byte> bytes_;
  std::uint64_t preferred_base_;
};

}  // namespace wdscope::host
