// SPDX-License-Identifier: MIT
#include "capture/device_source.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <cstring>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "capture/nt_status.h"
#include "event/decode.h"
#include "event/record_builder.h"

namespace wdscope {
namespace {

using std::chrono::milliseconds;

// A device that answers each read with the next prepared reply and waits like the driver's when there is none.
class ScriptedChannel final : public DeviceChannel {
 public:
  wire::VersionReply version{wire::kProtocolVersion, wire::kSchemaVersion, 0x000100, 1, 7, 0, 65536, 0xB007};
  std::int32_t version_status = nt_status::kSuccess;
  std::size_t version_size = sizeof(wire::VersionReply);
  std::size_t evidence_size = sizeof(wire::Evidence);
  std::int32_t refresh_status = nt_status::kSuccess;
  std::vector<std::size_t> output_sizes;
  std::deque<wire::ReadRequest> requests;

  using Answer = std::function<Reply(std::span<std::byte> output)>;
  void prepare(Answer answer) {
    const std::lock_guard hold(lock_);
    answers_.push_back(std::move(answer));
  }
  void wait_for_reader() {
    std::unique_lock hold(lock_);
    changed_.wait(hold, [this] { return waiting_; });
  }

  Result<Reply> control(std::uint32_t code, std::span<const std::byte> input, std::span<std::byte> output) override {
    switch (code) {
      case wire::kControlVersion:
        std::memcpy(output.data(), &version, version_size);
        return Reply{version_status, version_size};
      case wire::kControlRefresh:
        return Reply{refresh_status, 0};
      case wire::kControlStatistics: {
        wire::Statistics statistics{};
        statistics.size = sizeof statistics;
        statistics.produced = 42;
        std::memcpy(output.data(), &statistics, sizeof statistics);
        return Reply{nt_status::kSuccess, sizeof statistics};
      }
      case wire::kControlEvidence: {
        wire::Evidence evidence{};
        evidence.size = sizeof evidence;
        evidence.generation = 2;
        std::memcpy(output.data(), &evidence, sizeof evidence);
        return Reply{nt_status::kSuccess, evidence_size};
      }
      default:
        return read(input, output);
    }
  }

  void cancel() override {
    const std::lock_guard hold(lock_);
    cancelled_ = true;
    changed_.notify_all();
  }

  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;
  std::uint64_t produced = 0;

 private:
  Result<Reply> read(std::span<const std::byte> input, std::span<std::byte> output) {
    std::unique_lock hold(lock_);
    wire::ReadRequest request;
    std::memcpy(&request, input.data(), sizeof request);
    requests.push_back(request);
    output_sizes.push_back(output.size());
    if (!answers_.empty()) {
      const Answer answer = std::move(answers_.front());
      answers_.pop_front();
      return answer(output);
    }
    if (request.minimum_records != 0) {
      waiting_ = true;
      changed_.notify_all();
      const bool cancelled = changed_.wait_for(hold, milliseconds(request.timeout_ms), [this] { return cancelled_; });
      waiting_ = false;
      if (cancelled) {
        cancelled_ = false;
        return Reply{nt_status::kCancelled, 0};
      }
    }
    const wire::ReadReply empty{0, 0, delivered, lost, produced};
    std::memcpy(output.data(), &empty, sizeof empty);
    return Reply{nt_status::kSuccess, sizeof empty};
  }

  std::mutex lock_;
  std::condition_variable changed_;
  std::deque<Answer> answers_;
  bool waiting_ = false;
  bool cancelled_ = false;
};

ScriptedChannel::Answer answer(wire::ReadReply reply, std::vector<std::byte> records) {
  return [=](std::span<std::byte> output) -> DeviceChannel::Reply {
    std::memcpy(output.data(), &reply, sizeof reply);
    std::memcpy(output.data() + sizeof reply, records.data(), records.size());
    return {nt_status::kSuccess, sizeof reply + records.size()};
  };
}

std::vector<std::byte> process_records(std::uint64_t first, std::uint64_t count) {
  std::vector<std::byte> bytes;
  for (std::uint64_t i = 0; i < count; ++i) RecordBuilder::terminate(400).sequence(first + i).append_to(bytes);
  return bytes;
}

struct Opened {
  ScriptedChannel* channel;
  std::unique_ptr<DeviceSource> source;
};
Opened open() {
  auto channel = std::make_unique<ScriptedChannel>();
  ScriptedChannel* view = channel.get();
  auto source = DeviceSource::open(std::move(channel), Origin{});
  EXPECT_TRUE(source) << source.error().what;
  return {view, std::move(*source)};
}

Error open_error(const std::function<void(ScriptedChannel&)>& spoil) {
  auto channel = std::make_unique<ScriptedChannel>();
  spoil(*channel);
  const auto source = DeviceSource::open(std::move(channel), Origin{});
  EXPECT_FALSE(source);
  return source ? Error{ErrorCode::Usage, {}, {}, 0} : source.error();
}

TEST(DeviceSource, TakesTheBootIdFromTheHandshake) {
  EXPECT_EQ(open().source->origin().boot_id, 0xB007u);
}

TEST(DeviceSource, AnotherProtocolIsIncompatibleAndBothNumbersAreNamed) {
  const Error newer = open_error([](ScriptedChannel& channel) { channel.version.protocol_version = 9; });
  EXPECT_EQ(newer.code, ErrorCode::Incompatible);
  EXPECT_EQ(newer.what, "the observer speaks protocol 9, this program speaks protocol 1: the program is the older one");
  EXPECT_EQ(newer.advice, "use the wdscope that came with the driver");
  const Error older = open_error([](ScriptedChannel& channel) { channel.version.protocol_version = 0; });
  EXPECT_EQ(older.what, "the observer speaks protocol 0, this program speaks protocol 1: the driver is the older one");
  EXPECT_NE(older.advice.find("came with this program"), std::string::npos);
}

TEST(DeviceSource, AnotherProtocolWithAShorterReplyIsStillIncompatible) {
  const Error error = open_error([](ScriptedChannel& channel) {
    channel.version.protocol_version = 9;
    channel.version_size = 4;
  });
  EXPECT_EQ(error.code, ErrorCode::Incompatible);
}

TEST(DeviceSource, ADeniedOpenIsNotPermitted) {
  const Error error = open_error([](ScriptedChannel& channel) { channel.version_status = nt_status::kAccessDenied; });
  EXPECT_EQ(error.code, ErrorCode::NotPermitted);
  EXPECT_EQ(error.native, nt_status::kAccessDenied);
}

TEST(DeviceSource, DeliversRecordsAndCountsThem) {
  auto [channel, source] = open();
  auto records = process_records(5, 2);
  append_loss_record(records, 7, 10);
  channel->prepare(answer({3, 0, 2, 10, 20}, records));
  const auto batch = source->next(milliseconds(1000));
  ASSERT_TRUE(batch) << batch.error().what;
  EXPECT_EQ(batch->state, Batch::State::Records);
  EXPECT_EQ(batch->records.size(), records.size());
  EXPECT_EQ(std::memcmp(batch->records.data(), records.data(), records.size()), 0);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(batch->records.data()) % 8, 0u);
  EXPECT_EQ(source->counts().delivered, 2u);
  EXPECT_EQ(source->counts().lost, 10u);
  EXPECT_EQ(source->produced(), 20u);
  EXPECT_EQ(source->unread(), 3u);
}

TEST(DeviceSource, GrowsItsBufferForARecordThatDoesNotFit) {
  auto [channel, source] = open();
  channel->prepare([](std::span<std::byte> output) -> DeviceChannel::Reply {
    const wire::ReadReply reply{0, 300'000, 0, 0, 1};
    std::memcpy(output.data(), &reply, sizeof reply);
    return {nt_status::kBufferTooSmall, sizeof reply};
  });
  channel->prepare(answer({1, 0, 1, 0, 1}, process_records(0, 1)));
  const auto batch = source->next(milliseconds(1000));
  ASSERT_TRUE(batch) << batch.error().what;
  EXPECT_EQ(batch->state, Batch::State::Records);
  ASSERT_EQ(channel->output_sizes.size(), 2u);
  EXPECT_LT(channel->output_sizes[0], 300'000u);
  EXPECT_GE(channel->output_sizes[1], 300'000u);
}

class DeviceSourceWants : public testing::TestWithParam<std::uint32_t> {};

TEST_P(DeviceSourceWants, ASizeThatNoRecordHasIsBroken) {
  auto [channel, source] = open();
  channel->prepare([](std::span<std::byte> output) -> DeviceChannel::Reply {
    const wire::ReadReply reply{0, GetParam(), 0, 0, 1};
    std::memcpy(output.data(), &reply, sizeof reply);
    return {nt_status::kBufferTooSmall, 0};
  });
  const auto batch = source->next(milliseconds(1000));
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code, ErrorCode::Internal);
}

INSTANTIATE_TEST_SUITE_P(Sizes, DeviceSourceWants, testing::Values(8u, 0x200000u, 0xFFFFFFFFu));

TEST(DeviceSource, NothingWithinTheTimeIsATimeOut) {
  auto [channel, source] = open();
  const auto batch = source->next(milliseconds(1));
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->state, Batch::State::TimedOut);
}

TEST(DeviceSource, ATimeOutOfZeroDoesNotWait) {
  auto [channel, source] = open();
  const auto batch = source->next(milliseconds(0));
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->state, Batch::State::TimedOut);
  EXPECT_EQ(channel->requests.back().minimum_records, 0u);
}

TEST(DeviceSource, CancelEndsAWaitOfAnyLength) {
  auto [channel, source] = open();
  std::thread canceller([view = channel, reader = source.get()] {
    view->wait_for_reader();
    reader->cancel();
  });
  const auto batch = source->next(milliseconds::max());
  canceller.join();
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->state, Batch::State::End);
}

TEST(DeviceSource, WhatWasMadeBeforeCancelIsStillDelivered) {
  auto [channel, source] = open();
  source->cancel();
  channel->prepare(answer({2, 0, 2, 0, 4}, process_records(0, 2)));
  channel->prepare(answer({2, 0, 4, 0, 9}, process_records(2, 2)));
  channel->prepare(answer({5, 0, 9, 0, 9}, process_records(4, 5)));
  EXPECT_EQ(source->next(milliseconds(1000))->state, Batch::State::Records);
  EXPECT_EQ(source->next(milliseconds(1000))->state, Batch::State::Records);
  EXPECT_EQ(source->next(milliseconds(1000))->state, Batch::State::End);
  EXPECT_EQ(source->counts().delivered, 4u);
}

Error read_error(wire::ReadReply reply, const std::vector<std::byte>& records) {
  auto [channel, source] = open();
  channel->prepare(answer(reply, records));
  const auto batch = source->next(milliseconds(1000));
  EXPECT_FALSE(batch);
  return batch ? Error{ErrorCode::Usage, {}, {}, 0} : batch.error();
}

TEST(DeviceSource, ADeviceThatMiscountsIsBroken) {
  EXPECT_EQ(read_error({1, 0, 2, 0, 9}, process_records(0, 1)).code, ErrorCode::Internal);  // delivered
  EXPECT_EQ(read_error({1, 0, 1, 1, 9}, process_records(0, 1)).code, ErrorCode::Internal);  // lost
  EXPECT_EQ(read_error({2, 0, 1, 0, 9}, process_records(0, 1)).code, ErrorCode::Internal);  // records
  EXPECT_EQ(read_error({1, 0, 1, 0, 7}, process_records(7, 1)).code, ErrorCode::Internal);  // produced
}

TEST(DeviceSource, AHoleInTheSequencesThatNoLossCoversIsBroken) {
  auto records = process_records(0, 1);
  RecordBuilder::terminate(4).sequence(2).append_to(records);
  const Error error = read_error({2, 0, 2, 0, 9}, records);
  EXPECT_EQ(error.code, ErrorCode::Internal);
  EXPECT_NE(error.what.find("record 2 follows record 0"), std::string::npos) << error.what;
}

TEST(DeviceSource, AMalformedRecordIsBroken) {
  auto records = process_records(0, 1);
  records.resize(records.size() - 8);
  EXPECT_EQ(read_error({1, 0, 1, 0, 1}, records).code, ErrorCode::Internal);
}

TEST(DeviceSource, ARefusedReadTellsItsStatus) {
  auto [channel, source] = open();
  channel->prepare([](std::span<std::byte>) -> DeviceChannel::Reply {
    return {static_cast<std::int32_t>(0xC0000184), 0};
  });
  const auto batch = source->next(milliseconds(1000));
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code, ErrorCode::SourceUnavailable);
  EXPECT_NE(batch.error().what.find("0xC0000184"), std::string::npos) << batch.error().what;
}

TEST(DeviceSource, EvidencePassesThroughWholeOrNotAtAll) {
  auto [channel, source] = open();
  EXPECT_EQ(source->evidence()->generation, 2u);
  channel->evidence_size -= 8;
  EXPECT_EQ(source->evidence().error().code, ErrorCode::Internal);
}

TEST(DeviceSource, StatisticsAndRefreshPassThrough) {
  auto [channel, source] = open();
  EXPECT_EQ(source->statistics()->produced, 42u);
  EXPECT_TRUE(source->refresh());
  channel->refresh_status = nt_status::kDeviceBusy;
  EXPECT_EQ(source->refresh().error().native, nt_status::kDeviceBusy);
  channel->refresh_status = nt_status::kNotFound;
  EXPECT_EQ(source->refresh().error().code, ErrorCode::SourceUnavailable);
}

}  // namespace
}  // namespace wdscope
