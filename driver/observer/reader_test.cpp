// SPDX-License-Identifier: MIT
#include "observer/reader.h"

#include "kit/test.h"

namespace wdscope::observer {
namespace {

constexpr std::size_t kRingSize = 1024;
constexpr std::size_t kMinimumSize = 32;

void produce(kit::EventRing& ring, std::uint32_t count, std::uint32_t size = kMinimumSize) {
  for (std::uint32_t index = 0; index < count; ++index) {
    std::uint64_t words[32]{};
    const wire::RecordHeader header{size, static_cast<std::uint16_t>(wire::RecordKind::Process), 32, 0};
    RtlCopyMemory(words, &header, sizeof(header));
    ring.publish(words);
  }
}

struct Output {
  wire::ReadReply reply;
  std::uint64_t words[256];

  wire::RecordHeader header_at(std::size_t offset) const {
    wire::RecordHeader header;
    RtlCopyMemory(&header, reinterpret_cast<const std::uint8_t*>(words) + offset, sizeof(header));
    return header;
  }
};

void check_account(const kit::EventRing& ring, const Reader& reader, std::uint64_t unread) {
  KERNEL_CHECK_EQUAL(ring.head_sequence() - reader.start(), reader.delivered() + reader.lost() + unread);
}

KERNEL_TEST("Reader: it begins at the oldest record and is given each once") {
  kit::EventRing ring;
  KERNEL_REQUIRE(NT_SUCCESS(ring.start(kRingSize, kMinimumSize)));
  produce(ring, 3);
  Reader reader(ring);
  Output output;
  const auto [status, size] = reader.fill(&output, sizeof(output));
  KERNEL_CHECK_EQUAL(status, STATUS_SUCCESS);
  KERNEL_CHECK_EQUAL(size, sizeof(wire::ReadReply) + 96);
  KERNEL_CHECK_EQUAL(output.reply.record_count, 3u);
  KERNEL_CHECK_EQUAL(output.reply.delivered, 3u);
  KERNEL_CHECK_EQUAL(output.reply.produced, 3u);
  KERNEL_CHECK_EQUAL(output.header_at(64).sequence, 2u);
  reader.fill(&output, sizeof(output));
  KERNEL_CHECK_EQUAL(output.reply.record_count, 0u);
  check_account(ring, reader, 0);
}

KERNEL_TEST("Reader: an overtaken reader gets one exact loss record in place, then what is left") {
  kit::EventRing ring;
  KERNEL_REQUIRE(NT_SUCCESS(ring.start(kRingSize, kMinimumSize)));
  Reader reader(ring);
  produce(ring, 50);  // 32 fit
  Output output;
  const auto [status, size] = reader.fill(&output, sizeof(output));
  KERNEL_CHECK_EQUAL(status, STATUS_SUCCESS);
  KERNEL_CHECK_EQUAL(output.reply.record_count, 33u);
  KERNEL_CHECK_EQUAL(output.reply.delivered, 32u);
  KERNEL_CHECK_EQUAL(output.reply.lost, 18u);
  const wire::RecordHeader loss = output.header_at(0);
  KERNEL_CHECK_EQUAL(loss.kind, static_cast<std::uint16_t>(wire::RecordKind::Loss));
  KERNEL_CHECK_EQUAL(loss.size, sizeof(wire::LossRecord));
  KERNEL_CHECK_EQUAL(loss.sequence, 0u);
  KERNEL_CHECK_EQUAL(output.words[2], 18u);
  KERNEL_CHECK_EQUAL(output.header_at(sizeof(wire::LossRecord)).sequence, 18u);
  check_account(ring, reader, 0);
}

KERNEL_TEST("Reader: a record that does not fit is not skipped, and its size is told") {
  kit::EventRing ring;
  KERNEL_REQUIRE(NT_SUCCESS(ring.start(kRingSize, kMinimumSize)));
  Reader reader(ring);
  produce(ring, 1, 32);
  produce(ring, 1, 128);
  Output output;
  auto filled = reader.fill(&output, sizeof(wire::ReadReply) + 40);
  KERNEL_CHECK_EQUAL(filled.status, STATUS_SUCCESS);
  KERNEL_CHECK_EQUAL(output.reply.record_count, 1u);
  KERNEL_CHECK_EQUAL(output.reply.needed_size, sizeof(wire::ReadReply) + 128);
  filled = reader.fill(&output, sizeof(wire::ReadReply) + 40);
  KERNEL_CHECK_EQUAL(filled.status, STATUS_BUFFER_TOO_SMALL);
  KERNEL_CHECK_EQUAL(filled.size, sizeof(wire::ReadReply));
  KERNEL_CHECK_EQUAL(output.reply.needed_size, sizeof(wire::ReadReply) + 128);
  check_account(ring, reader, 1);
  filled = reader.fill(&output, output.reply.needed_size);
  KERNEL_CHECK_EQUAL(filled.status, STATUS_SUCCESS);
  KERNEL_CHECK_EQUAL(output.reply.record_count, 1u);
  KERNEL_CHECK_EQUAL(output.header_at(0).sequence, 1u);
  check_account(ring, reader, 0);
}

KERNEL_TEST("Reader: the room for a loss record is asked for too") {
  kit::EventRing ring;
  KERNEL_REQUIRE(NT_SUCCESS(ring.start(kRingSize, kMinimumSize)));
  Reader reader(ring);
  produce(ring, 40);
  Output output;
  const auto [status, size] = reader.fill(&output, sizeof(wire::ReadReply));
  KERNEL_CHECK_EQUAL(status, STATUS_BUFFER_TOO_SMALL);
  KERNEL_CHECK_EQUAL(output.reply.needed_size, sizeof(wire::ReadReply) + sizeof(wire::LossRecord));
  check_account(ring, reader, 40);
}

KERNEL_TEST("Reader: it has a minimum when that many more are produced") {
  kit::EventRing ring;
  KERNEL_REQUIRE(NT_SUCCESS(ring.start(kRingSize, kMinimumSize)));
  Reader reader(ring);
  KERNEL_CHECK(reader.has(0));
  KERNEL_CHECK(!reader.has(1));
  produce(ring, 2);
  KERNEL_CHECK(reader.has(2));
  KERNEL_CHECK(!reader.has(3));
  KERNEL_CHECK_EQUAL(reader.awaited_head(3), 3u);
}

}  // namespace
}  // namespace wdscope::observer
