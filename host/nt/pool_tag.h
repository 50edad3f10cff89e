// SPDX-License-Identifier: MIT
// Pool tags, written as they read in memory.
#pragma once

#include "host/nt/base.h"

namespace wdscope::host {

constexpr Ulong pool_tag(const char (&text)[5]) {
  Ulong tag = 0;
  for (int i = 3; i >= 0; --i) tag = tag << 8 | static_cast<unsigned char>(text[i]);
  return tag;
}

}  // namespace wdscope::host
