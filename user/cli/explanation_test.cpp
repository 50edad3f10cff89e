// SPDX-License-Identifier: MIT
#include "cli/explanation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "abi/defender/flags.h"
#include "cli/character_width.h"
#include "cli/printable.h"
#include "cli/process_list.h"
#include "cli/test_surroundings.h"
#include "event/dos_paths.h"
#include "event/picture_samples.h"

namespace wdscope::cli {
namespace {

namespace flag = defender::flag;
using testing::HasSubstr;
using testing::Not;

class ExplanationTest : public testing::Test {
 protected:
  void SetUp() override {
    use_unicode_widths();
    if (!use_utc()) GTEST_SKIP() << "the machine's time zone is not UTC";
    gathered_.origin = picture_origin();
  }

  void add(RecordBuilder builder) { add_to(gathered_.picture, std::move(builder), ++sequence_); }
  std::string explained(const std::string& target) {
    const auto found = find_target(gathered_, target);
    return found.size() == 1 ? explain_process(*found[0], gathered_, {}) : explain_processes(found, gathered_, {});
  }

  Gathered gathered_;
  std::uint64_t sequence_ = 0;
};

TEST_F(ExplanationTest, AnExcludedProcessIsToldInPlainWords) {
  add(born(400, flag::Excluded));
  const std::string text = explained("100");
  EXPECT_THAT(text, HasSubstr("cc, pid 100 (NT 400)\n"));
  EXPECT_THAT(text, HasSubstr("Is an exclusion in force for it? YES, by the notifier's own word\n"));
  EXPECT_THAT(text, HasSubstr("Learnt 2026-11-22 08:30:15.123 (create, event 1)."));
  EXPECT_THAT(text, HasSubstr("excluded: an exclusion matches it: WdFilter does not report its file activity"));
  EXPECT_THAT(text, HasSubstr("nothing that was notified"));
}

TEST_F(ExplanationTest, WhatChangedIsToldWithWhenAndFromWhich) {
  add(born(400, flag::NewProcess));
  add(trust_changed(400, true));
  add(died(400, flag::Trusted | flag::Terminating));
  const std::string text = explained("cc");
  EXPECT_THAT(text, HasSubstr("untrusted, then trusted (trust, event 2)"));
  EXPECT_THAT(text, HasSubstr("flags +terminating -new_process (terminate, event 3)"));
  EXPECT_THAT(text, HasSubstr("ended (terminate, event 3)"));
  EXPECT_THAT(text, HasSubstr("Was an exclusion in force"));
}

TEST_F(ExplanationTest, WhatARefreshDoesNotTellIsSaidToBeUnknown) {
  add(refreshed(400, true));
  const std::string text = explained("100");
  EXPECT_THAT(text, HasSubstr("CANNOT TELL\n"));
  EXPECT_THAT(text, HasSubstr("flags, rules, doc rule: not known"));
  EXPECT_THAT(text, HasSubstr("What has changed since it was first heard of"));
}

TEST_F(ExplanationTest, AMachineWithDrivesHasItsDosPathsShownAndFound) {
  gathered_.origin.dos_paths =
      std::make_shared<const DosPaths>(DosNames{{{"C:", "\\Device\\HarddiskVolume1"}}, "C:\\Windows"});
  add(born(400, 0));
  const std::string text = explained("C:\\usr\\bin\\cc");
  EXPECT_THAT(text, HasSubstr("C:\\usr\\bin\\cc\n  \\Device\\HarddiskVolume1\\usr\\bin\\cc\n"));
  EXPECT_THAT(list_processes(gathered_, {}, {}).text,
              testing::AllOf(HasSubstr(" C:\\usr\\bin\\cc"), Not(HasSubstr("HarddiskVolume"))));
  add(born(404, 0));
  EXPECT_THAT(explained("cc"), testing::AllOf(HasSubstr(" C:\\usr\\bin\\cc"), Not(HasSubstr("HarddiskVolume"))));
}

TEST_F(ExplanationTest, RunningProcessesGoBeforeEndedOnes) {
  add(born(400, 0));
  add(died(400, flag::Terminating));
  add(born(404, 0));
  EXPECT_EQ(find_target(gathered_, "cc").size(), 1u);
  EXPECT_EQ(find_target(gathered_, "100").size(), 1u);
  EXPECT_TRUE(find_target(gathered_, "ld").empty());
}

TEST_F(ExplanationTest, SeveralAreOneLineEach) {
  add(born(400, flag::Excluded));
  add(refreshed(404, false));
  const std::string text = explained("cc");
  EXPECT_THAT(text, HasSubstr("100 YES"));
  EXPECT_THAT(text, HasSubstr("101 NO (inferred)"));
}

TEST_F(ExplanationTest, TheListHasAFilterAndCountsWhatItShows) {
  add(born(400, flag::Excluded));
  add(refreshed(404, true));
  ProcessFilter filter;
  filter.excluded = true;
  const ProcessList list = list_processes(gathered_, filter, {});
  EXPECT_EQ(list.shown, 1u);
  EXPECT_THAT(list.text, HasSubstr("excluded"));
  EXPECT_THAT(list.text, HasSubstr("# 1 of 2 processes; the flags of 1 are not known, so they are not shown\n"));
  EXPECT_THAT(list.text, Not(HasSubstr("ENDED")));
}

TEST_F(ExplanationTest, TheTreeShowsTheAncestorsOfWhatIsMeant) {
  add(with_context(RecordBuilder::create(400, 4).image(u"\\x\\make"), 0, 0));
  RecordBuilder child = RecordBuilder::create(404, 400).image(u"\\x\\cc");
  add(child.nt(kBuilderTime + 1, 400));
  RecordBuilder sibling = RecordBuilder::create(408, 400).image(u"\\x\\ld");
  add(sibling.nt(kBuilderTime + 2, 400));
  EXPECT_THAT(draw_tree(gathered_, {}, {}).text, HasSubstr("├─ cc\n"));
  ProcessFilter filter;
  filter.patterns = {"ld"};
  const ProcessList list = draw_tree(gathered_, filter, {});
  EXPECT_EQ(list.shown, 1u);
  EXPECT_THAT(list.text, HasSubstr(" make\n"));
  EXPECT_THAT(list.text, HasSubstr("└─ ld\n"));
  EXPECT_THAT(list.text, Not(HasSubstr("cc")));
}

TEST_F(ExplanationTest, AParentYoungerThanItsChildIsAnotherProcess) {
  add(born(404, 0, 0));
  gathered_.picture.add(LossEvent{});
  add(RecordBuilder::create(408, 404).image(u"\\x\\child").nt(kBuilderTime - 5, 404));
  EXPECT_THAT(draw_tree(gathered_, {}, {}).text, Not(HasSubstr("└─")));
}

}  // namespace
}  // namespace wdscope::cli
