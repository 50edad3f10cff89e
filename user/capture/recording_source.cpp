// SPDX-License-Identifier: MIT
// A block is believed only when both of its checksums hold. Where one does not, the next place with a sound block
// header is where reading goes on: first right behind the damaged block, if its own header is whole, else wherever the
// magic is found. The sequences tell how many records the damage took.
#include "capture/recording_source.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <string_view>

#include "event/decode.h"

namespace wdscope {
namespace {

constexpr std::size_t kScanChunk = 64 * 1024;

Error about(const std::string& name, Error error) {
  error.what = fmt::format("{} {}", name, error.what);
  return error;
}

// The sequences a record stands for, if it has any.
struct Sequences {
  wire::RecordKind kind;
  std::uint64_t first;
  std::uint64_t count;
};
std::optional<Sequences> sequences_of(std::span<const std::byte> record) {
  wire::RecordHeader header;
  std::memcpy(&header, record.data(), sizeof header);
  const auto kind = static_cast<wire::RecordKind>(header.kind);
  if (kind == wire::RecordKind::Process) return Sequences{kind, header.sequence, 1};
  if (kind == wire::RecordKind::Loss && record.size() >= sizeof(wire::LossRecord)) {
    wire::LossRecord loss;
    std::memcpy(&loss, record.data(), sizeof loss);
    return Sequences{kind, header.sequence, loss.lost_count};
  }
  return std::nullopt;
}

}  // namespace

Result<std::unique_ptr<RecordingSource>> RecordingSource::open(const std::filesystem::path& path) {
  auto file = InputFile::open(path);
  if (!file) return tl::make_unexpected(file.error());
  std::unique_ptr<RecordingSource> source(new RecordingSource(std::move(*file)));
  if (auto read = source->read_header(); !read) return tl::make_unexpected(read.error());
  return source;
}

Result<void> RecordingSource::read_header() {
  std::vector<std::byte> bytes(sizeof(wire::RecordingHeader));
  auto got = file_.read_at(0, bytes);
  if (!got) return tl::make_unexpected(got.error());
  const auto size = recording_header_size(std::span(bytes).first(*got));
  if (!size) return tl::make_unexpected(about(file_.name(), size.error()));
  bytes.resize(*size);
  got = file_.read_at(0, bytes);
  if (!got) return tl::make_unexpected(got.error());
  auto info = decode_recording_header(std::span(bytes).first(*got));
  if (!info) return tl::make_unexpected(about(file_.name(), info.error()));
  info_ = std::move(*info);
  offset_ = *size;
  return {};
}

Result<bool> RecordingSource::header_at(std::uint64_t offset, wire::BlockHeader& header) {
  const auto got = file_.read_at(offset, std::as_writable_bytes(std::span(&header, 1)));
  if (!got) return tl::make_unexpected(got.error());
  return *got == sizeof header && block_header_is_sound(header);
}

Result<RecordingSource::Found> RecordingSource::read_block() {
  for (;;) {
    const auto got = file_.read_at(offset_, std::as_writable_bytes(std::span(&header_, 1)));
    if (!got) return tl::make_unexpected(got.error());
    if (*got == 0) return Found::EndOfFile;
    if (*got == sizeof header_ && block_header_is_sound(header_)) {
      payload_.resize(header_.payload_size);
      const auto payload = file_.read_at(offset_ + sizeof header_, payload_);
      if (!payload) return tl::make_unexpected(payload.error());
      if (block_payload_is_sound(header_, std::span(payload_).first(*payload))) {
        offset_ += sizeof header_ + header_.payload_size;
        return Found::Block;
      }
      note_damage(offset_, *payload == header_.payload_size ? "a block whose checksum does not hold"
                                                            : "a block that is cut off");
      const auto skipped = skip_damaged_block(header_);
      if (!skipped) return tl::make_unexpected(skipped.error());
      if (*skipped) continue;
    } else {
      note_damage(offset_, *got == sizeof header_ ? "no whole block header" : "a block header that is cut off");
    }
    auto found = find_block(offset_ + 1);
    if (!found || *found == Found::EndOfFile) return found;
  }
}

// Moves behind the block if what stands there is a block or the end of the file.
Result<bool> RecordingSource::skip_damaged_block(const wire::BlockHeader& header) {
  const std::uint64_t behind = offset_ + sizeof header + header.payload_size;
  wire::BlockHeader next;
  auto sound = header_at(behind, next);
  if (sound && *sound) offset_ = behind;
  return sound;
}

Result<RecordingSource::Found> RecordingSource::find_block(std::uint64_t from) {
  const std::string_view magic(wire::kBlockMagic, sizeof wire::kBlockMagic);
  std::vector<std::byte> chunk(kScanChunk);
  for (;;) {
    const auto got = file_.read_at(from, chunk);
    if (!got) return tl::make_unexpected(got.error());
    if (*got < magic.size()) {
      offset_ = from + *got;
      return Found::EndOfFile;
    }
    const std::string_view text(reinterpret_cast<const char*>(chunk.data()), *got);
    for (auto at = text.find(magic); at != std::string_view::npos; at = text.find(magic, at + 1)) {
      wire::BlockHeader candidate;
      const auto sound = header_at(from + at, candidate);
      if (!sound) return tl::make_unexpected(sound.error());
      if (*sound) {
        offset_ = from + at;
        return Found::Block;
      }
    }
    from += *got - (magic.size() - 1);  // a magic may lie across two chunks
  }
}

void RecordingSource::note_damage(std::uint64_t offset, std::string what) {
  gap_ = true;
  if (!sequence_known_) start_lost_ = true;
  if (damage_) {
    ++damage_->places;
  } else {
    damage_ = Damage{offset, std::move(what), 1};
  }
}

Result<Batch> RecordingSource::next(std::chrono::milliseconds) {
  if (cancelled_) return Batch{Batch::State::End, {}};
  if (payload_pending_) {
    payload_pending_ = false;
    const Batch batch = deliver(offset_ - payload_.size());
    if (!batch.records.empty()) return batch;
  }
  while (!ended_) {
    const auto found = read_block();
    if (!found) return tl::make_unexpected(found.error());
    if (*found == Found::EndOfFile || header_.kind == static_cast<std::uint32_t>(wire::BlockKind::End)) {
      if (*found == Found::Block) std::memcpy(&totals_.emplace(), payload_.data(), sizeof(wire::EndPayload));
      ended_ = true;
      const auto last = close_stream();
      if (!last) return tl::make_unexpected(last.error());
      if (*last) return **last;
      break;
    }
    if (gap_ && sequence_known_ && header_.first_sequence > next_sequence_) {
      payload_pending_ = true;
      return missing_records(header_.first_sequence - next_sequence_);
    }
    const Batch batch = deliver(offset_ - payload_.size());
    if (!batch.records.empty()) return batch;
  }
  return tell_damage();
}

Batch RecordingSource::deliver(std::uint64_t block_offset) {
  gap_ = false;
  std::size_t whole = 0;
  std::uint32_t count = 0;
  const auto walked = for_each_record(payload_, [&](std::span<const std::byte> record) -> Result<void> {
    if (const auto sequences = sequences_of(record)) {
      (sequences->kind == wire::RecordKind::Loss ? counts_.lost : counts_.delivered) += sequences->count;
      next_sequence_ = sequences->first + sequences->count;
      sequence_known_ = true;
    }
    whole += record.size();
    ++count;
    return {};
  });
  if (!walked) {
    note_damage(block_offset + whole, "a malformed record");
  } else if (count != header_.record_count) {
    note_damage(block_offset, fmt::format("a block of {} records that says {}", count, header_.record_count));
  }
  return Batch{Batch::State::Records, std::span(payload_).first(whole)};
}

Batch RecordingSource::missing_records(std::uint64_t count) {
  wire::LossRecord loss{};
  loss.header = {sizeof loss, static_cast<std::uint16_t>(wire::RecordKind::Loss), sizeof loss, next_sequence_};
  loss.lost_count = count;
  loss_.resize(sizeof loss);
  std::memcpy(loss_.data(), &loss, sizeof loss);
  counts_.lost += count;
  next_sequence_ += count;
  gap_ = false;
  return Batch{Batch::State::Records, loss_};
}

// What the end block adds: records that the damage took behind the last one delivered, and disagreement.
Result<std::optional<Batch>> RecordingSource::close_stream() {
  std::byte one;
  const auto behind = file_.read_at(offset_, std::span(&one, 1));
  if (!behind) return tl::make_unexpected(behind.error());
  if (!totals_) {
    if (!damage_) note_damage(offset_, "no closing block: the recording was cut off or is still being written");
    return std::nullopt;
  }
  const bool trailing = *behind != 0;
  const std::uint64_t seen = counts_.delivered + counts_.lost;
  std::optional<Batch> last;
  if (gap_ && sequence_known_ && !start_lost_ && totals_->produced > seen) {
    last = missing_records(totals_->produced - seen);
  } else if (!damage_ && (totals_->delivered != counts_.delivered || totals_->lost != counts_.lost)) {
    note_damage(offset_ - sizeof(wire::EndPayload),
                fmt::format("{} delivered and {} lost, and not {} and {}", counts_.delivered, counts_.lost,
                            totals_->delivered, totals_->lost));
  }
  if (trailing) note_damage(offset_, "bytes behind the closing block");
  return last;
}

Result<Batch> RecordingSource::tell_damage() {
  if (!damage_) return Batch{Batch::State::End, {}};
  const Damage damage = *std::exchange(damage_, std::nullopt);
  const std::string more = damage.places > 1 ? fmt::format(" ({} damaged places in all)", damage.places) : "";
  return failure(ErrorCode::InputDamaged,
                 fmt::format("{} is damaged at offset {}: {}{}", file_.name(), damage.first_offset, damage.what, more),
                 "everything that is whole was delivered");
}

}  // namespace wdscope
