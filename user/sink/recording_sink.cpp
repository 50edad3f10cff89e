// SPDX-License-Identifier: MIT
#include "sink/recording_sink.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "event/decode.h"

namespace wdscope {
namespace {

constexpr std::chrono::seconds kLongestStay{1};
constexpr std::size_t kLargestRecord = wire::kMaximumBlockPayload - wire::kBlockTarget;
static_assert(wire::kMaximumRecordSize <= kLargestRecord);

}  // namespace

RecordingSink::RecordingSink(OutputFile output) : output_(std::move(output)) {
  block_.reserve(sizeof(wire::BlockHeader) + wire::kBlockTarget + wire::kMaximumRecordSize);
  block_.resize(sizeof(wire::BlockHeader));
}

Result<std::unique_ptr<RecordingSink>> RecordingSink::create(const std::filesystem::path& path,
                                                             const RecordingInfo& info, Overwrite overwrite) {
  auto output = OutputFile::create(path, overwrite);
  if (!output) return tl::make_unexpected(output.error());
  if (auto written = output->write(encode_recording_header(info)); !written) {
    return tl::make_unexpected(written.error());
  }
  return std::unique_ptr<RecordingSink>(new RecordingSink(std::move(*output)));
}

RecordingSink::~RecordingSink() {
  (void)close();  // nobody is left to tell
}

Result<void> RecordingSink::write(std::span<const std::byte> records) {
  auto written = for_each_record(records, [this](std::span<const std::byte> record) -> Result<void> {
    if (record.size() > kLargestRecord) {
      return failure(ErrorCode::InputDamaged, fmt::format("a record of {} bytes", record.size()));
    }
    wire::RecordHeader header;
    std::memcpy(&header, record.data(), sizeof header);
    if (record_count_ == 0) {
      first_sequence_ = next_sequence_;
      first_known_ = false;
      oldest_ = std::chrono::steady_clock::now();
    }
    if (header.kind == static_cast<std::uint16_t>(wire::RecordKind::Process)) {
      ++counts_.delivered;
      note_sequence(header.sequence, 1);
    } else if (header.kind == static_cast<std::uint16_t>(wire::RecordKind::Loss) &&
               record.size() >= sizeof(wire::LossRecord)) {
      wire::LossRecord loss;
      std::memcpy(&loss, record.data(), sizeof loss);
      counts_.lost += loss.lost_count;
      note_sequence(header.sequence, loss.lost_count);
    }
    block_.insert(block_.end(), record.begin(), record.end());
    ++record_count_;
    return block_.size() >= sizeof(wire::BlockHeader) + wire::kBlockTarget ? flush() : Result<void>();
  });
  if (!written) return written;
  if (record_count_ != 0 && std::chrono::steady_clock::now() - oldest_ >= kLongestStay) return flush();
  return {};
}

// Raw records stand between those that have a sequence and have none.
void RecordingSink::note_sequence(std::uint64_t first, std::uint64_t count) {
  if (!first_known_) first_sequence_ = first;
  first_known_ = true;
  next_sequence_ = first + count;
}

Result<void> RecordingSink::flush() {
  if (record_count_ == 0) return {};
  return write_block(wire::BlockKind::Records);
}

Result<void> RecordingSink::write_block(wire::BlockKind kind) {
  wire::BlockHeader header{};
  header.kind = static_cast<std::uint32_t>(kind);
  header.record_count = record_count_;
  header.first_sequence = record_count_ != 0 ? first_sequence_ : 0;
  seal_block(header, std::span(block_).subspan(sizeof header));
  std::memcpy(block_.data(), &header, sizeof header);
  auto written = output_.write(block_);
  block_.resize(sizeof header);
  record_count_ = 0;
  return written;
}

Result<void> RecordingSink::close() {
  if (std::exchange(closed_, true)) return {};
  if (auto flushed = flush(); !flushed) return flushed;
  const wire::EndPayload totals{counts_.delivered + counts_.lost, counts_.delivered, counts_.lost};
  const auto bytes = std::as_bytes(std::span(&totals, 1));
  block_.insert(block_.end(), bytes.begin(), bytes.end());
  if (auto written = write_block(wire::BlockKind::End); !written) return written;
  if (auto synced = output_.sync(); !synced) return synced;
  return output_.close();
}

}  // namespace wdscope
