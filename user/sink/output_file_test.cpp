// SPDX-License-Identifier: MIT
#include "sink/output_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string_view>

namespace wdscope {
namespace {

Result<void> write_x(OutputFile& file) {
  return file.write(std::as_bytes(std::span(std::string_view("x"))));
}

TEST(OutputFile, AReaderThatLeftIsABrokenPipe) {
  const auto previous = std::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ::close(ends[0]);
  OutputFile file = OutputFile::borrow(ends[1], "pipe");
  const auto written = write_x(file);
  ::close(ends[1]);
  std::signal(SIGPIPE, previous);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::BrokenPipe);
}

TEST(OutputFile, AFullDiskIsOutputFailed) {
  auto file = OutputFile::create("/dev/full", Overwrite::Yes);
  ASSERT_TRUE(file) << file.error().what;
  const auto written = write_x(*file);
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
