// SPDX-License-Identifier: MIT
#include "lab/process_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace wdscope {
namespace {

std::string stat_line(const std::string& name, const std::string& state = "S", const std::string& threads = "3") {
  return "42 (" + name + ") " + state + " 7 42 42 34816 42 4194560 1 2 3 4 5 6 7 8 20 0 " + threads + " 0 12345 1 2\n";
}

TEST(ProcessFolder, AStatLineGivesParentTerminalThreadsAndStart) {
  const auto stat = parse_stat(stat_line("cat"));
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->comm, "cat");
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->parent, 7);
  EXPECT_EQ(stat->terminal, 34816);
  EXPECT_EQ(stat->thread_count, 3);
  EXPECT_EQ(stat->start_ticks, 12345u);
  EXPECT_FALSE(stat->kernel_thread);
}

TEST(ProcessFolder, ANameMayHoldParenthesesAndBlanks) {
  const auto stat = parse_stat(stat_line("a) R 9 (b"));
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->comm, "a) R 9 (b");
  EXPECT_EQ(stat->parent, 7);
}

TEST(ProcessFolder, ACutOrOddStatLineIsNone) {
  const std::string whole = stat_line("cat");
  for (const std::string& text : {std::string(), std::string("42 cat"), std::string("42 )cat("), whole.substr(0, 30),
                                  stat_line("cat", "SS"), stat_line("cat", "S", "x")})
    EXPECT_FALSE(parse_stat(text)) << text;
}

TEST(ProcessFolder, AZombieWithLivingThreadsHasNotEnded) {
  EXPECT_FALSE(parse_stat(stat_line("cat", "Z", "2"))->ended());
  EXPECT_TRUE(parse_stat(stat_line("cat", "Z", "1"))->ended());
  EXPECT_FALSE(parse_stat(stat_line("cat", "R", "1"))->ended());
}

TEST(ProcessFolder, ArgumentsAreSplitAtTheirTerminators) {
  using namespace std::string_view_literals;
  EXPECT_THAT(split_arguments("sh\0-c\0\0x y\0"sv), testing::ElementsAre("sh", "-c", "", "x y"));
  EXPECT_THAT(split_arguments("title without end"sv), testing::ElementsAre("title without end"));
  EXPECT_THAT(split_arguments(""sv), testing::IsEmpty());
}

TEST(ProcessFolder, ThisProcessIsThere) {
  EXPECT_THAT(list_processes(), testing::Contains(getpid()));
  EXPECT_EQ(read_stat(getpid())->parent, getppid());
  EXPECT_EQ(read_thread_group(getpid()), getpid());
  EXPECT_TRUE(read_image_path(getpid())->ends_with("lab_test"));
  EXPECT_FALSE(read_arguments(getpid())->empty());
}

}  // namespace
}  // namespace wdscope
