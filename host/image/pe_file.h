// SPDX-License-Identifier: MIT
// A PE32+ driver file, checked and laid out as it will stand in memory. A pure function of the bytes: nothing is
// mapped, nothing is bound, every number in the result is in range. Source of the format: documented (PE/COFF).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/machine.h"

namespace wdscope::host {

inline constexpr std::uint32_t kSectionExecutable = 0x2000'0000;
inline constexpr std::uint32_t kSectionWritable = 0x8000'0000;

struct PeSection {
  std::string name;
  std::uint32_t rva;
  std::uint32_t size;  // in memory
  std::uint32_t characteristics;
};

struct PeImport {
  std::string module;  // "ntoskrnl.exe"
  std::string name;
  std::uint32_t slot_rva;  // eight bytes that get the address
};

struct PeName {  // an export or a symbol
  std::string name;
  std::uint32_t rva;
};

struct PeFunction {  // RUNTIME_FUNCTION
  std::uint32_t begin_rva, end_rva, unwind_rva;
};

struct PeFile {
  std::uint64_t preferred_base = 0;
  std::uint32_t entry_rva = 0;
  std::uint32_t headers_size = 0;
  std::uint16_t dll_characteristics = 0;
  std::vector<std::byte> memory;  // size of the image; headers and sections at their places
  std::vector<PeSection> sections;
  std::vector<std::uint32_t> relocations;  // rvas of 64-bit addresses
  std::vector<PeImport> imports;
  std::vector<PeName> exports;
  std::vector<PeFunction> functions;  // sorted
  std::vector<PeName> symbols;        // from the COFF symbol table, sorted by rva; empty if stripped
};

// STATUS_INVALID_IMAGE_FORMAT with what is wrong and at which file offset or RVA.
HostResult<PeFile> parse_pe(std::span<const std::byte> file);

}  // namespace wdscope::host
