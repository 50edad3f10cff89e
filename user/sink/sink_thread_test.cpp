// SPDX-License-Identifier: MIT
#include "sink/sink_thread.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace wdscope {
namespace {

// What came, and what of it was flushed; fails at a batch that begins with 0xFF. Waits before the first for `gate`.
class Receiver final : public Sink {
 public:
  struct Received {
    std::vector<std::byte> bytes;
    std::size_t flushed = 0;
    int writes = 0;
    std::promise<void> gate;
  };
  explicit Receiver(Received& received) : received_(received), open_(received.gate.get_future()) {}

  Result<void> write(std::span<const std::byte> records) override {
    if (open_.valid()) open_.get();
    if (records.front() == std::byte{0xFF}) return failure(ErrorCode::OutputFailed, "no room");
    ++received_.writes;
    received_.bytes.insert(received_.bytes.end(), records.begin(), records.end());
    return {};
  }
  Result<void> flush() override {
    received_.flushed = received_.bytes.size();
    return {};
  }

 private:
  Received& received_;
  std::future<void> open_;
};

std::vector<std::byte> batch(int number) {
  return std::vector<std::byte>(static_cast<std::size_t>(1 + number % 7), std::byte(number % 200));
}

TEST(SinkThread, WritesEverythingInTheOrderGiven) {
  Receiver::Received received;
  received.gate.set_value();
  std::vector<std::byte> expected;
  {
    SinkThread thread(std::make_unique<Receiver>(received));
    for (int number = 0; number < 2000; ++number) {
      const auto bytes = batch(number);
      expected.insert(expected.end(), bytes.begin(), bytes.end());
      ASSERT_TRUE(thread.write(bytes));
    }
  }
  EXPECT_EQ(received.bytes, expected);
}

TEST(SinkThread, FlushesWhatWasGivenBefore) {
  Receiver::Received received;
  SinkThread thread(std::make_unique<Receiver>(received));
  ASSERT_TRUE(thread.write(batch(1)));
  ASSERT_TRUE(thread.write(batch(2)));  // returns while the first is still being written
  received.gate.set_value();
  ASSERT_TRUE(thread.flush());
  EXPECT_EQ(received.flushed, batch(1).size() + batch(2).size());
}

TEST(SinkThread, GathersSmallBatches) {
  Receiver::Received received;
  received.gate.set_value();
  SinkThread thread(std::make_unique<Receiver>(received), 100);
  const std::vector<std::byte> small(30);
  for (int number = 0; number < 8; ++number) ASSERT_TRUE(thread.write(small));
  ASSERT_TRUE(thread.flush());
  EXPECT_EQ(received.bytes.size(), 8 * small.size());
  EXPECT_EQ(received.writes, 2);
}

TEST(SinkThread, TellsAnErrorLaterAndWritesNothingAfterIt) {
  Receiver::Received received;
  received.gate.set_value();
  SinkThread thread(std::make_unique<Receiver>(received), 1);
  ASSERT_TRUE(thread.write(batch(1)));
  ASSERT_TRUE(thread.write(std::vector{std::byte{0xFF}}));
  const auto settled = thread.settle();
  ASSERT_FALSE(settled);
  EXPECT_EQ(settled.error().what, "no room");
  const auto written = thread.write(batch(2));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::OutputFailed);
  EXPECT_FALSE(thread.flush());
  EXPECT_EQ(received.bytes, batch(1));
}

}  // namespace
}  // namespace wdscope
