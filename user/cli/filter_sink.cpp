// SPDX-License-Identifier: MIT
#include "cli/filter_sink.h"

#include <utility>

#include "event/decode.h"

namespace wdscope::cli {

FilterSink::FilterSink(std::unique_ptr<Sink> next, ProcessFilter filter, Origin origin, FilterCounts& counts)
    : next_(std::move(next)), filter_(std::move(filter)), origin_(std::move(origin)), counts_(counts) {}

Result<void> FilterSink::write(std::span<const std::byte> records) {
  // Neighbours that pass go on together.
  std::size_t begin = 0;
  std::size_t end = 0;
  const auto pass_on = [&]() -> Result<void> {
    const auto run = records.subspan(begin, end - begin);
    begin = end;
    return run.empty() ? Result<void>() : next_->write(run);
  };
  auto walked = for_each_record(records, [&](std::span<const std::byte> record) -> Result<void> {
    const auto passes = judge(record);
    if (!passes) return tl::unexpected(passes.error());
    if (*passes == Passes::No) {
      if (auto written = pass_on(); !written) return written;
      begin += record.size();
    }
    end += record.size();
    return {};
  });
  // What was whole before a malformed record is shown.
  const auto written = pass_on();
  return walked ? written : walked;
}

Result<FilterSink::Passes> FilterSink::judge(std::span<const std::byte> record) {
  const auto event = decode(record, origin_);
  if (!event) {
    if (event.error().code == ErrorCode::Incompatible) return Passes::Yes;
    return tl::unexpected(event.error());
  }
  if (const auto* loss = std::get_if<LossEvent>(&*event)) {
    picture_.add(*loss);
    return Passes::Yes;
  }
  const auto* happening = std::get_if<ProcessEvent>(&*event);
  if (happening != nullptr && happening->snapshot) return Passes::Yes;
  const ProcessState* process = happening != nullptr ? picture_.add(*happening) : nullptr;
  if (process != nullptr && filter_.matches(*process, origin_)) {
    ++counts_.shown;
    return Passes::Yes;
  }
  ++counts_.hidden;
  const bool asks_for_flags = filter_.excluded || filter_.flags != 0 || filter_.state != 0;
  if (asks_for_flags && (process == nullptr || !process->context)) ++counts_.hidden_unknown_flags;
  return Passes::No;
}

}  // namespace wdscope::cli
