// SPDX-License-Identifier: MIT
// Lets through the events of the processes that a filter means; losses always. An event is judged by what is known of
// its process when it has been heard, so that a trust change, which names no image, is found by the image all the same.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "event/event.h"
#include "event/process_filter.h"
#include "event/process_picture.h"
#include "event/source.h"

namespace wdscope::cli {

struct FilterCounts {
  std::uint64_t shown = 0;
  std::uint64_t hidden = 0;
  std::uint64_t hidden_unknown_flags = 0;  // of these: flags were asked for, and those of the process are not known
};

class FilterSink final : public Sink {
 public:
  // `next` gets what passes; `counts` is kept up to date. Both references must outlive it.
  FilterSink(std::unique_ptr<Sink> next, ProcessFilter filter, Origin origin, FilterCounts& counts);

  // As the next sink's; a record of an unknown kind passes.
  Result<void> write(std::span<const std::byte> records) override;
  Result<void> flush() override { return next_->flush(); }

 private:
  enum class Passes : std::uint8_t { Yes, No };
  Result<Passes> judge(std::span<const std::byte> record);

  std::unique_ptr<Sink> next_;
  ProcessFilter filter_;
  Origin origin_;
  FilterCounts& counts_;
  ProcessPicture picture_{ProcessPicture::Ended::Forgotten};
};

}  // namespace wdscope::cli
