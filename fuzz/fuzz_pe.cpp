// SPDX-License-Identifier: MIT
// Any bytes as a driver file: refused, or laid out with every number in range.
#include <cstddef>
#include <cstdint>
#include <span>

#include "host/image/pe_file.h"
#include "require.h"

using namespace wdscope;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = host::parse_pe(std::as_bytes(std::span(data, size)));
  if (!file) return 0;
  const std::uint64_t image = file->memory.size();
  fuzz::require(file->entry_rva < image, "the entry point lies in the image");
  fuzz::require(file->headers_size <= image, "so do the headers");
  for (const auto& section : file->sections) {
    fuzz::require(std::uint64_t{section.rva} + section.size <= image, "so does each section");
  }
  for (const std::uint32_t rva : file->relocations) fuzz::require(rva + 8ull <= image, "so does each relocation");
  for (const auto& import : file->imports) fuzz::require(import.slot_rva + 8ull <= image, "so does each import's slot");
  for (const auto& name : file->exports) fuzz::require(name.rva < image, "so does each export");
  for (const auto& function : file->functions) {
    fuzz::require(function.begin_rva <= function.end_rva && function.end_rva <= image, "so does each function");
  }
  return 0;
}
