// SPDX-License-Identifier: MIT
// Any bytes as a recording; and, so that the checksums are no wall, any bytes as blocks behind a sound header, each
// sealed or not. Reading ends, tells damage once, and counts what it delivers.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "capture/recording_source.h"
#include "event/decode.h"
#include "require.h"

using namespace wdscope;

namespace {

constexpr std::uint8_t kRaw = 0;  // the input's first byte; any other: blocks

void append(std::vector<std::byte>& file, std::span<const std::byte> bytes) {
  file.insert(file.end(), bytes.begin(), bytes.end());
}

// One control byte, one length byte (of eight bytes each), the payload; again.
std::vector<std::byte> file_of_blocks(std::span<const std::byte> input) {
  std::vector<std::byte> file = encode_recording_header({});
  while (input.size() > 2) {
    const auto control = static_cast<std::uint8_t>(input[0]);
    const std::size_t size = std::min<std::size_t>(static_cast<std::size_t>(input[1]) * 8, (input.size() - 2) / 8 * 8);
    const auto payload = input.subspan(2, size);
    wire::BlockHeader header{};
    header.kind = (control & 1) != 0 ? 2 : 1;
    header.record_count = control >> 4;
    if (payload.size() >= sizeof(wire::RecordHeader)) std::memcpy(&header.first_sequence, payload.data() + 8, 8);
    seal_block(header, payload);
    if ((control & 2) != 0) header.payload_checksum ^= 1;
    if ((control & 4) == 0) append(file, std::as_bytes(std::span(&header, 1)));
    append(file, payload);
    input = input.subspan(2 + size);
  }
  return file;
}

void replay(const std::string& path) {
  const auto source = RecordingSource::open(path);
  if (!source) return;
  SourceCounts seen;
  int told = 0;
  for (;;) {
    const auto batch = (*source)->next(std::chrono::milliseconds(0));
    if (!batch) {
      fuzz::require(++told == 1, "damage is told once");
      continue;
    }
    if (batch->state == Batch::State::End) break;
    fuzz::require(!batch->records.empty(), "a batch holds records");
    const auto walked = for_each_record(batch->records, [&](std::span<const std::byte> record) -> Result<void> {
      wire::LossRecord loss{};
      std::memcpy(&loss, record.data(), std::min(record.size(), sizeof loss));
      if (loss.header.kind == static_cast<std::uint16_t>(wire::RecordKind::Process)) ++seen.delivered;
      if (loss.header.kind == static_cast<std::uint16_t>(wire::RecordKind::Loss) && record.size() >= sizeof loss) {
        seen.lost += loss.lost_count;
      }
      return {};
    });
    fuzz::require(walked.has_value(), "a batch holds whole records");
  }
  fuzz::require(seen.delivered == (*source)->counts().delivered, "delivered is what was delivered");
  fuzz::require(seen.lost == (*source)->counts().lost, "lost is what loss records stand for");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto input = std::as_bytes(std::span(data + 1, size - 1));
  const std::vector<std::byte> blocks = data[0] == kRaw ? std::vector<std::byte>() : file_of_blocks(input);
  const auto file = data[0] == kRaw ? input : std::span<const std::byte>(blocks);
  const int descriptor = memfd_create("recording", MFD_CLOEXEC);
  fuzz::require(descriptor >= 0, "a file in memory can be had");
  fuzz::require(::write(descriptor, file.data(), file.size()) == static_cast<ssize_t>(file.size()), "and be written");
  replay("/proc/self/fd/" + std::to_string(descriptor));
  ::close(descriptor);
  return 0;
}
