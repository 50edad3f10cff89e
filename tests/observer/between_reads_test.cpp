// SPDX-License-Identifier: MIT
// What the observer reads changes or goes while it reads: each change before each of its copies, one after the other,
// so that no moment is left to chance. Whatever comes of it is of one moment, or is not told.
#include <functional>
#include <tuple>

#include <gmock/gmock.h>

#include "abi/defender/flags.h"
#include "observer/cliff_pages.h"
#include "observer/frames.h"
#include "observer/observer_story.h"

namespace wdscope::tests {
namespace {

using defender::OperationType;
using wire::Anomaly;
using wire::anomaly_bit;
namespace known = wire::known;

constexpr std::uint64_t kPid = 0x1234;
constexpr std::uint64_t kParent = 0x800;
constexpr std::uint32_t kFlagsBefore = defender::flag::Excluded, kFlagsAfter = defender::flag::Trusted;
constexpr char16_t kBefore[] = u"cl.exe /c a.cpp";
constexpr char16_t kAfter[] = u"";

enum class Generation : std::uint8_t { Of2019, Newest };

// One notification and everything it leads to: the context on pages that can go, the rest in pool.
class Scene {
 public:
  Scene(Generation generation, std::int64_t created)
      : generation_(generation), created_(created), context_(cliff_.last<defender::MP_PROCESS_CONTEXT_25080>()) {}

  void set_up() {
    ASSERT_TRUE(cliff_.show());
    *context_ = {};
    defender::MP_PROCESS_CONTEXT& common = context_->Common;
    common.Magic =
        generation_ == Generation::Of2019 ? defender::kProcessContextMagic1910 : defender::kProcessContextMagic25080;
    common.ProcessId = kPid;
    common.CreateTime = created_;
    common.ProcessFlags = kFlagsBefore;
    command_line_.header() = whole_;
    common.CommandLine = command_line_.address();
    rule_.rule() = sound_rule_;
    common.DocRule = rule_.address();
  }

  // The frame is this call's own: only on the stack is it believed.
  void announce(const std::function<void(const void*)>& notify) {
    const auto address = reinterpret_cast<std::uint64_t>(context_);
    if (generation_ == Generation::Newest) {
      auto frame = frame_a5(kPid, kParent, OperationType::Create, address);
      return notify(&frame.Info);
    }
    auto frame = frame_1910(kPid, kParent, OperationType::Create, address);
    point_at_parent(frame);
    notify(&frame.Info);
  }

  void free_context() { ASSERT_TRUE(cliff_.hide()); }
  defender::MP_PROCESS_CONTEXT& context() { return context_->Common; }
  defender::CountedString& command_line() { return command_line_.header(); }
  defender::MP_DOC_OPEN_RULE& rule() { return rule_.rule(); }
  std::uint64_t unreadable() const { return cliff_.unreadable(); }

 private:
  Generation generation_;
  std::int64_t created_;
  CliffPages cliff_;
  defender::MP_PROCESS_CONTEXT_25080* context_;
  PoolText command_line_{kBefore};
  defender::CountedString whole_ = command_line_.header();
  PoolDocRule rule_{u"AcroRd32.exe", std::u16string(u"pdf\0\0", 5)};
  defender::MP_DOC_OPEN_RULE sound_rule_ = rule_.rule();
};

struct Change {
  const char* name;
  void (*make)(Scene& scene);
  Anomaly seen_as;  // when it comes early enough; Count: it is no anomaly
};

constexpr Change kChanges[] = {
    {"FreedContext", [](Scene& scene) { scene.free_context(); }, Anomaly::ContextUnreadable},
    {"OtherMagic", [](Scene& scene) { scene.context().Magic = 0xDEAD'BEEF; }, Anomaly::ContextMagicUnknown},
    {"LargerMagic", [](Scene& scene) { scene.context().Magic = defender::kProcessContextMagic20H1; }, Anomaly::Count},
    {"OtherProcess", [](Scene& scene) { scene.context().ProcessId = kPid + 4; }, Anomaly::ContextPidMismatch},
    {"OtherTime", [](Scene& scene) { ++scene.context().CreateTime; }, Anomaly::ContextTimeMismatch},
    {"OtherFlags", [](Scene& scene) { scene.context().ProcessFlags = kFlagsAfter; }, Anomaly::Count},
    {"CommandLineGone", [](Scene& scene) { scene.context().CommandLine = scene.unreadable(); },
     Anomaly::CommandLineInvalid},
    {"CommandLineLonger", [](Scene& scene) { scene.command_line().length = 0xFFFE; }, Anomaly::CommandLineInvalid},
    {"CommandLineEmpty", [](Scene& scene) { scene.command_line().length = 0; }, Anomaly::Count},
    {"CommandLineElsewhere", [](Scene& scene) { scene.command_line().buffer = scene.unreadable() - 2; },
     Anomaly::CommandLineInvalid},
    {"RuleFreed", [](Scene& scene) { scene.rule().Magic = 0; }, Anomaly::DocRuleInvalid},
    {"ExtensionsFreed", [](Scene& scene) { scene.rule().Extensions = scene.unreadable(); }, Anomaly::DocRuleInvalid},
};

class BetweenReads : public ObserverStory, public testing::WithParamInterface<std::tuple<Generation, Change>> {
 protected:
  BetweenReads() : created_(start_process(kPid, kParent)) {}

  std::int64_t created_;
};

TEST_P(BetweenReads, WhatIsToldIsOfOneMoment) {
  const Change& change = std::get<Change>(GetParam());
  Scene scene(std::get<Generation>(GetParam()), created_);
  Client reader = client();
  std::uint32_t seen = 0;
  std::uint32_t untouched = 0;
  for (std::uint32_t moment = 0;; ++moment) {
    scene.set_up();
    std::uint32_t copies = 0;
    before_copy_ = [&](std::uint64_t, std::size_t) {
      if (copies++ == moment) change.make(scene);
    };
    scene.announce([this](const void* argument) { notify(argument); });
    before_copy_ = nullptr;
    const std::vector<Record> records = reader.drain();
    ASSERT_EQ(records.size(), 1u);
    const Record& record = records.front();
    const wire::ProcessRecord& process = record.process();
    SCOPED_TRACE(testing::Message() << change.name << " before copy " << moment);
    seen |= process.anomalies;
    if (process.anomalies == 0) ++untouched;
    EXPECT_TRUE(record.knows(known::Argument | known::NtProcess)) << "what NT says is not theirs to change";
    if (record.knows(known::Context)) {
      EXPECT_EQ(process.context_created_100ns, created_);
      EXPECT_TRUE(process.context_flags == kFlagsBefore || process.context_flags == kFlagsAfter);
    }
    if (record.knows(known::ContextCommandLine)) {
      EXPECT_THAT(record.text(process.context_command_line), testing::AnyOf(kBefore, kAfter));
    }
    if (record.knows(known::DocRuleExtensions)) {
      EXPECT_EQ(record.text(process.doc_rule_extensions), u"pdf");
    }
    if (copies <= moment) break;  // there was no such copy: every moment had its turn, and this one went undisturbed
  }
  EXPECT_GT(untouched, 0u);
  if (change.seen_as != Anomaly::Count) {
    EXPECT_NE(seen & anomaly_bit(change.seen_as), 0u) << "it was never noticed";
  }
}

std::string name_of_story(const testing::TestParamInfo<BetweenReads::ParamType>& story) {
  const auto& [generation, change] = story.param;
  return std::string(change.name) + (generation == Generation::Of2019 ? "In2019" : "InNewest");
}

INSTANTIATE_TEST_SUITE_P(Changes, BetweenReads,
                         testing::Combine(testing::Values(Generation::Of2019, Generation::Newest),
                                          testing::ValuesIn(kChanges)),
                         name_of_story);

}  // namespace
}  // namespace wdscope::tests
