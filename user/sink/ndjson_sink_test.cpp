// SPDX-License-Identifier: MIT
#include "sink/ndjson_sink.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "event/json.h"
#include "event/record_builder.h"
#include "event/sample_records.h"

namespace wdscope {
namespace {

namespace fs = std::filesystem;

class Ndjson : public testing::Test {
 protected:
  Ndjson() : path_(fs::path(testing::TempDir()) / ("ndjson" + std::to_string(std::random_device{}()))) {}
  ~Ndjson() override { fs::remove(path_); }

  NdjsonSink sink(NdjsonSink::FlushPolicy policy) const {
    auto file = OutputFile::create(path_, Overwrite::Yes);
    EXPECT_TRUE(file) << file.error().what;
    return NdjsonSink(std::move(*file), Origin{}, policy);
  }
  std::string read() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  fs::path path_;
};

std::vector<std::byte> two_records() {
  std::vector<std::byte> bytes;
  RecordBuilder::terminate(400).append_to(bytes);
  RecordBuilder::typical_create(1).append_to(bytes);
  return bytes;
}

std::string two_lines() {
  std::string lines;
  EXPECT_TRUE(append_json_record(lines, RecordBuilder::terminate(400).build(), Origin{}));
  EXPECT_TRUE(append_json_record(lines, RecordBuilder::typical_create(1).build(), Origin{}));
  return lines;
}

TEST_F(Ndjson, ALiveSinkShowsEachBatch) {
  NdjsonSink out = sink(NdjsonSink::FlushPolicy::EachBatch);
  ASSERT_TRUE(out.write(two_records()));
  EXPECT_EQ(read(), two_lines());
  EXPECT_EQ(out.lines(), 2u);
}

TEST_F(Ndjson, AFileSinkWaitsForFlush) {
  NdjsonSink out = sink(NdjsonSink::FlushPolicy::WhenFull);
  ASSERT_TRUE(out.write(two_records()));
  EXPECT_EQ(read(), "");
  ASSERT_TRUE(out.flush());
  EXPECT_EQ(read(), two_lines());
}

TEST_F(Ndjson, WhatIsLeftIsWrittenAtTheEnd) {
  {
    NdjsonSink out = sink(NdjsonSink::FlushPolicy::WhenFull);
    ASSERT_TRUE(out.write(two_records()));
  }
  EXPECT_EQ(read(), two_lines());
}

TEST_F(Ndjson, AKindOfALaterSchemaIsSkippedAndCounted) {
  std::vector<std::byte> bytes;
  append_loss_record(bytes, 0, 1);
  bytes[4] = std::byte{77};
  RecordBuilder::terminate(400).append_to(bytes);
  NdjsonSink out = sink(NdjsonSink::FlushPolicy::EachBatch);
  ASSERT_TRUE(out.write(bytes));
  EXPECT_EQ(out.lines(), 1u);
  EXPECT_EQ(out.skipped(), 1u);
}

TEST_F(Ndjson, BeforeAMalformedRecordEverythingIsWritten) {
  auto bytes = two_records();
  bytes.resize(bytes.size() - 8);
  NdjsonSink out = sink(NdjsonSink::FlushPolicy::EachBatch);
  const auto written = out.write(bytes);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::InputDamaged);
  const std::string lines = two_lines();
  EXPECT_EQ(read(), lines.substr(0, lines.find('\n') + 1));
}

}  // namespace
}  // namespace wdscope
