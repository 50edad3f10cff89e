// SPDX-License-Identifier: MIT
// Readers: waiting, time-outs, cancellation, a slow one's exact loss, and each one's account.
#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "observer/frames.h"
#include "observer/observer_story.h"

namespace wdscope::tests {
namespace {

using defender::OperationType;

class Reading : public ObserverStory {
 protected:
  Reading() : ObserverStory(256) {}

  // Exits of process 4, one record each.
  void produce(std::uint64_t count) {
    const auto frame = frame_a5(4, 0, OperationType::Terminate, 0);
    for (std::uint64_t index = 0; index < count; ++index) notify(&frame.Info);
  }
  std::uint64_t ring_capacity() { return client().version().ring_size / sizeof(wire::ProcessRecord); }
};

void expect_account(Client& reader, std::uint64_t unread) {
  const wire::Statistics statistics = reader.statistics();
  EXPECT_EQ(statistics.produced - statistics.reader_start,
            statistics.reader_delivered + statistics.reader_lost + unread);
}

TEST_F(Reading, ARecordIsDeliveredOnceToEachReaderInOrder) {
  Client first = client();
  Client second = client();
  produce(5);
  for (Client* reader : {&first, &second}) {
    const std::vector<Record> records = reader->drain();
    ASSERT_EQ(records.size(), 5u);
    for (std::uint64_t index = 0; index < 5; ++index) EXPECT_EQ(records[index].header().sequence, index);
    EXPECT_TRUE(reader->drain().empty());
    expect_account(*reader, 0);
  }
}

TEST_F(Reading, AReaderBeginsAtTheOldestRecordStillThere) {
  produce(3);
  Client early = client();
  EXPECT_EQ(early.drain().size(), 3u);
  const std::uint64_t capacity = ring_capacity();
  produce(2 * capacity);
  Client late = client();
  EXPECT_EQ(late.statistics().reader_start, late.statistics().overwritten);
  const std::vector<Record> records = late.drain();
  ASSERT_FALSE(records.empty());
  EXPECT_FALSE(records.front().is_loss());
  EXPECT_EQ(records.size(), capacity);
  expect_account(late, 0);
}

TEST_F(Reading, ASlowReaderIsToldExactlyWhatItLostWhereItLostIt) {
  Client slow = client();
  produce(10);
  ASSERT_EQ(slow.drain().size(), 10u);
  const std::uint64_t capacity = ring_capacity();
  produce(capacity + 100);
  const std::vector<Record> records = slow.drain();
  ASSERT_TRUE(records.front().is_loss());
  EXPECT_EQ(records.front().header().sequence, 10u);
  EXPECT_EQ(records.front().loss().lost_count, 100u);
  ASSERT_EQ(records.size(), 1 + capacity);
  for (std::size_t index = 1; index < records.size(); ++index) {
    EXPECT_EQ(records[index].header().sequence, 110 + index - 1);
  }
  const wire::Statistics statistics = slow.statistics();
  EXPECT_EQ(statistics.reader_lost, 100u);
  EXPECT_EQ(statistics.overwritten, 110u);
  expect_account(slow, 0);
}

TEST_F(Reading, TheReplyKeepsTheReadersAccount) {
  Client reader = client();
  produce(7);
  const Client::Batch batch = reader.read();
  EXPECT_EQ(batch.reply.record_count, 7u);
  EXPECT_EQ(batch.reply.delivered, 7u);
  EXPECT_EQ(batch.reply.lost, 0u);
  EXPECT_EQ(batch.reply.produced, 7u);
  EXPECT_EQ(batch.reply.needed_size, 0u);
  EXPECT_EQ(batch.information, sizeof(wire::ReadReply) + 7 * sizeof(wire::ProcessRecord));
}

TEST_F(Reading, ASmallBufferTakesWholeRecordsAndLeavesTheRest) {
  Client reader = client();
  produce(5);
  const std::size_t size = sizeof(wire::ReadReply) + 2 * sizeof(wire::ProcessRecord) + 100;
  EXPECT_EQ(reader.read(0, 0, size).records.size(), 2u);
  expect_account(reader, 3);
  EXPECT_EQ(reader.read(0, 0, size).records.size(), 2u);
  EXPECT_EQ(reader.read(0, 0, size).records.size(), 1u);
  EXPECT_EQ(reader.read(0, 0, size).records.size(), 0u);
}

TEST_F(Reading, ABufferForNothingSaysWhatWouldDo) {
  Client reader = client();
  produce(1);
  const Client::Batch small = reader.read(0, 0, sizeof(wire::ReadReply));
  EXPECT_EQ(small.status, host::kStatusBufferTooSmall);
  EXPECT_EQ(small.reply.record_count, 0u);
  EXPECT_EQ(small.reply.needed_size, sizeof(wire::ReadReply) + sizeof(wire::ProcessRecord));
  expect_account(reader, 1);
  EXPECT_EQ(reader.read(0, 0, small.reply.needed_size).records.size(), 1u);
}

TEST_F(Reading, NothingThereAndNoTimeIsSuccessWithNothing) {
  Client reader = client();
  const Client::Batch batch = reader.read(1, 0);
  EXPECT_EQ(batch.status, host::kStatusSuccess);
  EXPECT_TRUE(batch.records.empty());
  EXPECT_EQ(batch.information, sizeof(wire::ReadReply));
}

TEST_F(Reading, ATimeOutIsSuccessWithWhatIsThere) {
  Client reader = client();
  EXPECT_TRUE(reader.read(1, 1).records.empty());
  produce(2);
  const Client::Batch batch = reader.read(3, 1);
  EXPECT_EQ(batch.status, host::kStatusSuccess);
  EXPECT_EQ(batch.records.size(), 2u);
}

TEST_F(Reading, AWaitingReadEndsWithItsRecord) {
  Client reader = client();
  std::jthread producer([&] { produce(1); });
  const Client::Batch batch = reader.read(1, Client::kForEver);
  EXPECT_EQ(batch.status, host::kStatusSuccess);
  EXPECT_EQ(batch.records.size(), 1u);
}

TEST_F(Reading, AWaitingReadGetsItsMinimum) {
  Client reader = client();
  std::jthread producer([&] { produce(100); });
  const Client::Batch batch = reader.read(100, Client::kForEver);
  EXPECT_EQ(batch.records.size(), 100u);
}

TEST_F(Reading, AMinimumThatTheRingCannotHoldEndsWhenItIsProduced) {
  Client reader = client();
  const auto minimum = static_cast<std::uint32_t>(ring_capacity() + 50);
  std::jthread producer([&] { produce(minimum); });
  const Client::Batch batch = reader.read(minimum, Client::kForEver);
  EXPECT_EQ(batch.status, host::kStatusSuccess);
  EXPECT_EQ(batch.reply.delivered + batch.reply.lost, minimum);
  EXPECT_TRUE(batch.records.front().is_loss());
}

TEST_F(Reading, EveryWaitingReaderIsWoken) {
  constexpr int kReaders = 6;
  std::atomic<int> served{0};
  std::vector<std::jthread> threads;
  for (int index = 0; index < kReaders; ++index) {
    threads.emplace_back([&, index] {
      Client reader = client();
      const Client::Batch batch = reader.read(static_cast<std::uint32_t>(index) + 1, Client::kForEver);
      if (batch.records.size() >= static_cast<std::size_t>(index) + 1) ++served;
    });
  }
  while (served != kReaders) {
    produce(1);
    std::this_thread::yield();
  }
}

TEST_F(Reading, TwoReadsOfOneHandleShareTheRecords) {
  Client reader = client();
  constexpr std::uint64_t kCount = 400;
  std::atomic<std::uint64_t> received{0};
  std::vector<std::jthread> threads;
  for (int index = 0; index < 2; ++index) {
    threads.emplace_back([&] {
      std::uint64_t last = 0;
      while (received < kCount) {
        const Client::Batch batch = reader.read(1, 5);
        EXPECT_EQ(batch.status, host::kStatusSuccess);
        for (const Record& record : batch.records) {
          EXPECT_GE(record.header().sequence, last);
          last = record.header().sequence;
        }
        received += batch.records.size();
      }
    });
  }
  produce(kCount);
  threads.clear();
  EXPECT_EQ(received, kCount);
  expect_account(reader, 0);
}

TEST_F(Reading, ACancelledReadEndsAndTakesNothing) {
  Client reader = client();
  std::atomic<bool> ended{false};
  std::jthread waiting([&] {
    EXPECT_EQ(reader.read(1, Client::kForEver).status, host::kStatusCancelled);
    ended = true;
  });
  while (!ended) {
    reader.file().cancel();
    std::this_thread::yield();
  }
  produce(1);
  EXPECT_EQ(reader.drain().size(), 1u);
}

TEST_F(Reading, ATimedReadCanBeCancelledToo) {
  Client reader = client();
  std::atomic<bool> ended{false};
  std::jthread waiting([&] {
    EXPECT_EQ(reader.read(1, 0xFFFFFFFE).status, host::kStatusCancelled);
    ended = true;
  });
  while (!ended) {
    reader.file().cancel();
    std::this_thread::yield();
  }
}

}  // namespace
}  // namespace wdscope::tests
