// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gtest/gtest.h>
#include <io.h>

#include <string_view>

#include "sink/output_file.h"

namespace wdscope {
namespace {

TEST(OutputFile, AReaderThatLeftIsABrokenPipe) {
  int ends[2];
  ASSERT_EQ(_pipe(ends, 4096, _O_BINARY), 0);
  _close(ends[0]);
  OutputFile file = OutputFile::borrow(ends[1], "pipe");
  const auto written = file.write(std::as_bytes(std::span(std::string_view("x"))));
  _close(ends[1]);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::BrokenPipe);
}

TEST(OutputFile, AFolderThatIsMissingIsNamed) {
  const auto file = OutputFile::create("C:\\nonexistent\\file", Overwrite::No);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::OutputFailed);
  EXPECT_NE(file.error().what.find("C:\\nonexistent\\file"), std::string::npos);
}

}  // namespace
}  // namespace wdscope
