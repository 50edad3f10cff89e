// SPDX-License-Identifier: MIT
// The engine's commands as a running machine feels them: each row names its row of the published tables. Malformed ones
// get the tabled status and leave what was in force.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "abi/defender/flags.h"
#include "abi/defender/service_sids.h"
#include "commands.h"
#include "conformance.h"
#include "engine.h"
#include "notifications.h"
#include "notifier_machine.h"

namespace wdscope::test {
namespace {

using defender::OperationType;
using wire::NotifierProfile;
namespace command_status = defender::command_status;
namespace flag = defender::flag;
namespace rule = defender::rule;

constexpr std::uint64_t kReader = 2000;
constexpr std::int64_t kReaderCreated = 133'000'000'000'000'000;
constexpr std::uint32_t kStatusInvalidCid = 0xC000000B;

class Commands : public testing::TestWithParam<NotifierProfile> {
 protected:
  // One process, reader.exe, from before the driver; the System process is the other one that has a context.
  Commands() {
    auto start = NotifierMachine::describe(kReader, 4, u"reader.exe");
    start.created_100ns = kReaderCreated;
    if (machine_.machine().adopt_process(start) != 0) throw std::runtime_error("cannot adopt");
    machine_.load(GetParam());
    auto file = machine_.machine().open(wire::kEngineUserDeviceName, host::Access::ReadWrite);
    if (!file) throw std::runtime_error(file.error().message);
    file_ = std::move(*file);
    seen_ = std::make_unique<Notifications>(GetParam());
  }
  bool is(NotifierProfile profile) const { return GetParam() == profile; }
  std::uint32_t send_now(const CommandBytes& command) { return static_cast<std::uint32_t>(send(*file_, command)); }
  // The trust states that were notified about reader.exe, in order: '1' trusted, '0' untrusted.
  std::string trust_changes() const {
    std::string states;
    for (const Notification& one : seen_->of(kReader)) {
      if (one.operation() == OperationType::Trust && !one.image) states += one.info.Trusted ? '1' : '0';
    }
    return states;
  }
  // The context of reader.exe as its end shows it; nothing for 25080, which shows none.
  std::optional<defender::MP_PROCESS_CONTEXT_25080> context_at_exit() {
    EXPECT_EQ(machine_.exit(kReader), 0);
    const auto all = seen_->of(kReader);
    return all.empty() ? std::nullopt : all.back().context;
  }
  static defender::PROCESS_INFO_25080 info(std::uint32_t rules, std::int64_t create_time = kReaderCreated) {
    defender::PROCESS_INFO_25080 entry{};
    entry.ProcessId = kReader;
    entry.CreateTime = create_time;
    entry.Rules = rules;
    return entry;
  }

  NotifierMachine machine_;
  std::unique_ptr<host::DeviceFile> file_;
  std::unique_ptr<Notifications> seen_;
};
INSTANTIATE_TEST_SUITE_P(Profiles, Commands, testing::ValuesIn(kAllProfiles), profile_name);

TEST_P(Commands, AnExclusionReachesTheProcessesThatRun) {
  conforms("C.16", "MpUpdateProcessesWithExclusions", "exemption and trust of every known process are decided anew");
  conforms("E.5.1", "SET_PROCESS_EXCLUSION", "size 0 clears the list");
  ASSERT_EQ(send_now(exclusion_command(GetParam(), {u"other.exe", u"READER.exe"})), command_status::Success);
  EXPECT_EQ(trust_changes(), "1");
  ASSERT_EQ(send_now(exclusion_command(GetParam(), {u"reader.exe"})), command_status::Success);
  EXPECT_EQ(trust_changes(), "1");  // nothing changed, so nobody is told
  ASSERT_EQ(send_now(exclusion_command(GetParam(), {})), command_status::Success);
  EXPECT_EQ(trust_changes(), "10");
}

TEST_P(Commands, AnExcludedProcessIsTrustedFromItsFirstAnswerOn) {
  conforms("E.2", "MpSendProcessMessage", "the message says that a process is excluded");
  ASSERT_EQ(send_now(exclusion_command(GetParam(), {u"\\Device\\HarddiskVolume1\\bin\\*"})), command_status::Success);
  file_.reset();
  Engine engine(machine_.machine(), [&](const Message& message) {
    // The message says so too.
    EXPECT_EQ(message.as<defender::PROCESS_MESSAGE_25080>().Excluded, 1);
    return allow(GetParam(), 0);
  });
  ASSERT_EQ(machine_.start(1000), 0);
  const auto all = seen_->of(1000);
  ASSERT_EQ(all.size(), 2u);
  const Notification& trust = all[is(NotifierProfile::WdA5) ? 0 : 1];
  EXPECT_EQ(trust.operation(), OperationType::Trust);
  EXPECT_EQ(trust.info.Trusted, 1);
}

TEST_P(Commands, AnEmptyTextEndsTheExclusions) {
  conforms("E.5.1", "SET_PROCESS_EXCLUSION", "an empty string ends the list");
  ASSERT_EQ(send_now(exclusion_command(GetParam(), {u"a.exe", u"", u"reader.exe"})), command_status::Success);
  EXPECT_EQ(trust_changes(), "");
}

struct Row {
  const char* row;
  std::uint32_t status;
  void (*damage)(CommandBytes&);
};

TEST_P(Commands, EveryMalformedExclusionHasItsStatusAndLeavesTheListInForce) {
  conforms("E.5.1", "SET_PROCESS_EXCLUSION", "each malformed command has its status and leaves the list in force");
  static const Row kRows[] = {
      {"E.5.1 0x10: total must equal 0x80 + size", command_status::InvalidBufferSize,
       [](CommandBytes& one) { poke(one, 0x10, static_cast<std::uint32_t>(one.size() - 0x80 - 2)); }},
      {"E.5.1 0x10: total must equal 0x80 + size (shorter than the fields)", command_status::InvalidBufferSize,
       [](CommandBytes& one) { resize_command(one, 0x10); }},
      {"E.5.1 0x10: size even", command_status::InvalidBufferSize,
       [](CommandBytes& one) {
         poke(one, 0x10, static_cast<std::uint32_t>(one.size() - 0x80 - 1));
         resize_command(one, one.size() - 1);
       }},
      {"E.5.1 0x18: must be 0x80", command_status::InvalidParameter,
       [](CommandBytes& one) { poke<std::uint64_t>(one, 0x18, 0x82); }},
      {"E.5.1 0x80: last WCHAR must be NUL", command_status::InvalidParameter,
       [](CommandBytes& one) { poke<char16_t>(one, one.size() - 2, u'x'); }},
      {"E.5.1: a string of 0x10000 bytes or more", command_status::IntegerOverflow,
       [](CommandBytes& one) {
         one.resize(0x80);
         one.resize(0x80 + 0x10000, std::byte{0x41});
         one.resize(0x80 + 0x10002);
         poke<std::uint32_t>(one, 0x10, 0x10002);
         resize_command(one, one.size());
       }},
  };
  ASSERT_EQ(send_now(exclusion_command(GetParam(), {u"reader.exe"})), command_status::Success);
  for (const Row& row : kRows) {
    CommandBytes command = exclusion_command(GetParam(), {u"other.exe"});
    row.damage(command);
    EXPECT_EQ(send_now(command), row.status) << row.row;
  }
  EXPECT_EQ(trust_changes(), "1");
}

TEST_P(Commands, AProcessInfoReachesTheProcessThatItNames) {
  conforms("E.5.3", "SET_PROCESS_INFO", "the process that an entry names is judged by it");
  ASSERT_EQ(send_now(process_info_command(GetParam(), {info(rule::ForceTrusted)})), command_status::Success);
  EXPECT_EQ(trust_changes(), "1");
  ASSERT_EQ(send_now(process_info_command(GetParam(), {info(0)})), command_status::Success);
  EXPECT_EQ(trust_changes(), "10");
  const auto context = context_at_exit();
  if (is(NotifierProfile::WdA5)) {
    EXPECT_EQ(context->InfoApplications, 2u);
  }
}

TEST_P(Commands, EntriesThatNameNobodyAreLeftOutAndTheOthersApplied) {
  conforms("E.5.3", "SET_PROCESS_INFO", "entries are applied one by one, failures ignored, success returned");
  auto nobody = info(rule::ForceTrusted);
  nobody.ProcessId = 0;
  auto unknown = info(rule::ForceTrusted);
  unknown.ProcessId = 4040;
  // The key is id and creation time: an earlier owner of the id is nobody.
  const auto earlier = info(0, kReaderCreated - 1);
  const auto entries = {nobody, unknown, info(rule::ForceTrusted), earlier};
  EXPECT_EQ(send_now(process_info_command(GetParam(), entries)), command_status::Success);
  EXPECT_EQ(trust_changes(), "1");
  EXPECT_EQ(send_now(process_info_command(GetParam(), {})), command_status::Success);
}

TEST_P(Commands, EveryMalformedProcessInfoHasItsStatusAndChangesNobody) {
  conforms("E.5.3", "SET_PROCESS_INFO", "each malformed command has its status and changes nobody");
  static const Row kRows[] = {
      {"E.5.3: total below 0x18", command_status::IntegerOverflow,
       [](CommandBytes& one) { resize_command(one, 0x17); }},
      {"E.5.3: count * entry above 32 bits", command_status::IntegerOverflow,
       [](CommandBytes& one) { poke<std::uint32_t>(one, 0x10, 0xFFFFFFFF); }},
      {"E.5.3: not enough data", command_status::InvalidParameter,
       [](CommandBytes& one) { poke<std::uint32_t>(one, 0x10, 2); }},
      {"E.5.3: not enough data (one byte)", command_status::InvalidParameter,
       [](CommandBytes& one) { resize_command(one, one.size() - 1); }},
  };
  for (const Row& row : kRows) {
    CommandBytes command = process_info_command(GetParam(), {info(rule::ForceTrusted)});
    row.damage(command);
    EXPECT_EQ(send_now(command), row.status) << row.row;
  }
  EXPECT_EQ(trust_changes(), "");
}

TEST_P(Commands, TheCountsAreThoseOfTheTable) {
  conforms("E.5", "QUERY_TRUSTED_AND_UNTRUSTED_PROCESS", "the counters of the table");
  const auto before = query_counts(*file_, GetParam());
  EXPECT_EQ(before.Version, protocol_of(GetParam()).version);
  EXPECT_EQ(before.Size, 0x10u);
  EXPECT_EQ(before.TrustedCount, 1u);  // System
  EXPECT_EQ(before.UntrustedCount, 1u);
  ASSERT_EQ(send_now(process_info_command(GetParam(), {info(rule::ForceTrusted)})), command_status::Success);
  const auto after = query_counts(*file_, GetParam());
  EXPECT_EQ(after.TrustedCount, 2u);
  EXPECT_EQ(after.UntrustedCount, 0u);
  EXPECT_EQ(send_now(query_command(GetParam())), command_status::BufferTooSmall);
}

TEST_P(Commands, AFriendlyProcessIsExcludedFromHardeningAndNoMoreTrusted) {
  conforms("E.5", "REGISTER_FRIENDLY_PROCESS",
           "flag 0x20 or the three bits, no change of trust; each malformed command has its status");
  ASSERT_EQ(send_now(friendly_command(GetParam(), kReader)), command_status::Success);
  EXPECT_EQ(trust_changes(), "");
  EXPECT_EQ(send_now(friendly_command(GetParam(), kReader, 2)), command_status::InvalidParameter);
  EXPECT_EQ(send_now(friendly_command(GetParam(), kReader, 0)), command_status::InvalidParameter);
  EXPECT_EQ(send_now(friendly_command(GetParam(), 4040)), kStatusInvalidCid);
  CommandBytes shorter = friendly_command(GetParam(), kReader);
  resize_command(shorter, 0x1B);
  EXPECT_EQ(send_now(shorter), command_status::InvalidParameter);
  const auto context = context_at_exit();
  if (is_2019(GetParam())) {
    EXPECT_EQ(context->Common.ProcessFlags & flag::Friendly, flag::Friendly);
  } else if (is(NotifierProfile::WdA5)) {
    EXPECT_EQ(context->State & defender::state::HardeningExclusions, defender::state::HardeningExclusions);
  }
}

TEST_P(Commands, ATaintTakesTheExclusionAndReportsIt) {
  conforms("E.5", "taint", "flag 1 is cleared and reported, trust not recomputed");
  if (is_2019(GetParam())) GTEST_SKIP() << "2019 has no such command";
  file_.reset();
  Engine engine(machine_.machine(), [&](const Message&) { return allow(GetParam(), 0); });
  const auto now = [&](const CommandBytes& command) {
    return static_cast<std::uint32_t>(send(engine.file(), command));
  };
  ASSERT_EQ(now(exclusion_command(GetParam(), {u"reader.exe"})), command_status::Success);
  ASSERT_EQ(now(taint_command(GetParam(), kReader, kReaderCreated)), command_status::Success);
  EXPECT_EQ(trust_changes(), "1");  // not recomputed
  EXPECT_EQ(now(taint_command(GetParam(), kReader, 1)), command_status::NotFound);
  CommandBytes shorter = taint_command(GetParam(), kReader, kReaderCreated);
  resize_command(shorter, 0x28);
  EXPECT_EQ(now(shorter), command_status::InvalidParameter);
  // First that no untrusted process is left, then the taint.
  const Message message = engine.wait_for(2).at(1);
  EXPECT_EQ(message.head.Type, 0x17u);
  EXPECT_EQ(message.head.Size, sizeof(defender::TAINT_MESSAGE_25080));
  const auto payload = message.as<defender::TAINT_MESSAGE_25080>();
  EXPECT_EQ(+payload.ProcessId, kReader);
  EXPECT_EQ(+payload.CreateTime, kReaderCreated);
  EXPECT_EQ(+payload.Reason, 0x5A);
  if (const auto context = context_at_exit()) {
    EXPECT_EQ(context->Common.ProcessFlags & flag::Excluded, 0u);
  }
}

TEST_P(Commands, AResetDecidesHardeningAnewByTheTable) {
  conforms("E.5", "reset hardening exclusions", "every context is decided anew by the table");
  if (is_2019(GetParam())) GTEST_SKIP() << "2019 has no such command";
  ASSERT_EQ(send_now(friendly_command(GetParam(), kReader)), command_status::Success);
  ASSERT_EQ(send_now(reset_hardening_command(GetParam())), command_status::Success);
  if (const auto context = context_at_exit()) {
    EXPECT_EQ(context->State & defender::state::HardeningExclusions, 0u);  // reader.exe is not in the table
  }
}

TEST_P(Commands, TrustedInstallerFlagsConcernTheFamilyAlone) {
  conforms("E.5", "TrustedInstaller hardening flags", "the family alone; a value above 7 is an invalid parameter");
  if (is_2019(GetParam())) GTEST_SKIP() << "2019 has no such command";
  auto installer = NotifierMachine::describe(2004, 4, u"TrustedInstaller.exe");
  installer.services = {defender::kTrustedInstallerSid};
  file_.reset();
  ASSERT_EQ(machine_.machine().start_process(installer), 0);
  auto file = machine_.machine().open(wire::kEngineUserDeviceName, host::Access::ReadWrite);
  ASSERT_TRUE(file);
  file_ = std::move(*file);
  ASSERT_EQ(send_now(trusted_installer_command(GetParam(), 5)), command_status::Success);
  EXPECT_EQ(send_now(trusted_installer_command(GetParam(), 8)), command_status::InvalidParameter);
  CommandBytes shorter = trusted_installer_command(GetParam(), 5);
  resize_command(shorter, 0x13);
  EXPECT_EQ(send_now(shorter), command_status::InvalidParameter);
  ASSERT_EQ(machine_.exit(2004), 0);
  const auto end = seen_->of(2004).back();
  if (!end.context) return;
  EXPECT_EQ(end.context->KnownProcessType, 0x11u);
  EXPECT_EQ(end.context->State & defender::state::HardeningExclusions,
            defender::state::RegistryHardeningExcluded | defender::state::ObjectHardeningExcluded);
  EXPECT_EQ(context_at_exit()->State & defender::state::HardeningExclusions, 0u);
}

TEST_P(Commands, EveryMalformedHeaderIsRefused) {
  conforms("E.5", "request header", "version, size and command number are checked, the minor version is only traced");
  static const Row kRows[] = {
      {"E.5: the version is required", command_status::InvalidParameter,
       [](CommandBytes& one) { poke<std::uint8_t>(one, 0, 0x5C); }},
      {"E.5: total input size must equal the actual size (less)", command_status::InvalidParameter,
       [](CommandBytes& one) { poke(one, 4, static_cast<std::uint32_t>(one.size() - 1)); }},
      {"E.5: total input size must equal the actual size (more)", command_status::InvalidParameter,
       [](CommandBytes& one) { poke(one, 4, static_cast<std::uint32_t>(one.size() + 1)); }},
      {"E.5: commands begin with 1", command_status::InvalidParameter,
       [](CommandBytes& one) { poke<std::uint32_t>(one, 8, 0); }},
      {"E.5: commands end with the build's highest", command_status::InvalidParameter,
       [](CommandBytes& one) { poke<std::uint32_t>(one, 8, 0x41); }},
      {"a command that is none of process notification", command_status::NotSupported,
       [](CommandBytes& one) { poke<std::uint32_t>(one, 8, 1); }},
      {"E.5: shorter than the header", command_status::InvalidParameter, [](CommandBytes& one) { one.resize(0x0F); }},
      {"E.5: nothing at all", command_status::InvalidParameter, [](CommandBytes& one) { one.clear(); }},
  };
  for (const Row& row : kRows) {
    CommandBytes command = exclusion_command(GetParam(), {u"reader.exe"});
    row.damage(command);
    EXPECT_EQ(send_now(command), row.status) << row.row;
  }
  EXPECT_EQ(trust_changes(), "");
  // Another minor version is traced and no more.
  CommandBytes command = exclusion_command(GetParam(), {u"reader.exe"});
  poke<std::uint8_t>(command, 1, 7);
  EXPECT_EQ(send_now(command), command_status::Success);
  EXPECT_EQ(trust_changes(), "1");
  EXPECT_TRUE(machine_.debug_output().contains("minor version 7"));
}

TEST_P(Commands, WhatTheServiceSetStaysWhenItGoes) {
  conforms("C.15", "MpDisconnect", "exclusions and trust stay when the service goes");
  ASSERT_EQ(send_now(exclusion_command(GetParam(), {u"reader.exe"})), command_status::Success);
  file_.reset();
  auto file = machine_.machine().open(wire::kEngineUserDeviceName, host::Access::ReadWrite);
  ASSERT_TRUE(file);
  file_ = std::move(*file);
  EXPECT_EQ(query_counts(*file_, GetParam()).TrustedCount, 2u);
  EXPECT_EQ(trust_changes(), "1");
}

}  // namespace
}  // namespace wdscope::test
