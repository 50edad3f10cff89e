// SPDX-License-Identifier: MIT
#include "cli/filter_sink.h"

#include <gtest/gtest.h>

#include <cstring>

#include "abi/defender/flags.h"
#include "event/decode.h"
#include "event/picture_samples.h"

namespace wdscope::cli {
namespace {

struct Kept final : Sink {
  Result<void> write(std::span<const std::byte> records) override {
    ++writes;
    return for_each_record(records, [this](std::span<const std::byte> record) -> Result<void> {
      sequences.push_back(read_sequence(record));
      return {};
    });
  }
  Result<void> flush() override { return {}; }

  static std::uint64_t read_sequence(std::span<const std::byte> record) {
    wire::RecordHeader header;
    std::memcpy(&header, record.data(), sizeof header);
    return header.sequence;
  }

  std::vector<std::uint64_t> sequences;
  int writes = 0;
};

class FilterSinkTest : public testing::Test {
 protected:
  void make(ProcessFilter filter) {
    auto kept = std::make_unique<Kept>();
    kept_ = kept.get();
    sink_ = std::make_unique<FilterSink>(std::move(kept), std::move(filter), picture_origin(), counts_);
  }
  void add(RecordBuilder builder) { builder.sequence(++sequence_).append_to(batch_); }

  FilterCounts counts_;
  Kept* kept_ = nullptr;
  std::unique_ptr<FilterSink> sink_;
  std::vector<std::byte> batch_;
  std::uint64_t sequence_ = 0;
};

TEST_F(FilterSinkTest, ATrustChangeIsFoundByTheImageOfItsProcess) {
  ProcessFilter filter;
  filter.patterns = {"cc"};
  make(filter);
  add(born(400, 0));
  add(RecordBuilder::create(404, 100).image(u"\\x\\ld").nt(kBuilderTime, 100));
  add(trust_changed(404, true));
  add(trust_changed(400, true));
  add(died(400, defender::flag::Terminating));
  ASSERT_TRUE(sink_->write(batch_));
  EXPECT_EQ(kept_->sequences, (std::vector<std::uint64_t>{1, 4, 5}));
  EXPECT_EQ(kept_->writes, 2) << "neighbours go on together";
  EXPECT_EQ(counts_.shown, 3u);
  EXPECT_EQ(counts_.hidden, 2u);
}

TEST_F(FilterSinkTest, LossesAlwaysPass) {
  ProcessFilter filter;
  filter.pids = {1};
  make(filter);
  add(born(400, 0));
  append_loss_record(batch_, 2, 5);
  ASSERT_TRUE(sink_->write(batch_));
  EXPECT_EQ(kept_->sequences, std::vector<std::uint64_t>{2});
}

TEST_F(FilterSinkTest, FlagsThatAreNotKnownAreCounted) {
  ProcessFilter filter;
  filter.excluded = true;
  make(filter);
  add(refreshed(400, true));
  add(born(404, 0));
  ASSERT_TRUE(sink_->write(batch_));
  EXPECT_TRUE(kept_->sequences.empty());
  EXPECT_EQ(counts_.hidden, 2u);
  EXPECT_EQ(counts_.hidden_unknown_flags, 1u);
}

TEST_F(FilterSinkTest, WhatIsWholeBeforeAMalformedRecordPasses) {
  make(ProcessFilter{});
  add(born(400, 0));
  batch_.resize(batch_.size() + 4);
  EXPECT_FALSE(sink_->write(batch_));
  EXPECT_EQ(kept_->sequences, std::vector<std::uint64_t>{1});
}

}  // namespace
}  // namespace wdscope::cli
