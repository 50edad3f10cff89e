// SPDX-License-Identifier: MIT
// Which name a new process goes by, and creations in a transaction (wdfilter.md C.7, C.10 step 7).
#include <gtest/gtest.h>

#include "commands.h"
#include "conformance.h"
#include "engine.h"
#include "host/verifier/fault_plan.h"
#include "notifications.h"
#include "notifier_machine.h"

namespace wdscope::test {
namespace {

using wire::NotifierProfile;

const std::u16string kTrueName = u"\\Device\\HarddiskVolume1\\Program Files\\A\\program.exe";
const std::u16string kShortName = u"\\??\\C:\\PROGRA~1\\A\\PROGRA~1.EXE";

host::ProcessStart opened_by_short_name(std::uint64_t process_id) {
  host::ProcessStart start = NotifierMachine::describe(process_id, 4, u"");
  start.image = kTrueName;
  start.opened_as = kShortName;
  return start;
}

// What a consumer and the service are told of one creation.
class ImageName : public testing::TestWithParam<NotifierProfile> {
 protected:
  explicit ImageName(std::vector<std::string> absent_routines = {}) : machine_(std::move(absent_routines)) {
    machine_.load(GetParam());
  }
  std::optional<std::u16string> name_of(const host::ProcessStart& start) {
    const Notifications seen(GetParam());
    EXPECT_EQ(machine_.machine().start_process(start), 0);
    const auto story = seen.of(start.process_id);
    EXPECT_EQ(story.size(), 1u);
    return story.empty() ? std::nullopt : story[0].image;
  }
  // The same when one routine of the driver fails once.
  std::optional<std::u16string> name_without(const host::ProcessStart& start, const char* routine) {
    host::FaultPlan plan({routine});
    EXPECT_TRUE(plan.next());
    machine_.machine().set_fault_plan(&plan);
    const auto name = name_of(start);
    machine_.machine().set_fault_plan(nullptr);
    EXPECT_EQ(plan.failures(), 1u) << routine << " was not called";
    return name;
  }

  NotifierMachine machine_;
};
INSTANTIATE_TEST_SUITE_P(Profiles, ImageName, testing::ValuesIn(kAllProfiles), profile_name);

TEST_P(ImageName, IsTheFilesTrueNameHoweverItWasOpened) {
  conforms("C.7 step 4", "MpGetImageNormalizedName", "the normalised name of the file object, however it was opened");
  EXPECT_EQ(name_of(opened_by_short_name(1000)), kTrueName);
}

TEST_P(ImageName, HasNoDataStreamAtItsEnd) {
  conforms("C.7 step 4", "MpGetImageNormalizedName", "the normalised name has no data stream at its end");
  auto start = opened_by_short_name(1000);
  start.image = kTrueName + u"::$DATA";
  EXPECT_EQ(name_of(start), kTrueName);
}

TEST_P(ImageName, IsWhatWasOpenedWhenTheFilterManagerFails) {
  conforms("C.7 step 4", "MpGetImageNormalizedName", "a failure is traced, and the raw name is used");
  EXPECT_EQ(name_without(opened_by_short_name(1000), "FltGetFileNameInformationUnsafe"), kShortName);
  EXPECT_TRUE(machine_.debug_output().contains("no normalized name: status C000009A"));
}

TEST_P(ImageName, IsAskedOfTheProcessWhenTheOpenNameIsNotKnown) {
  conforms("C.7 step 2", "MpCreateProcessNotifyRoutineEx",
           "without FileOpenNameAvailable the process is asked for its name");
  auto start = opened_by_short_name(1000);
  start.file_open_name_available = false;
  EXPECT_EQ(name_without(start, "FltGetFileNameInformationUnsafe"), kTrueName);
}

TEST_P(ImageName, IsTheOpenNameAfterAllWhenTheProcessCannotBeAsked) {
  conforms("C.7 step 2", "MpCreateProcessNotifyRoutineEx", "ImageFileName after all when the process cannot be asked");
  auto start = opened_by_short_name(1000);
  start.file_open_name_available = false;
  start.image_file_closed = true;
  // The query fails, so the open name stands; and that file is then opened by name, which gives the true one.
  EXPECT_EQ(name_without(start, "ZwQueryInformationProcess"), kTrueName);
}

TEST_P(ImageName, AFileAfterItsCleanupIsOpenedByItsName) {
  conforms("C.7 step 3", "MpGetImageNormalizedName",
           "a file object after its cleanup counts as absent: the file is opened by name");
  auto start = opened_by_short_name(1000);
  start.image_file_closed = true;
  EXPECT_EQ(name_of(start), kTrueName);
  start.process_id = 1004;
  EXPECT_EQ(name_without(start, "ZwOpenFile"), kShortName);
}

TEST_P(ImageName, WithoutAFileObjectTheRawNameStands) {
  conforms("C.7 step 6", "MpCreateProcessNotifyRoutineEx", "without any file object the raw name stands");
  host::ProcessStart start = NotifierMachine::describe(1000, 4, u"");
  start.image.clear();
  start.subsystem_process = true;
  const Notifications seen(GetParam());
  EXPECT_EQ(machine_.machine().start_process(start), 0);
  EXPECT_FALSE(machine_.debug_output().contains("no normalized name"));
}

// C.7 step 9: whatever the service says.
TEST_P(ImageName, ATransactedCreationIsDeniedAndNotifiedAllTheSame) {
  conforms("C.7 step 9", "MpCreateProcessNotifyRoutineEx",
           "a transacted creation is denied whatever the service says, and notified; message flag 1");
  Engine engine(machine_.machine(), [](const Message&) { return allow(GetParam(), 0); });
  const Notifications seen(GetParam());
  auto start = opened_by_short_name(1000);
  start.transacted = true;
  EXPECT_EQ(machine_.machine().start_process(start), host::kStatusAccessDenied);
  EXPECT_EQ(seen.of(1000).size(), 2u);  // created and torn down
  const Message message = engine.wait_for(1).at(0);
  if (!is_2019(GetParam())) {
    EXPECT_EQ(message.as<defender::PROCESS_MESSAGE_25080>().Flags, 3u);
  }
  EXPECT_TRUE(machine_.debug_output().contains("denied: its image was opened in a transaction"));
}

TEST_P(ImageName, ATransactedCreationIsDeniedWithoutAService) {
  conforms("C.7 step 5", "MpCreateProcessNotifyRoutineEx", "the original file object decides, whatever its state");
  auto start = opened_by_short_name(1000);
  start.transacted = true;
  start.image_file_closed = true;  // the original file object counts, whatever its state
  EXPECT_EQ(machine_.machine().start_process(start), host::kStatusAccessDenied);
}

// The routine that NT calls without any names (C.7, legacy).
class LegacyImageName : public ImageName {
 protected:
  LegacyImageName() : ImageName({"PsSetCreateProcessNotifyRoutineEx", "PsSetCreateProcessNotifyRoutineEx2"}) {}
};
INSTANTIATE_TEST_SUITE_P(Profiles, LegacyImageName, testing::ValuesIn(kAllProfiles), profile_name);

TEST_P(LegacyImageName, IsAskedOfTheProcessAndOpened) {
  conforms("C.7", "MpCreateProcessNotifyRoutine", "legacy: the name is asked by pid and normalised by name");
  auto start = opened_by_short_name(1000);
  start.image = kTrueName + u":$DATA";
  EXPECT_EQ(name_of(start), kTrueName);
  start.process_id = 1004;
  EXPECT_EQ(name_without(start, "ZwOpenFile"), start.image);
}

TEST_P(LegacyImageName, NothingCanBeDenied) {
  conforms("C.7", "MpCreateProcessNotifyRoutine", "legacy: not even a transacted creation is denied");
  auto start = opened_by_short_name(1000);
  start.transacted = true;
  EXPECT_EQ(machine_.machine().start_process(start), 0);
}

}  // namespace
}  // namespace wdscope::test
