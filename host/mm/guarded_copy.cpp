// SPDX-License-Identifier: MIT
#include "host/mm/guarded_copy.h"

#include "host/mm/fault.h"

extern "C" {
extern const char wdscope_guarded_copy_wide[];
extern const char wdscope_guarded_copy_bytes[];
extern const char wdscope_guarded_copy_done[];
}

namespace wdscope::host {

bool end_guarded_copy(greg_t* registers) {
  const auto rip = static_cast<std::uintptr_t>(registers[REG_RIP]);
  const auto at = [](const char* label) { return reinterpret_cast<std::uintptr_t>(label); };
  if (rip >= at(wdscope_guarded_copy_wide) && rip < at(wdscope_guarded_copy_bytes)) {
    registers[REG_RIP] = static_cast<greg_t>(at(wdscope_guarded_copy_bytes));
    return true;
  }
  if (rip >= at(wdscope_guarded_copy_bytes) && rip < at(wdscope_guarded_copy_done)) {
    registers[REG_RIP] = static_cast<greg_t>(at(wdscope_guarded_copy_done));
    return true;
  }
  return false;
}

}  // namespace wdscope::host
