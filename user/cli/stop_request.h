// SPDX-License-Identifier: MIT
// How a pump is told from elsewhere that it is time to end.
#pragma once

#include <atomic>
#include <cstdint>

namespace wdscope::cli {

// Any thread may ask; the first reason stands.
class StopRequest {
 public:
  enum class Reason : std::uint8_t { None, CommandEnded, Interrupted };

  void ask(Reason reason) {
    Reason none = Reason::None;
    reason_.compare_exchange_strong(none, reason);
  }
  Reason reason() const { return reason_.load(); }

 private:
  std::atomic<Reason> reason_ = Reason::None;
};

}  // namespace wdscope::cli
