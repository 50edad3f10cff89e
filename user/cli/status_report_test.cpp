// SPDX-License-Identifier: MIT
#include "cli/status_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "abi/defender/process_context.h"

namespace wdscope::cli {
namespace {

using testing::HasSubstr;
using wire::ArgumentGeneration;
using wire::ContextPlace;

wire::Evidence decided(ArgumentGeneration generation, ContextPlace place, std::uint32_t magic) {
  wire::Evidence evidence{};
  evidence.generation = static_cast<std::uint32_t>(generation);
  evidence.place_decided = 1;
  evidence.place = static_cast<std::uint32_t>(place);
  evidence.magic = magic;
  return evidence;
}

ObserverStatus status_with(const wire::Evidence& evidence) {
  ObserverStatus status;
  status.origin.description = "a test";
  status.version = {1, 2, 0x000102, 1, ~0ull, 0, 65536, 7};
  status.statistics.notifications = 12;
  status.statistics.dropped_no_buffer = 3;
  status.statistics.anomalies[static_cast<std::uint32_t>(wire::Anomaly::ParentMismatch)] = 5;
  status.evidence = evidence;
  return status;
}

TEST(StatusReport, EachKnownBuildIsNamedByItsWholeDecision) {
  constexpr auto kPointer = ArgumentGeneration::ParentByPointer;
  constexpr auto kValue = ArgumentGeneration::ParentByValue;
  EXPECT_EQ(build_of(decided(kPointer, ContextPlace::Minus10, defender::kProcessContextMagic1910)), "1910");
  EXPECT_EQ(build_of(decided(kPointer, ContextPlace::Minus10, defender::kProcessContextMagic20H1)), "20h1");
  EXPECT_EQ(build_of(decided(kValue, ContextPlace::None, 0)), "25080");
  EXPECT_EQ(build_of(decided(kValue, ContextPlace::Minus08, defender::kProcessContextMagic25080)), "a5");
  EXPECT_EQ(build_of(decided(kValue, ContextPlace::Minus08, 0x0140DA0F)), "unknown");
  EXPECT_EQ(build_of(decided(kValue, ContextPlace::Minus10, defender::kProcessContextMagic1910)), "unknown");
  EXPECT_EQ(build_of(decided(ArgumentGeneration::Unknown, ContextPlace::Minus10, 0x00C0DA0F)), "undecided");
  EXPECT_EQ(build_of({}), "undecided");
}

TEST(StatusReport, TheExitCodeIsTheAnswer) {
  EXPECT_EQ(exit_code_of(status_with(decided(ArgumentGeneration::ParentByValue, ContextPlace::None, 0))),
            ExitCode::Done);
  EXPECT_EQ(exit_code_of(status_with(decided(ArgumentGeneration::ParentByValue, ContextPlace::Minus08, 1))),
            ExitCode::No);
  EXPECT_EQ(exit_code_of(status_with({})), ExitCode::Source);
  EXPECT_EQ(exit_code_of({}), ExitCode::Source);
}

TEST(StatusReport, TheTextSaysWhatIsCountedAndByWhichEvidence) {
  wire::Evidence evidence = decided(ArgumentGeneration::ParentByValue, ContextPlace::Minus08, 0x0140DA0F);
  evidence.creates_agreeing[2] = 9;
  evidence.contexts_other_magic = 8;
  const std::string text = status_text(status_with(evidence), {});
  EXPECT_THAT(text, HasSubstr("# a test"));
  EXPECT_THAT(text, HasSubstr("wdscope.sys 0.1.2"));
  EXPECT_THAT(text, HasSubstr("3 no_buffer"));
  EXPECT_THAT(text, HasSubstr("5 parent_mismatch"));
  EXPECT_THAT(text, HasSubstr("of an unknown layout (magic 0x0140da0f): not read"));
  EXPECT_THAT(text, HasSubstr("9 creates_parent_by_value"));
  EXPECT_THAT(text, HasSubstr("8 context_magic_unknown"));
}

TEST(StatusReport, TheJsonHasEveryCounter) {
  const std::string line =
      status_json(status_with(decided(ArgumentGeneration::ParentByPointer, ContextPlace::Minus10, 0x00C0DA0F)));
  EXPECT_EQ(line.back(), '\n');
  rapidjson::Document document;
  document.Parse(line.c_str());
  ASSERT_FALSE(document.HasParseError());
  EXPECT_STREQ(document["schema"].GetString(), "wdscope.status/1");
  EXPECT_EQ(document["anomalies"].MemberCount(), static_cast<std::uint32_t>(wire::Anomaly::Count));
  EXPECT_EQ(document["anomalies"]["parent_mismatch"].GetUint64(), 5u);
  EXPECT_STREQ(document["notifier"]["build"].GetString(), "1910");
  EXPECT_STREQ(document["notifier"]["context_place"].GetString(), "minus_10");
  EXPECT_STREQ(document["notifier"]["context_magic"].GetString(), "0x00c0da0f");
}

}  // namespace
}  // namespace wdscope::cli
