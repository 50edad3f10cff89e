// SPDX-License-Identifier: MIT
#include "cli/plain_command.h"

#include <gtest/gtest.h>

#include <csignal>

namespace wdscope::cli {
namespace {

TEST(PlainCommand, TheExitCodeIsTheCommandsOwn) {
  auto command = PlainCommand::start({"sh", "-c", "exit 7"});
  ASSERT_TRUE(command);
  EXPECT_EQ((*command)->wait(), 7);
}

TEST(PlainCommand, ASignalledCommandEndsWith128PlusTheSignal) {
  auto command = PlainCommand::start({"sleep", "1000"});
  ASSERT_TRUE(command);
  (*command)->signal(SIGTERM);
  EXPECT_EQ((*command)->wait(), 128 + SIGTERM);
  (*command)->signal(SIGTERM);
}

TEST(PlainCommand, WhatIsNotThereIs127) {
  const auto command = PlainCommand::start({"/nonexistent/program"});
  ASSERT_FALSE(command);
  EXPECT_EQ(command.error().native, 127);
  EXPECT_EQ(command.error().code, ErrorCode::SourceUnavailable);
}

TEST(PlainCommand, WhatCannotBeExecutedIs126) {
  const auto command = PlainCommand::start({"/etc/hostname"});
  ASSERT_FALSE(command);
  EXPECT_EQ(command.error().native, 126);
}

}  // namespace
}  // namespace wdscope::cli
