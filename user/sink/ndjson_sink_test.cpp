// SPDX-License-Identifier: MIT
#include "sink/ndjson_sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "event/json.h"
#include "event/record_builder.h"
#include "event/sample_records.h"

namespace wdscope {
namespace {

class Ndjson : public testing::Test {
 protected:
  void SetUp() override {
    previous_ = std::signal(SIGPIPE, SIG_IGN);
    ASSERT_EQ(pipe2(ends_, O_NONBLOCK), 0);
  }
  void TearDown() override {
    close_end(0);
    close_end(1);
    std::signal(SIGPIPE, previous_);
  }
  void close_end(int end) {
    if (ends_[end] >= 0) ::close(ends_[end]);
    ends_[end] = -1;
  }
  NdjsonSink sink(NdjsonSink::FlushPolicy policy) {
    return NdjsonSink(OutputFile::borrow(ends_[1], "pipe"), Origin{}, policy);
  }
  std::string read() const {
    std::string text(1 << 16, '\0');
    const ssize_t got = ::read(ends_[0], text.data(), text.size());
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }

  int ends_[2] = {-1, -1};
  void (*previous_)(int) = nullptr;
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

TEST_F(Ndjson, AReaderThatLeftIsABrokenPipe) {
  close_end(0);
  NdjsonSink out = sink(NdjsonSink::FlushPolicy::EachBatch);
  const auto written = out.write(two_records());
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::BrokenPipe);
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

TEST(OutputFile, AFullDiskIsOutputFailed) {
  auto file = OutputFile::create("/dev/full", Overwrite::Yes);
  ASSERT_TRUE(file) << file.error().what;
  const std::string text = "x";
  const auto written = file->write(std::as_bytes(std::span(text)));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::OutputFailed);
  EXPECT_EQ(written.error().native, ENOSPC);
}

TEST(OutputFile, AFolderThatIsMissingIsNamed) {
  const auto file = OutputFile::create("/nonexistent/file", Overwrite::No);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::OutputFailed);
  EXPECT_NE(file.error().what.find("/nonexistent/file"), std::string::npos);
}

}  // namespace
}  // namespace wdscope
