// SPDX-License-Identifier: MIT
#include "cli/capturing_source.h"

namespace wdscope::cli {

Result<Batch> CapturingSource::next(std::chrono::milliseconds timeout) {
  const auto raw = capture_->read();
  if (!raw) return tl::make_unexpected(raw.error());
  if (!raw->empty()) return Batch{Batch::State::Records, *raw};
  return events_.next(timeout);
}

}  // namespace wdscope::cli
