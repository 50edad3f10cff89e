// SPDX-License-Identifier: MIT
// An NT that lacks one of the routines that the observer looks up at run time: the fact is absent, nothing else
// changes.
#include <gmock/gmock.h>

#include <cstring>

#include "observer/frames.h"
#include "observer/observer_story.h"

namespace wdscope::tests {
namespace {

using defender::OperationType;
namespace known = wire::known;

constexpr std::uint64_t kPid = 0x1234;
constexpr std::uint64_t kParent = 0x800;
constexpr std::uint64_t kOptionalFacts = known::NtParent | known::NtSession | known::NtProtection | known::NtImageName;

struct Lack {
  const char* name;
  std::vector<std::string> routines;
  std::uint64_t unknown;  // the bits of wire::known that go with them
};

class OlderNt : public ObserverStory, public testing::WithParamInterface<Lack> {
 protected:
  OlderNt() : ObserverStory(256, GetParam().routines), created_(start_process(kPid, kParent)) {}
  bool lacks(std::uint64_t fact) const { return (GetParam().unknown & fact) != 0; }
  std::int64_t created_;
};

INSTANTIATE_TEST_SUITE_P(Routines, OlderNt,
                         testing::Values(Lack{"Nothing", {}, 0},
                                         Lack{"Parent", {"PsGetProcessInheritedFromUniqueProcessId"}, known::NtParent},
                                         Lack{"Session", {"PsGetProcessSessionId"}, known::NtSession},
                                         Lack{"Protection", {"PsGetProcessProtection"}, known::NtProtection},
                                         Lack{"ImageName", {"PsGetProcessImageFileName"}, known::NtImageName},
                                         Lack{"All",
                                              {"PsGetProcessInheritedFromUniqueProcessId", "PsGetProcessSessionId",
                                               "PsGetProcessProtection", "PsGetProcessImageFileName"},
                                              kOptionalFacts}),
                         [](const auto& lack) { return lack.param.name; });

TEST_P(OlderNt, TheFactIsAbsentAndNothingElseChanges) {
  PoolText image(u"\\Device\\HarddiskVolume1\\Windows\\notepad.exe");
  PoolContext context(defender::kProcessContextMagic25080, kPid, created_);
  context.common().ImageName = image.address();
  auto frame = frame_a5(kPid, kParent, OperationType::Create, context.address());
  frame.Info.ImageName = image.address();
  const Record record = record_of(&frame.Info);
  const wire::ProcessRecord& process = record.process();

  EXPECT_EQ(fault_in(record), "");
  EXPECT_EQ(process.anomalies, 0u);
  EXPECT_TRUE(record.knows(known::NtProcess | known::Argument | known::ArgumentParent | known::ArgumentImage |
                           known::ContextLocation | known::Context | known::ContextTail25080));
  EXPECT_EQ(process.known & kOptionalFacts, kOptionalFacts & ~GetParam().unknown);
  EXPECT_EQ(process.nt_created_100ns, created_);
  EXPECT_EQ(process.context_created_100ns, created_);
  EXPECT_EQ(process.nt_parent_process_id, lacks(known::NtParent) ? 0u : kParent);
  EXPECT_EQ(process.nt_session_id, lacks(known::NtSession) ? 0u : 3u);
  EXPECT_EQ(process.nt_protection, lacks(known::NtProtection) ? 0u : 0x31u);
  EXPECT_STREQ(process.nt_image_name, lacks(known::NtImageName) ? "" : "notepad.exe");
}

}  // namespace
}  // namespace wdscope::tests
