// SPDX-License-Identifier: MIT
// SET_DOC_OPEN_RULE from the engine's side: which rule a process has, and what every malformed request does.
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>

#include "abi/defender/doc_rules.h"
#include "commands.h"
#include "conformance.h"
#include "notifications.h"
#include "notifier_machine.h"

namespace wdscope::test {
namespace {

using wire::NotifierProfile;
namespace command_status = defender::command_status;

const DocRule kReaderRule = {u"reader.exe", {u"pdf", u"fdf"}};
const DocRule kWriterRule = {u"writer.exe", {u"doc"}};

// The profiles whose notifications lead to a context.
constexpr NotifierProfile kShown[] = {NotifierProfile::Wd1910, NotifierProfile::Wd20H1, NotifierProfile::WdA5};

class DocRules : public testing::TestWithParam<NotifierProfile> {
 protected:
  DocRules() {
    machine_.load(GetParam());
    auto file = machine_.machine().open(wire::kEngineUserDeviceName, host::Access::ReadWrite);
    if (!file) throw std::runtime_error(file.error().message);
    file_ = std::move(*file);
  }
  std::uint32_t send_now(const CommandBytes& command) { return static_cast<std::uint32_t>(send(*file_, command)); }

  // The rule of a process as its last notification shows it, copied; empty without one.
  static std::optional<defender::MP_DOC_OPEN_RULE> rule_in(const Notification& seen) {
    if (!seen.context || !seen.context->Common.DocRule) return std::nullopt;
    defender::MP_DOC_OPEN_RULE rule{};
    std::memcpy(&rule, reinterpret_cast<const void*>(seen.context->Common.DocRule), sizeof rule);
    return rule;
  }
  // The rule that a running process has, read at its exit, while its context still holds the reference.
  std::optional<defender::MP_DOC_OPEN_RULE> rule_at_exit(Notifications& seen, std::uint64_t process_id) {
    std::optional<defender::MP_DOC_OPEN_RULE> rule;
    seen.on_notification([&](const Notification& one) {
      if (one.info.ProcessId == process_id && one.operation() == defender::OperationType::Terminate) {
        rule = rule_in(one);
      }
    });
    EXPECT_EQ(machine_.exit(process_id), 0);
    seen.on_notification(nullptr);
    return rule;
  }
  void adopt(std::uint64_t process_id, const std::u16string& name) {
    file_.reset();
    machine_.unload();
    ASSERT_EQ(machine_.machine().adopt_process(NotifierMachine::describe(process_id, 4, name)), 0);
    machine_.load(GetParam());
    auto file = machine_.machine().open(wire::kEngineUserDeviceName, host::Access::ReadWrite);
    ASSERT_TRUE(file);
    file_ = std::move(*file);
  }

  NotifierMachine machine_;
  std::unique_ptr<host::DeviceFile> file_;
};
INSTANTIATE_TEST_SUITE_P(Profiles, DocRules, testing::ValuesIn(kShown), profile_name);

TEST_P(DocRules, AStartingProcessHasTheRuleOfItsName) {
  conforms("C.8 create step 5", "MpHandleProcessNotification", "a starting process has the rule of its name");
  ASSERT_EQ(send_now(doc_rule_command(GetParam(), {kReaderRule, kWriterRule})), command_status::Success);
  file_.reset();  // rules outlive the engine
  Notifications seen(GetParam());
  ASSERT_EQ(machine_.start(1000, 4, u"Reader.EXE"), 0);
  ASSERT_EQ(machine_.start(1004, 4, u"other.exe"), 0);
  const auto rule = rule_at_exit(seen, 1000);
  ASSERT_TRUE(rule);
  EXPECT_EQ(rule->Magic, 0x0228DA15u);
  EXPECT_EQ(rule->RefCount, 2);  // the list's and the context's
  EXPECT_EQ(std::u16string(rule->ProcessName), u"reader.exe");
  EXPECT_FALSE(rule_at_exit(seen, 1004));
}

TEST_P(DocRules, ACommandReachesTheProcessesThatRun) {
  conforms("E.5.2", "SET_DOC_OPEN_RULE",
           "the rules of running processes are decided anew; size and offset zero clear them all");
  adopt(1000, u"reader.exe");
  adopt(1004, u"reader.exe");
  Notifications seen(GetParam());
  ASSERT_EQ(send_now(doc_rule_command(GetParam(), {kReaderRule})), command_status::Success);
  EXPECT_TRUE(rule_at_exit(seen, 1000));
  ASSERT_EQ(send_now(doc_rule_command(GetParam(), {})), command_status::Success);
  EXPECT_FALSE(rule_at_exit(seen, 1004));
}

struct Damage {
  const char* row;  // of wdfilter.md E.5.2
  std::uint32_t status;
  void (*damage)(CommandBytes&);
};

constexpr std::size_t kDataSize = 0x10, kDataOffset = 0x18, kCount = 0x80, kArray = 0x88, kName = 0x90, kText = 0x98;

const Damage kDamages[] = {
    {"0x10: both zero clears, exactly one zero is invalid (size)", command_status::InvalidParameter,
     [](CommandBytes& one) { poke<std::uint32_t>(one, kDataSize, 0); }},
    {"0x10: both zero clears, exactly one zero is invalid (offset)", command_status::InvalidParameter,
     [](CommandBytes& one) { poke<std::uint64_t>(one, kDataOffset, 0); }},
    {"0x10: at least 0x10", command_status::InvalidParameter,
     [](CommandBytes& one) { poke<std::uint32_t>(one, kDataSize, 0x0F); }},
    {"0x10: not above total - 0x80", command_status::InvalidParameter,
     [](CommandBytes& one) { poke(one, kDataSize, static_cast<std::uint32_t>(one.size() - 0x80 + 1)); }},
    {"0x18: must be 0x80", command_status::InvalidParameter,
     [](CommandBytes& one) { poke<std::uint64_t>(one, kDataOffset, 0x82); }},
    {"0x80: non-zero", command_status::InvalidParameter,
     [](CommandBytes& one) { poke<std::uint32_t>(one, kCount, 0); }},
    {"0x80: count * 16 must fit in total - 0x90", command_status::InvalidParameter,
     [](CommandBytes& one) { poke<std::uint32_t>(one, kCount, static_cast<std::uint32_t>(one.size() / 16)); }},
    {"statuses: count * 16 beyond 32 bits", command_status::IntegerOverflow,
     [](CommandBytes& one) { poke<std::uint32_t>(one, kCount, 0x10000000); }},
    {"0x88: non-zero", command_status::InvalidParameter,
     [](CommandBytes& one) { poke<std::uint64_t>(one, kArray, 0); }},
    {"0x88: inside the message", command_status::InvalidParameter,
     [](CommandBytes& one) { poke<std::uint64_t>(one, kArray, ~std::uint64_t{0} - 8); }},
    {"element +0: non-zero", command_status::InvalidParameter,
     [](CommandBytes& one) { poke<std::uint64_t>(one, kName, 0); }},
    {"element +0: inside the message", command_status::InvalidParameter,
     [](CommandBytes& one) { poke<std::uint64_t>(one, kName, one.size()); }},
    {"element +0: NUL-terminated, at most 0x208 bytes", command_status::InvalidParameter,
     [](CommandBytes& one) {
       const std::size_t name = one.size();
       one.resize(name + 0x400, std::byte{0x41});
       resize_command(one, one.size());
       poke<std::uint64_t>(one, kName, name);
       poke(one, kDataSize, static_cast<std::uint32_t>(one.size() - 0x80));
     }},
    {"element +8: non-zero", command_status::InvalidParameter,
     [](CommandBytes& one) { poke<std::uint64_t>(one, kText, 0); }},
    {"element +8: double-terminated inside the message", command_status::Unsuccessful,
     [](CommandBytes& one) {
       const std::size_t text = one.size();
       one.resize(text + 0x40, std::byte{0x41});
       resize_command(one, one.size());
       poke<std::uint64_t>(one, kText, text);
       poke(one, kDataSize, static_cast<std::uint32_t>(one.size() - 0x80));
     }},
    {"statuses: the budget runs out", command_status::BufferOverflow,
     [](CommandBytes& one) { poke(one, kDataSize, static_cast<std::uint32_t>(one.size() - 0x80 - 2)); }},
    {"statuses: total below 0x80", command_status::IntegerOverflow,
     [](CommandBytes& one) { resize_command(one, 0x7F); }},
    {"statuses: a residual below 0x10", command_status::IntegerOverflow,
     [](CommandBytes& one) { resize_command(one, 0x8F); }},
};

TEST_P(DocRules, EveryMalformedCommandHasItsStatusAndLeavesTheRulesInForce) {
  conforms("E.5.2", "SET_DOC_OPEN_RULE", "each malformed command has its status and leaves the rules in force");
  ASSERT_EQ(send_now(doc_rule_command(GetParam(), {kReaderRule})), command_status::Success);
  for (const Damage& damage : kDamages) {
    CommandBytes command = doc_rule_command(GetParam(), {kWriterRule});
    damage.damage(command);
    EXPECT_EQ(send_now(command), damage.status) << damage.row;
  }
  // A later rule's failure takes the earlier ones with it.
  CommandBytes command = doc_rule_command(GetParam(), {kWriterRule, kWriterRule});
  poke<std::uint64_t>(command, kName + 0x10, 0);
  EXPECT_EQ(send_now(command), command_status::InvalidParameter);
  file_.reset();
  Notifications seen(GetParam());
  ASSERT_EQ(machine_.start(1000, 4, u"reader.exe"), 0);
  ASSERT_EQ(machine_.start(1004, 4, u"writer.exe"), 0);
  EXPECT_TRUE(rule_at_exit(seen, 1000));
  EXPECT_FALSE(rule_at_exit(seen, 1004));
}

}  // namespace
}  // namespace wdscope::test
