// SPDX-License-Identifier: MIT
#include "cli/exit_code.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace wdscope::cli {
namespace {

TEST(ExitCodes, AreThoseOfTheHouse) {
  EXPECT_EQ(exit_code(ErrorCode::Usage), ExitCode::Usage);
  EXPECT_EQ(exit_code(ErrorCode::InputUnreadable), ExitCode::Input);
  EXPECT_EQ(exit_code(ErrorCode::InputDamaged), ExitCode::Input);
  EXPECT_EQ(exit_code(ErrorCode::OutputFailed), ExitCode::Input);
  EXPECT_EQ(exit_code(ErrorCode::SourceUnavailable), ExitCode::Source);
  EXPECT_EQ(exit_code(ErrorCode::NotPermitted), ExitCode::Source);
  EXPECT_EQ(exit_code(ErrorCode::Incompatible), ExitCode::Source);
  EXPECT_EQ(exit_code(ErrorCode::Internal), ExitCode::Source);
  EXPECT_EQ(exit_code(ErrorCode::BrokenPipe), ExitCode::BrokenPipe);
}

TEST(Words, SayWhatWhyAndWhatNext) {
  EXPECT_EQ(words({ErrorCode::InputUnreadable, "cannot read 'x'", "name another", ENOENT}),
            "wdscope: cannot read 'x': No such file or directory\nwdscope: name another\n");
}

TEST(Words, DoNotRepeatTheReason) {
  EXPECT_EQ(words({ErrorCode::InputUnreadable, "cannot read 'x': No such file or directory", "", ENOENT}),
            "wdscope: cannot read 'x': No such file or directory\n");
}

TEST(Words, NameAnNtStatusInHexadecimal) {
  EXPECT_EQ(
      words({ErrorCode::SourceUnavailable, "the driver did not start", "", static_cast<std::int32_t>(0xC0000225)}),
      "wdscope: the driver did not start (status 0xC0000225)\n");
}

TEST(Words, AShellsCodeIsNoErrno) {
  EXPECT_EQ(words({ErrorCode::SourceUnavailable, "cannot start 'x'", "", 127}), "wdscope: cannot start 'x'\n");
}

TEST(Words, CannotDriveTheTerminal) {
  EXPECT_EQ(words({ErrorCode::Usage, "no file '\x1b[2J'", "", 0}), "wdscope: no file '␛[2J'\n");
}

}  // namespace
}  // namespace wdscope::cli
