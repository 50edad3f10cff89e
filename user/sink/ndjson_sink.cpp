// SPDX-License-Identifier: MIT
#include "sink/ndjson_sink.h"

#include <utility>

#include "event/decode.h"
#include "event/json.h"

namespace wdscope {
namespace {

constexpr std::size_t kBufferSize = 256 * 1024;

}  // namespace

NdjsonSink::NdjsonSink(OutputFile output, Origin origin, FlushPolicy policy)
    : output_(std::move(output)), origin_(std::move(origin)), policy_(policy) {
  buffer_.reserve(kBufferSize + kBufferSize / 4);
}

NdjsonSink::~NdjsonSink() {
  (void)write_out();  // nobody is left to tell; close() is for those who want to know
}

Result<void> NdjsonSink::write(std::span<const std::byte> records) {
  auto written = for_each_record(records, [this](std::span<const std::byte> record) -> Result<void> {
    auto appended = append_json_record(buffer_, record, origin_);
    if (!appended) {
      if (appended.error().code != ErrorCode::Incompatible) return appended;
      ++skipped_;
      return {};
    }
    ++lines_;
    return buffer_.size() >= kBufferSize ? write_out() : Result<void>();
  });
  if (policy_ == FlushPolicy::WhenFull) return written;
  auto visible = write_out();
  return written ? visible : written;
}

Result<void> NdjsonSink::flush() {
  return write_out();
}

Result<void> NdjsonSink::close() {
  auto written = write_out();
  auto closed = output_.close();
  return written ? closed : written;
}

Result<void> NdjsonSink::write_out() {
  if (buffer_.empty()) return {};
  auto written = output_.write(std::as_bytes(std::span(buffer_)));
  buffer_.clear();
  return written;
}

}  // namespace wdscope
