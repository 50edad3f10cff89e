// SPDX-License-Identifier: MIT
// Memory descriptor lists at their x64 layout (source: header, mingw-w64 DDK).
#pragma once

#include "host/nt/base.h"

namespace wdscope::host {

struct Process;

inline constexpr std::int16_t kMdlMappedToSystemVa = 0x1;
inline constexpr std::int16_t kMdlPagesLocked = 0x2;
inline constexpr std::int16_t kMdlSourceIsNonpagedPool = 0x4;
inline constexpr std::int16_t kMdlAllocatedFixedSize = 0x8;
inline constexpr std::int16_t kMdlWriteOperation = 0x80;

struct Mdl {  // MDL; the page frame numbers follow
  Mdl* next;
  std::int16_t size;
  std::int16_t mdl_flags;
  Process* process;
  void* mapped_system_va;
  void* start_va;  // page-aligned
  Ulong byte_count;
  Ulong byte_offset;
};
static_assert(sizeof(Mdl) == 0x30);

}  // namespace wdscope::host
