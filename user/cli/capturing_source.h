// SPDX-License-Identifier: MIT
// Events with the raw records of a capture between them, for a recording that can be calibrated from.
#pragma once

#include <memory>

#include "capture/raw_capture.h"
#include "event/source.h"

namespace wdscope::cli {

class CapturingSource final : public Source {
 public:
  // `events` must outlive it.
  CapturingSource(Source& events, std::unique_ptr<RawCapture> capture)
      : events_(events), capture_(std::move(capture)) {}

  const Origin& origin() const override { return events_.origin(); }
  // Raw records first, whenever there are some.
  Result<Batch> next(std::chrono::milliseconds timeout) override;
  void cancel() override { events_.cancel(); }
  SourceCounts counts() const override { return events_.counts(); }

 private:
  Source& events_;
  std::unique_ptr<RawCapture> capture_;
};

}  // namespace wdscope::cli
