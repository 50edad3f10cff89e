// SPDX-License-Identifier: MIT
#include "kit/event_ring.h"

#include "abi/wire/record.h"
#include "kit/test.h"

namespace wdscope::kit {
namespace {

constexpr std::size_t kRingSize = 1024;
constexpr std::size_t kMinimumSize = 32;

// A record of `words` words whose every payload word is `content`.
class Record {
 public:
  Record(std::size_t words, std::uint64_t content) {
    for (std::uint64_t& word : words_) word = content;
    wire::RecordHeader header{static_cast<std::uint32_t>(words * 8), 1, 32, 0};
    RtlCopyMemory(words_, &header, sizeof(header));
  }
  std::uint64_t* data() { return words_; }

 private:
  std::uint64_t words_[128];
};

struct Copy {
  std::uint64_t words[128];
  std::uint64_t sequence() const { return words[1]; }
  std::uint64_t content(std::size_t word) const { return words[word]; }
};

KERNEL_TEST("EventRing: a record comes back as it was written") {
  EventRing ring;
  KERNEL_REQUIRE(NT_SUCCESS(ring.start(kRingSize, kMinimumSize)));
  KERNEL_CHECK(ring.publish(Record(4, 77).data()) == EventRing::Published::Quiet);
  Copy copy;
  const auto [outcome, size] = ring.read(0, &copy, sizeof(copy));
  KERNEL_REQUIRE(outcome == EventRing::Outcome::Copied);
  KERNEL_CHECK_EQUAL(size, 32u);
  KERNEL_CHECK_EQUAL(copy.sequence(), 0u);
  KERNEL_CHECK_EQUAL(copy.content(3), 77u);
  KERNEL_CHECK(ring.read(1, &copy, sizeof(copy)).outcome == EventRing::Outcome::Empty);
}

KERNEL_TEST("EventRing: records that wrap round the end come back whole, sequences in order") {
  EventRing ring;
  KERNEL_REQUIRE(NT_SUCCESS(ring.start(kRingSize, kMinimumSize)));
  Copy copy;
  constexpr std::uint64_t kUntouched = 0xEEEE'EEEE'EEEE'EEEE;
  for (std::uint64_t sequence = 0; sequence < 500; ++sequence) {
    const std::size_t words = 4 + sequence % 29;
    Record record(words, 0);
    for (std::size_t word = 2; word < words; ++word) record.data()[word] = sequence << 32 | word;
    KERNEL_REQUIRE(ring.publish(record.data()) == EventRing::Published::Quiet);
    for (std::uint64_t& word : copy.words) word = kUntouched;
    const auto [outcome, size] = ring.read(sequence, &copy, sizeof(copy));
    KERNEL_REQUIRE(outcome == EventRing::Outcome::Copied && size == words * 8);
    KERNEL_CHECK_EQUAL(copy.content(words), kUntouched);
    KERNEL_CHECK_EQUAL(copy.sequence(), sequence);
    for (std::size_t word = 2; word < words; ++word) KERNEL_CHECK_EQUAL(copy.content(word), sequence << 32 | word);
  }
}

KERNEL_TEST("EventRing: the oldest records go first, and every live one is whole") {
  EventRing ring;
  KERNEL_REQUIRE(NT_SUCCESS(ring.start(kRingSize, kMinimumSize)));
  Copy copy;
  for (std::uint64_t sequence = 0; sequence < 200; ++sequence) {
    const std::size_t words = 4 + sequence % 60;
    KERNEL_REQUIRE(ring.publish(Record(words, sequence).data()) == EventRing::Published::Quiet);
    const std::uint64_t tail = ring.tail_sequence();
    std::size_t used = 0;
    for (std::uint64_t live = tail; live <= sequence; ++live) {
      const auto [outcome, size] = ring.read(live, &copy, sizeof(copy));
      KERNEL_REQUIRE(outcome == EventRing::Outcome::Copied);
      KERNEL_CHECK_EQUAL(copy.content(size / 8 - 1), live);
      used += size;
    }
    KERNEL_CHECK_EQUAL(used, ring.used());
    KERNEL_CHECK(used <= kRingSize);
    if (tail != 0) {
      KERNEL_CHECK(ring.read(tail - 1, &copy, sizeof(copy)).outcome == EventRing::Outcome::Overtaken);
      // Nothing was given up without need.
      KERNEL_CHECK(used + (4 + (tail - 1) % 60) * 8 > kRingSize);
    }
  }
}

KERNEL_TEST("EventRing: a ring exactly full keeps everything") {
  EventRing ring;
  KERNEL_REQUIRE(NT_SUCCESS(ring.start(kRingSize, kMinimumSize)));
  for (std::uint64_t sequence = 0; sequence < 32; ++sequence) {
    KERNEL_CHECK(ring.publish(Record(4, sequence).data()) == EventRing::Published::Quiet);
  }
  KERNEL_CHECK_EQUAL(ring.used(), kRingSize);
  KERNEL_CHECK_EQUAL(ring.tail_sequence(), 0u);
  KERNEL_CHECK(ring.publish(Record(4, 32).data()) == EventRing::Published::Quiet);
  KERNEL_CHECK_EQUAL(ring.tail_sequence(), 1u);
  Copy copy;
  KERNEL_CHECK(ring.read(1, &copy, sizeof(copy)).outcome == EventRing::Outcome::Copied);
  KERNEL_CHECK_EQUAL(copy.content(2), 1u);
}

KERNEL_TEST("EventRing: a record that needs more room than the reader has says how much") {
  EventRing ring;
  KERNEL_REQUIRE(NT_SUCCESS(ring.start(kRingSize, kMinimumSize)));
  KERNEL_CHECK(ring.publish(Record(10, 5).data()) == EventRing::Published::Quiet);
  Copy copy;
  const auto [outcome, size] = ring.read(0, &copy, 72);
  KERNEL_CHECK(outcome == EventRing::Outcome::TooSmall);
  KERNEL_CHECK_EQUAL(size, 80u);
}

KERNEL_TEST("EventRing: a record as large as the ring is refused and nothing is lost for it") {
  EventRing ring;
  KERNEL_REQUIRE(NT_SUCCESS(ring.start(256, kMinimumSize)));
  KERNEL_CHECK(ring.publish(Record(4, 1).data()) == EventRing::Published::Quiet);
  KERNEL_CHECK(ring.publish(Record(32, 2).data()) == EventRing::Published::TooLarge);
  KERNEL_CHECK_EQUAL(ring.head_sequence(), 1u);
  KERNEL_CHECK_EQUAL(ring.tail_sequence(), 0u);
  KERNEL_CHECK(ring.publish(Record(31, 3).data()) == EventRing::Published::Quiet);
  KERNEL_CHECK_EQUAL(ring.tail_sequence(), 1u);
}

KERNEL_TEST("EventRing: the awaited record is announced once") {
  EventRing ring;
  KERNEL_REQUIRE(NT_SUCCESS(ring.start(kRingSize, kMinimumSize)));
  ring.arm(2);
  KERNEL_CHECK(ring.publish(Record(4, 0).data()) == EventRing::Published::Quiet);
  KERNEL_CHECK(ring.publish(Record(4, 1).data()) == EventRing::Published::Awaited);
  KERNEL_CHECK(ring.publish(Record(4, 2).data()) == EventRing::Published::Quiet);
  ring.arm(1);  // long past: the next publish says so
  KERNEL_CHECK(ring.publish(Record(4, 3).data()) == EventRing::Published::Awaited);
}

KERNEL_TEST("EventRing: sizes that make no ring are refused") {
  KERNEL_CHECK(EventRing().start(0, kMinimumSize) == STATUS_INVALID_PARAMETER);
  KERNEL_CHECK(EventRing().start(1001, kMinimumSize) == STATUS_INVALID_PARAMETER);
  KERNEL_CHECK(EventRing().start(1024, 8) == STATUS_INVALID_PARAMETER);
}

}  // namespace
}  // namespace wdscope::kit
