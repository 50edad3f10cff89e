// SPDX-License-Identifier: MIT
// What a notifier hears when policies take each other's place, read back from the commands' bytes.
#include "lab/policy_in_force.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <optional>

#include "abi/defender/commands.h"
#include "abi/defender/flags.h"

namespace wdscope {
namespace {

using defender::kCommands1910;
using defender::kCommandsA5;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint32_t kExclusions = kCommandsA5.SetProcessExclusion;
constexpr std::uint32_t kDocRules = kCommandsA5.SetDocOpenRule;
constexpr std::uint32_t kInfos = kCommandsA5.SetProcessInfo;
constexpr std::uint32_t kFriendly = kCommandsA5.RegisterFriendlyProcess;
constexpr std::uint32_t kReset = kCommandsA5.ResetHardeningExclusions;

Policy read(std::string_view text) {
  auto policy = parse_policy(text, "p.toml");
  EXPECT_TRUE(policy) << policy.error().what;
  return policy ? std::move(*policy) : Policy();
}

class PolicyExchange : public testing::Test {
 protected:
  PolicyExchange() {
    add(400, u"\\Device\\HarddiskVolume3\\t\\a.exe", 10);
    add(404, u"\\Device\\HarddiskVolume3\\t\\b.exe", 20);
  }

  void add(std::uint64_t id, std::u16string image, std::int64_t created) {
    host::ProcessStart process;
    process.process_id = id;
    process.parent_process_id = 400;
    process.created_100ns = created;
    process.image = std::move(image);
    roster_.add(process);
  }
  PolicyInForce in_force(std::string_view text, std::uint8_t version = defender::kMessageVersionA5) {
    return PolicyInForce(read(text), version, Judge::World::Windows, roster_,
                         [this](std::span<const std::byte> command) { return take(command); });
  }
  host::NtStatus take(std::span<const std::byte> command) {
    defender::COMMAND_HEADER head;
    std::memcpy(&head, command.data(), sizeof head);
    told_.push_back(head.Command);
    if (refuse_ && *refuse_ == head.Command) {
      if (refuse_once_) refuse_.reset();
      return host::kStatusInvalidParameter;
    }
    if (head.Command == kExclusions) exclusions_ = command.size() - defender::kCommandTextOffset;
    if (head.Command == kInfos) {
      infos_.resize((command.size() - sizeof(defender::SET_PROCESS_INFO)) / sizeof(infos_[0]));
      std::memcpy(infos_.data(), command.data() + sizeof(defender::SET_PROCESS_INFO),
                  infos_.size() * sizeof(infos_[0]));
    }
    return host::kStatusSuccess;
  }

  ProcessRoster roster_;
  std::vector<std::uint32_t> told_;
  std::vector<defender::PROCESS_INFO_25080> infos_;
  std::size_t exclusions_ = 0;  // bytes of the list that the notifier has
  std::optional<std::uint32_t> refuse_;
  bool refuse_once_ = true;
};

TEST_F(PolicyExchange, AnAnnouncementTellsOfEveryProcessThatRuns) {
  auto policy = in_force("[[process]]\nimage = \"a.exe\"\nrules = 0x4000\n[trust]\nwindows_folders = ['C:\\t']\n");
  const auto effect = policy.announce();
  ASSERT_TRUE(effect);
  EXPECT_EQ(effect->told, 2u);
  EXPECT_EQ(effect->friendly, 0u);
  EXPECT_THAT(told_, ElementsAre(kExclusions, kDocRules, kInfos));
  ASSERT_EQ(infos_.size(), 2u);
  EXPECT_EQ(infos_[0].ProcessId, 400u);
  EXPECT_EQ(std::int64_t{infos_[0].CreateTime}, 10);
  EXPECT_EQ(infos_[0].Rules, 0x4000u | defender::rule::ForceTrusted);
  EXPECT_EQ(infos_[1].ProcessId, 404u);
  EXPECT_EQ(infos_[1].Rules, defender::rule::ForceTrusted);
  EXPECT_EQ(infos_[1].HardeningValid, 0);
}

TEST_F(PolicyExchange, TheFriendlyAreRegisteredAfterTheirInfo) {
  auto policy = in_force("[[process]]\nimage = \"b.exe\"\nfriendly = true\n");
  const auto effect = policy.announce();
  ASSERT_TRUE(effect);
  EXPECT_EQ(effect->friendly, 1u);
  EXPECT_THAT(told_, ElementsAre(kExclusions, kDocRules, kInfos, kFriendly));
}

TEST_F(PolicyExchange, AFriendlyProcessIsRegisteredWhenItIsAskedAbout) {
  auto policy = in_force(
      "[[process]]\nimage = \"c.exe\"\nfriendly = true\n"
      "[[verdict]]\ncommand_line = \"bad\"\nanswer = \"deny\"\n");
  CreateMessage message;
  message.image = u"\\Device\\HarddiskVolume3\\c.exe";
  EXPECT_EQ(policy.decide(message).answer, Answer::Allow);
  EXPECT_THAT(told_, ElementsAre(kFriendly));
  message.command_line = u"bad";
  EXPECT_EQ(policy.decide(message).answer, Answer::Deny);
  EXPECT_EQ(told_.size(), 1u);
}

TEST_F(PolicyExchange, WhatAPolicySaidOfHardeningEndsWithIt) {
  auto policy = in_force("[[process]]\nimage = \"b.exe\"\nfriendly = true\n");
  ASSERT_TRUE(policy.exchange({}));
  EXPECT_THAT(told_, ElementsAre(kExclusions, kDocRules, kReset, kInfos));
  told_.clear();
  ASSERT_TRUE(policy.exchange({}));
  EXPECT_THAT(told_, ElementsAre(kExclusions, kDocRules, kInfos));
}

TEST_F(PolicyExchange, ABuildWithoutTheResetDoesWithoutIt) {
  auto policy = in_force("[[process]]\nimage = \"b.exe\"\nfriendly = true\n", defender::kMessageVersion1910);
  ASSERT_TRUE(policy.exchange({}));
  EXPECT_THAT(told_, ElementsAre(kCommands1910.SetProcessExclusion, kCommands1910.SetDocOpenRule,
                                 kCommands1910.SetProcessInfo));
}

TEST_F(PolicyExchange, NothingIsSaidOfAProcessThatWouldNotBeAllowed) {
  auto policy = in_force(
      "[[verdict]]\nimage = \"a.exe\"\nanswer = \"deny\"\n"
      "[[verdict]]\nimage = \"b.exe\"\nanswer = \"delay\"\ndelay_ms = 1\ntrusted = true\n");
  ASSERT_TRUE(policy.announce());
  ASSERT_EQ(infos_.size(), 1u);
  EXPECT_EQ(infos_[0].ProcessId, 404u);
  EXPECT_EQ(infos_[0].Rules, defender::rule::ForceTrusted);
}

TEST_F(PolicyExchange, TheNewPolicyDecidesFromThenOn) {
  auto policy = in_force("[[verdict]]\nimage = \"c.exe\"\nanswer = \"deny\"\n");
  CreateMessage message;
  message.image = u"\\Device\\HarddiskVolume3\\c.exe";
  EXPECT_EQ(policy.decide(message).answer, Answer::Deny);
  ASSERT_TRUE(policy.exchange({}));
  EXPECT_EQ(policy.decide(message).answer, Answer::Allow);
}

TEST_F(PolicyExchange, WhateverIsRefusedTheOldPolicyStaysInForce) {
  CreateMessage message;
  message.image = u"\\Device\\HarddiskVolume3\\c.exe";
  for (const std::uint32_t refused : {kExclusions, kDocRules, kReset, kInfos, kFriendly}) {
    auto policy = in_force(
        "[exclusions]\nprocesses = [\"old.exe\"]\n[[verdict]]\nimage = \"c.exe\"\nanswer = \"deny\"\n"
        "[[process]]\nimage = \"b.exe\"\nhardening_excluded = [\"file\"]\n");
    ASSERT_TRUE(policy.announce());
    const std::size_t old_exclusions = exclusions_;
    const auto old_infos = infos_;
    refuse_ = refused;
    const auto effect = policy.exchange(read("[[process]]\nimage = \"b.exe\"\nfriendly = true\n"));
    ASSERT_FALSE(effect) << refused;
    EXPECT_EQ(effect.error().code, ErrorCode::SourceUnavailable);
    EXPECT_THAT(effect.error().what, HasSubstr("the notifier refuses the policy's"));
    EXPECT_THAT(effect.error().what, HasSubstr("0xc000000d"));
    EXPECT_THAT(effect.error().advice, HasSubstr("the policy of before is"));
    EXPECT_EQ(policy.decide(message).answer, Answer::Deny);
    EXPECT_EQ(exclusions_, old_exclusions);
    ASSERT_EQ(infos_.size(), old_infos.size());
    EXPECT_EQ(std::memcmp(infos_.data(), old_infos.data(), infos_.size() * sizeof(infos_[0])), 0);
  }
}

TEST_F(PolicyExchange, WhenTheOldOneIsRefusedTooThatIsSaid) {
  auto policy = in_force("");
  refuse_ = kDocRules;
  refuse_once_ = false;
  const auto effect = policy.exchange({});
  ASSERT_FALSE(effect);
  EXPECT_THAT(effect.error().advice, HasSubstr("taking back what it had accepted failed as well"));
}

TEST_F(PolicyExchange, TheNotifiersTimeoutCannotBeExchanged) {
  auto policy = in_force("[service]\ncreate_timeout_ms = 500\n");
  EXPECT_TRUE(policy.exchange(read("[service]\ncreate_timeout_ms = 500\n")));
  EXPECT_TRUE(policy.exchange({}));
  told_.clear();
  const auto effect = policy.exchange(read("[service]\ncreate_timeout_ms = 501\n"));
  ASSERT_FALSE(effect);
  EXPECT_EQ(effect.error().code, ErrorCode::Usage);
  EXPECT_THAT(effect.error().what, HasSubstr("create_timeout_ms is 500"));
  EXPECT_TRUE(told_.empty());
}

}  // namespace
}  // namespace wdscope
