// SPDX-License-Identifier: MIT
#include "lab/crash.h"

#include <gmock/gmock.h>

#include "abi/defender/notify_info.h"
#include "host/machine.h"
#include "host/mm/guarded_copy.h"

namespace wdscope {
namespace {

using defender::CountedString;
using defender::OperationType;
using defender::WD_PS_NOTIFY_INFO;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::uint64_t kPid = 5000, kParent = 4936;

class CrashText : public ::testing::Test {
 protected:
  CrashText() {
    host::install_fault_handler();  // as any machine does
    info_.ProcessId = kPid;
    info_.ParentProcessId = kParent;
    info_.ImageName = reinterpret_cast<std::uint64_t>(&name_);
    info_.OperationType = static_cast<std::uint32_t>(OperationType::Create);
    check_.code = 0x3B;
    check_.name = "SYSTEM_SERVICE_EXCEPTION";
    check_.explanation = "the host's words";
    check_.callbacks = {{"\\Callback\\WdProcessNotificationCallback", "x.sys!hear", &info_, nullptr}};
  }
  void read_of(std::uint64_t address) {
    check_.fault = host::Fault{host::Fault::Access::Read, address, "x.sys!look+0x4 (x.cpp:31)"};
  }
  Crash explain(Profile profile) const {
    return explain_crash(check_, profile, {"", [](std::uint64_t) { return std::u16string(u"\\looked up"); }});
  }

  const std::u16string text_ = u"\\Device\\HarddiskVolume1\\bin\\sh";
  CountedString name_{static_cast<std::uint16_t>(text_.size() * 2), static_cast<std::uint16_t>(text_.size() * 2), 0,
                      reinterpret_cast<std::uint64_t>(text_.data())};
  WD_PS_NOTIFY_INFO info_{};
  host::BugCheck check_{};
};

TEST_F(CrashText, NamesInstructionAddressAndNotification) {
  read_of(kParent - 8);
  const Crash crash = explain(Profile::WdA5);
  EXPECT_EQ(crash.code, "0x3B SYSTEM_SERVICE_EXCEPTION");
  EXPECT_EQ(crash.happening, "read of 0x1340 by x.sys!look+0x4 (x.cpp:31)");
  EXPECT_EQ(crash.on_behalf,
            "the create notification of process 1250 (NT 5000), \\Device\\HarddiskVolume1\\bin\\sh, by "
            "\\Callback\\WdProcessNotificationCallback to x.sys!hear");
}

TEST_F(CrashText, SaysThatTheMemberIsThePidItself) {
  read_of(kParent - 8);
  for (const Profile profile : {Profile::Wd25080, Profile::WdA5}) {
    const Crash crash = explain(profile);
    EXPECT_THAT(crash.why, ElementsAre(HasSubstr("The 8 bytes at Argument1+0x08 hold 0x1348. In this build (profile " +
                                                 std::string(profile_name(profile)) +
                                                 ") that is a process id, the parent's (1234 on Linux)"),
                                       StartsWith("0x1340 lies in the lowest 64 KiB"),
                                       StartsWith("An access violation in kernel code")));
    EXPECT_THAT(crash.why[0], HasSubstr("0x1340 is that number less 8."));
    EXPECT_THAT(crash.advice, HasSubstr("MmCopyMemory"));
  }
}

TEST_F(CrashText, DoesNotBlameTheMemberForAnotherAddress) {
  read_of(0x12345678);
  const Crash crash = explain(Profile::WdA5);
  EXPECT_THAT(crash.why,
              ElementsAre(StartsWith("0x12345678 is an address of user space"), StartsWith("An access violation")));
  EXPECT_EQ(crash.advice, "");
}

TEST_F(CrashText, NamesTheMembersThatAreNull) {
  info_.OperationType = static_cast<std::uint32_t>(OperationType::Terminate);
  info_.ParentProcessId = 0;
  info_.ImageName = 0;
  read_of(0xFFFF'FFFF'FFFF'FFF8);
  check_.code = 0x50;
  const Crash crash = explain(Profile::Wd1910);
  EXPECT_THAT(crash.on_behalf, HasSubstr("the terminate notification of process 1250 (NT 5000), \\looked up,"));
  EXPECT_THAT(crash.why, ElementsAre(HasSubstr("In a terminate notification Argument1+0x08 (the parent) and "
                                               "Argument1+0x10 (the image name) and Argument2 hold no pointer but 0"),
                                     HasSubstr("an address of kernel space where nothing is mapped"),
                                     HasSubstr("not even by __try")));
}

TEST_F(CrashText, BelievesNoNotificationThatCannotBeRead) {
  check_.callbacks[0].argument1 = reinterpret_cast<const void*>(8);
  read_of(kParent);
  const Crash crash = explain(Profile::WdA5);
  EXPECT_THAT(crash.on_behalf, HasSubstr("a notification by \\Callback\\WdProcessNotificationCallback to x.sys!hear"));
  EXPECT_THAT(crash.why, Not(::testing::Contains(HasSubstr("Argument1"))));
}

TEST_F(CrashText, TakesAnImageNameThatCannotBeReadFromTheProcess) {
  name_.buffer = 8;
  read_of(0);
  EXPECT_THAT(explain(Profile::WdA5).on_behalf, HasSubstr("\\looked up"));
}

TEST_F(CrashText, TellsWhatWasDoneWhenItWasNoNotification) {
  check_.callbacks.clear();
  check_.code = 0xC4;
  EXPECT_EQ(explain_crash(check_, Profile::WdA5, {"DriverEntry of x.sys", nullptr}).on_behalf, "DriverEntry of x.sys");
  const Crash crash = explain_crash(check_, Profile::WdA5, {"", nullptr});
  EXPECT_EQ(crash.on_behalf, "no notification: the driver's own work");
  EXPECT_EQ(crash.happening, "the host's words");
  EXPECT_THAT(crash.why, ElementsAre(HasSubstr("Driver Verifier")));
}

}  // namespace
}  // namespace wdscope
