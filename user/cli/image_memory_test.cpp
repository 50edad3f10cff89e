// SPDX-License-Identifier: MIT
#include "cli/image_memory.h"

#include <gtest/gtest.h>

namespace wdscope::cli {
namespace {

TEST(ImageMemory, RemembersUntilItIsToldToForget) {
  ImageMemory memory;
  memory.remember(400, 1000, "a.exe");
  EXPECT_EQ(memory.find(400, 1000), "a.exe");
  EXPECT_EQ(memory.find(400, std::nullopt), "a.exe");
  memory.forget(400);
  EXPECT_EQ(memory.find(400, 1000), "");
}

TEST(ImageMemory, AReusedPidDoesNotGetTheOldImage) {
  ImageMemory memory;
  memory.remember(400, 1000, "old.exe");
  EXPECT_EQ(memory.find(400, 2000), "");
}

TEST(ImageMemory, ADisplacedProcessIsForgottenAndNotConfused) {
  ImageMemory memory(2);
  memory.remember(4, 1, "first.exe");
  memory.remember(12, 1, "second.exe");  // the same slot
  EXPECT_EQ(memory.find(4, 1), "");
  EXPECT_EQ(memory.find(12, 1), "second.exe");
  memory.forget(4);
  EXPECT_EQ(memory.find(12, 1), "second.exe");
}

}  // namespace
}  // namespace wdscope::cli
