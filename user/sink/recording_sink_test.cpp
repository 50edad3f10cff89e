// SPDX-License-Identifier: MIT
// The writer and the reader of recordings against each other and against damage.
#include "sink/recording_sink.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string_view>

#include "capture/recording_source.h"
#include "event/record_builder.h"

namespace wdscope {
namespace {

using std::chrono::milliseconds;

RecordingInfo sample_info() {
  RecordingInfo info;
  info.origin.profile = "1910";
  info.origin.pid_factor = 4;
  info.program_version = "0.1.0";
  return info;
}

std::vector<std::byte> process_records(std::uint64_t first, std::uint64_t count) {
  std::vector<std::byte> bytes;
  for (std::uint64_t i = 0; i < count; ++i) RecordBuilder::typical_create(first + i).append_to(bytes);
  return bytes;
}

struct Replay {
  std::vector<std::byte> records;
  std::optional<Error> error;
  SourceCounts counts;
};

class Recording : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) / ("recording" + std::to_string(std::random_device{}()));
    ASSERT_TRUE(std::filesystem::create_directory(folder_));
    path_ = folder_ / "r.wdscope";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<RecordingSink> sink(Overwrite overwrite = Overwrite::No) {
    auto made = RecordingSink::create(path_, sample_info(), overwrite);
    EXPECT_TRUE(made) << made.error().what;
    return std::move(*made);
  }
  // Blocks of two records each: 0 1 | 2 3 | ...
  void record_blocks(std::uint64_t blocks) {
    const auto out = sink();
    for (std::uint64_t i = 0; i < blocks; ++i) {
      ASSERT_TRUE(out->write(process_records(2 * i, 2)));
      ASSERT_TRUE(out->flush());
    }
    ASSERT_TRUE(out->close());
  }
  std::string content() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void replace(const std::string& bytes) const { std::ofstream(path_, std::ios::binary) << bytes; }
  // Where block `index` begins in the file.
  std::size_t block_offset(std::size_t index) const {
    const std::string bytes = content();
    const std::string_view magic(wire::kBlockMagic, sizeof wire::kBlockMagic);
    std::size_t at = bytes.find(magic);
    while (index-- > 0) at = bytes.find(magic, at + 1);
    return at;
  }
  Replay replay() const {
    Replay result;
    auto source = RecordingSource::open(path_);
    if (!source) {
      result.error = source.error();
      return result;
    }
    for (;;) {
      const auto batch = (*source)->next(milliseconds(0));
      if (!batch) {
        EXPECT_FALSE(result.error) << "told twice";
        result.error = batch.error();
        continue;
      }
      if (batch->state == Batch::State::End) break;
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(batch->records.data()) % 8, 0u);
      result.records.insert(result.records.end(), batch->records.begin(), batch->records.end());
    }
    result.counts = (*source)->counts();
    return result;
  }

  std::filesystem::path folder_;
  std::filesystem::path path_;
};

TEST_F(Recording, GivesBackTheSameBytes) {
  auto records = process_records(0, 3);
  append_loss_record(records, 3, 5);
  RecordBuilder::terminate(400).sequence(8).append_to(records);
  {
    const auto out = sink();
    ASSERT_TRUE(out->write(records));
    ASSERT_TRUE(out->close());
    EXPECT_EQ(out->counts().delivered, 4u);
  }
  const Replay got = replay();
  EXPECT_FALSE(got.error) << got.error->what;
  EXPECT_EQ(got.records, records);
  EXPECT_EQ(got.counts.delivered, 4u);
  EXPECT_EQ(got.counts.lost, 5u);
}

TEST_F(Recording, TellsItsOriginAndTotals) {
  record_blocks(2);
  const auto source = RecordingSource::open(path_);
  ASSERT_TRUE(source);
  EXPECT_EQ((*source)->origin().profile, "1910");
  EXPECT_EQ((*source)->origin().pid_factor, 4u);
  EXPECT_TRUE((*source)->origin().replayed);
  while ((*source)->next(milliseconds(0))->state != Batch::State::End) {
  }
  ASSERT_TRUE((*source)->totals());
  EXPECT_EQ((*source)->totals()->produced, 4u);
}

TEST_F(Recording, AnEmptyOneIsWhole) {
  ASSERT_TRUE(sink()->close());
  const Replay got = replay();
  EXPECT_FALSE(got.error);
  EXPECT_TRUE(got.records.empty());
}

TEST_F(Recording, ManyRecordsMakeBlocksOfAMebibyte) {
  const auto records = process_records(0, 5000);
  {
    const auto out = sink();
    ASSERT_TRUE(out->write(records));
    ASSERT_TRUE(out->close());
  }
  EXPECT_GT(records.size(), 2u * wire::kBlockTarget);
  EXPECT_GE(block_offset(1) - block_offset(0), wire::kBlockTarget);
  const Replay got = replay();
  EXPECT_FALSE(got.error);
  EXPECT_EQ(got.records, records);
}

TEST_F(Recording, OverwritesNothingUnlessTold) {
  record_blocks(1);
  const std::string before = content();
  const auto refused = RecordingSink::create(path_, sample_info(), Overwrite::No);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::OutputFailed);
  EXPECT_NE(refused.error().advice.find("--force"), std::string::npos);
  EXPECT_EQ(content(), before);
  EXPECT_TRUE(sink(Overwrite::Yes)->close());
  EXPECT_TRUE(replay().records.empty());
}

TEST_F(Recording, AfterACrashEverythingFlushedIsThereAndTheCutIsTold) {
  record_blocks(3);
  const std::size_t end = block_offset(3);  // the closing block
  const std::string bytes = content();
  replace(bytes.substr(0, end));
  const Replay got = replay();
  EXPECT_EQ(got.records, process_records(0, 6));
  ASSERT_TRUE(got.error);
  EXPECT_EQ(got.error->code, ErrorCode::InputDamaged);
  EXPECT_NE(got.error->what.find(std::to_string(end)), std::string::npos) << got.error->what;
}

TEST_F(Recording, CutAnywhereItGivesEveryWholeBlock) {
  record_blocks(3);
  const std::string bytes = content();
  const std::size_t starts[] = {block_offset(0), block_offset(1), block_offset(2), block_offset(3)};
  for (std::size_t size = starts[0]; size < bytes.size(); size += 7) {
    replace(bytes.substr(0, size));
    const auto whole = static_cast<std::uint64_t>(std::upper_bound(starts, starts + 4, size) - starts - 1);
    const Replay got = replay();
    ASSERT_EQ(got.records, process_records(0, 2 * whole)) << size;
    ASSERT_TRUE(got.error) << size;
    ASSERT_EQ(got.error->code, ErrorCode::InputDamaged);
  }
}

TEST_F(Recording, ADamagedBlockIsALossInItsPlaceAndItsOffsetIsTold) {
  record_blocks(3);
  std::string bytes = content();
  const std::size_t damaged = block_offset(1);
  bytes[damaged + sizeof(wire::BlockHeader) + 100] ^= 1;
  replace(bytes);
  auto expected = process_records(0, 2);
  append_loss_record(expected, 2, 2);
  const auto rest = process_records(4, 2);
  expected.insert(expected.end(), rest.begin(), rest.end());
  const Replay got = replay();
  EXPECT_EQ(got.records, expected);
  EXPECT_EQ(got.counts.delivered, 4u);
  EXPECT_EQ(got.counts.lost, 2u);
  ASSERT_TRUE(got.error);
  EXPECT_NE(got.error->what.find("offset " + std::to_string(damaged)), std::string::npos) << got.error->what;
}

TEST_F(Recording, ADamagedLastBlockIsALossBeforeTheEnd) {
  record_blocks(2);
  std::string bytes = content();
  bytes[block_offset(1) + sizeof(wire::BlockHeader)] ^= 1;
  replace(bytes);
  auto expected = process_records(0, 2);
  append_loss_record(expected, 2, 2);
  const Replay got = replay();
  EXPECT_EQ(got.records, expected);
  EXPECT_EQ(got.counts.delivered + got.counts.lost, 4u);
  EXPECT_TRUE(got.error);
}

TEST_F(Recording, ADamagedFirstBlockLeavesTheRest) {
  record_blocks(2);
  std::string bytes = content();
  bytes[block_offset(0) + 3] ^= 1;
  replace(bytes);
  const Replay got = replay();
  EXPECT_EQ(got.records, process_records(2, 2));
  EXPECT_TRUE(got.error);
}

TEST_F(Recording, BytesPutInOrTakenOutCostOneBlockAtMost) {
  record_blocks(3);
  const std::string bytes = content();
  std::string longer = bytes;
  longer.insert(block_offset(1) + 200, "inserted");
  std::string shorter = bytes;
  shorter.erase(block_offset(1) + 200, 13);
  for (const std::string& changed : {longer, shorter}) {
    replace(changed);
    const Replay got = replay();
    EXPECT_EQ(got.counts.delivered, 4u);
    EXPECT_EQ(got.counts.lost, 2u);
    EXPECT_TRUE(got.error);
  }
}

TEST_F(Recording, AnyChangedByteIsToldOnceAndNeverBelieved) {
  record_blocks(2);
  const std::string bytes = content();
  const std::size_t first = block_offset(0);
  for (std::size_t i = first; i < bytes.size(); i += 5) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x40);
    replace(changed);
    const Replay got = replay();
    ASSERT_TRUE(got.error) << i;
    ASSERT_LE(got.counts.delivered + got.counts.lost, 4u) << i;
    ASSERT_GE(got.counts.delivered, 2u) << i;
  }
}

TEST_F(Recording, BytesBehindTheEndAreTold) {
  record_blocks(1);
  replace(content() + "x");
  const Replay got = replay();
  EXPECT_EQ(got.records, process_records(0, 2));
  EXPECT_TRUE(got.error);
}

TEST_F(Recording, SomethingElseIsNoRecording) {
  replace("{\"schema\":\"wdscope.event/1\"}\n");
  const Replay got = replay();
  ASSERT_TRUE(got.error);
  EXPECT_EQ(got.error->code, ErrorCode::InputDamaged);
  EXPECT_NE(got.error->what.find(path_.string()), std::string::npos);
}

TEST_F(Recording, AMissingFileIsUnreadable) {
  const Replay got = replay();
  ASSERT_TRUE(got.error);
  EXPECT_EQ(got.error->code, ErrorCode::InputUnreadable);
}

TEST_F(Recording, MalformedRecordsAreNotRecorded) {
  auto records = process_records(0, 2);
  records.resize(records.size() - 8);
  const auto out = sink();
  const auto written = out->write(records);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::InputDamaged);
  ASSERT_TRUE(out->close());
  EXPECT_EQ(replay().records, process_records(0, 1));
}

}  // namespace
}  // namespace wdscope
