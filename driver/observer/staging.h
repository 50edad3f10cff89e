// SPDX-License-Identifier: MIT
// Buffers for records whose texts do not fit the callback's stack: allocated at load, because the callback allocates
// nothing. Taking and giving back is lock-free.
#pragma once

#include <cstddef>
#include <cstdint>

#include "abi/wire/record.h"
#include "kit/nt.h"
#include "kit/pool.h"

namespace wdscope::observer {

class Staging {
 public:
  static constexpr std::size_t kBufferSize = wire::kMaximumRecordSize;

  Staging() = default;
  ~Staging() { stop(); }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  // Two buffers for each processor, at most kMaximumCount. STATUS_INSUFFICIENT_RESOURCES leaves none. PASSIVE_LEVEL.
  [[nodiscard]] NTSTATUS start();
  // Frees them; all must have been given back. PASSIVE_LEVEL.
  void stop();

  // A buffer of kBufferSize bytes, content undefined, or null when all are taken. IRQL <= DISPATCH_LEVEL.
  std::uint64_t* take();
  void give_back(std::uint64_t* buffer);

 private:
  static constexpr std::size_t kMaximumCount = 64;
  alignas(16) SLIST_HEADER free_{};
};

}  // namespace wdscope::observer
