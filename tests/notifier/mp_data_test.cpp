// SPDX-License-Identifier: MIT
// What the notifier counts in MP_DATA (wdfilter.md A.1, E.3), read at the published offsets.
#include "mp_data.h"

#include <gtest/gtest.h>

#include <thread>

#include "conformance.h"
#include "engine.h"
#include "notifications.h"
#include "notifier_machine.h"

namespace wdscope::test {
namespace {

using wire::NotifierProfile;

class MpDataStory : public testing::TestWithParam<NotifierProfile> {};
INSTANTIATE_TEST_SUITE_P(Profiles, MpDataStory, testing::ValuesIn(kAllProfiles), profile_name);

struct Counters {
  std::uint32_t messages, applied, errors, timeouts, malformed;
  bool operator==(const Counters&) const = default;
};

Counters counters(const MpDataView& data) {
  return {.messages = data.read(0x8C0, 0xBB8),
          .applied = data.read(0x8C8, 0xBC0),
          .errors = data.read(0x8CC, 0xBC4),
          .timeouts = data.read(0x8D4, 0xBCC),
          .malformed = data.read(0x8D8, 0xBD0)};
}

TEST_P(MpDataStory, CountsEachOutcomeOfACreateMessage) {
  conforms("E.3", "MP_DATA",
           "applied infos, denials, time-outs, errors and malformed replies are counted at their places");
  NotifierMachine machine;
  Parameters parameters = with_profile(GetParam());
  parameters["MaxProcessCreationMessageTimeout"] = 1u;  // raised to 100
  machine.load(parameters);
  const MpDataView data(GetParam());
  std::optional<Answer> answer = allow(GetParam(), 0);
  Engine engine(machine.machine(), [&](const Message&) { return answer; });
  EXPECT_EQ(machine.start(1000), 0);
  EXPECT_EQ(counters(data), (Counters{.messages = 1, .applied = 1, .errors = 0, .timeouts = 0, .malformed = 0}));
  answer = deny(GetParam());
  EXPECT_EQ(machine.start(1004), host::kStatusAccessDenied);
  EXPECT_EQ(counters(data), (Counters{.messages = 2, .applied = 1, .errors = 0, .timeouts = 0, .malformed = 0}));
  answer->bytes.clear();
  EXPECT_EQ(machine.start(1008), 0);
  EXPECT_EQ(counters(data), (Counters{.messages = 3, .applied = 1, .errors = 0, .timeouts = 0, .malformed = 1}));
  answer = Answer{{}, 0xC0000001};
  EXPECT_EQ(machine.start(1012), 0);
  EXPECT_EQ(counters(data), (Counters{.messages = 4, .applied = 1, .errors = 1, .timeouts = 0, .malformed = 1}));
  EXPECT_EQ(data.read(0x8D0, 0xBC8), 0xC0000001u);
  answer.reset();
  EXPECT_EQ(machine.start(1016), 0);
  EXPECT_EQ(counters(data), (Counters{.messages = 5, .applied = 1, .errors = 1, .timeouts = 1, .malformed = 1}));
  EXPECT_GE(data.read<std::uint64_t>(0x8B8, 0xBB0), 100u);  // the time-out alone, in milliseconds
}

TEST_P(MpDataStory, KnowsTheEngineWhileItIsConnected) {
  conforms("C.15", "MpConnect, MpDisconnect", "the service's process is known while it is connected");
  NotifierMachine machine;
  machine.load(GetParam());
  const MpDataView data(GetParam());
  EXPECT_EQ(data.read<std::uint64_t>(0x0A8, 0x0F0), 0u);
  {
    const Engine engine(machine.machine(), [](const Message&) { return allow(GetParam(), 0); });
    EXPECT_NE(data.read<std::uint64_t>(0x0A8, 0x0F0), 0u);
    EXPECT_NE(data.read<std::uint64_t>(0x0A0, 0x0E8), 0u);
    EXPECT_EQ(data.read(0x0B0, 0x0F8), 1u);
  }
  EXPECT_EQ(data.read<std::uint64_t>(0x0A8, 0x0F0), 0u);
  EXPECT_EQ(data.read(0x0B0, 0x0F8), 0u);
}

}  // namespace
}  // namespace wdscope::test
