// SPDX-License-Identifier: MIT
// MP_DATA of the notifier that is loaded, at the published offsets. Nobody exports it; but it is the context of the
// notifier's registration on the Nri object (wdfilter.md C.5 step 4), and there anybody who has the object finds it.
#pragma once

#include <cstdint>
#include <cstring>

#include "abi/wire/engine.h"

namespace wdscope::test {

class MpDataView {
 public:
  // A notifier of this profile must be loaded; the view is good until it is unloaded.
  explicit MpDataView(wire::NotifierProfile profile);

  // The member that 1910 has at one offset and 25080 at the other.
  template <class T = std::uint32_t>
  T read(std::uint32_t offset_1910, std::uint32_t offset_25080) const {
    T value;
    std::memcpy(&value, bytes_ + (older_ ? offset_1910 : offset_25080), sizeof value);
    return value;
  }
  template <class T>
  void write(std::uint32_t offset_1910, std::uint32_t offset_25080, T value) {
    std::memcpy(bytes_ + (older_ ? offset_1910 : offset_25080), &value, sizeof value);
  }

 private:
  bool older_;
  std::uint8_t* bytes_;
};

}  // namespace wdscope::test
