// SPDX-License-Identifier: MIT
#include "host/ps/process.h"

#include <cstring>
#include <string_view>
#include <thread>

#include "host/ke/thread.h"
#include "host/ob/handle.h"
#include "host/ps/notify.h"
#include "host/ps/query.h"
#include "host/testing/boot.h"

namespace wdscope::host {
namespace {

constexpr const char16_t* kImage = u"\\Device\\HarddiskVolume1\\usr\\bin\\a-long-program-name";

ProcessStart start_of(std::uint64_t id, std::uint64_t parent = 4) {
  ProcessStart start;
  start.process_id = id;
  start.parent_process_id = parent;
  start.image = kImage;
  start.command_line = u"prog --flag";
  return start;
}

class ProcessTest : public testing::MachineTest {
 protected:
  void SetUp() override { boot(); }
};

TEST_F(ProcessTest, LookupKnowsOnlyProcesses) {
  ASSERT_EQ(machine_->adopt_process(start_of(100)), kStatusSuccess);
  Process* process = nullptr;
  EXPECT_EQ(PsLookupProcessByProcessId(100, &process), kStatusSuccess);
  EXPECT_EQ(process->process_id, 100U);
  dereference_object(process);
  EXPECT_EQ(PsLookupProcessByProcessId(0, &process), kStatusInvalidCid);
  EXPECT_EQ(PsLookupProcessByProcessId(104, &process), kStatusInvalidCid);
  EXPECT_EQ(PsLookupProcessByProcessId(current_thread().thread_id, &process), kStatusInvalidCid);
}

TEST_F(ProcessTest, AnExitedProcessIsFoundUntilItsLastReferenceGoes) {
  ASSERT_EQ(machine_->adopt_process(start_of(100)), kStatusSuccess);
  Process* process = nullptr;
  ASSERT_EQ(PsLookupProcessByProcessId(100, &process), kStatusSuccess);
  EXPECT_EQ(machine_->exit_process(100), kStatusSuccess);
  Process* again = nullptr;
  EXPECT_EQ(PsLookupProcessByProcessId(100, &again), kStatusSuccess);
  EXPECT_EQ(again, process);
  dereference_object(again);
  dereference_object(process);
  EXPECT_EQ(PsLookupProcessByProcessId(100, &process), kStatusInvalidCid);
}

TEST_F(ProcessTest, AReusedIdMeansTheNewProcess) {
  ASSERT_EQ(machine_->adopt_process(start_of(100)), kStatusSuccess);
  Process* old = find_process(100);
  machine_->exit_process(100);
  ASSERT_EQ(machine_->adopt_process(start_of(100)), kStatusSuccess);
  Process* reborn = find_process(100);
  EXPECT_NE(reborn, old);
  EXPECT_GT(PsGetProcessCreateTimeQuadPart(reborn), PsGetProcessCreateTimeQuadPart(old));
  dereference_object(old);
  Process* still = find_process(100);
  EXPECT_EQ(still, reborn);
  dereference_object(still);
  dereference_object(reborn);
}

TEST_F(ProcessTest, TheShortNameIsCutToFourteenCharacters) {
  ASSERT_EQ(machine_->adopt_process(start_of(100)), kStatusSuccess);
  Process* process = find_process(100);
  EXPECT_STREQ(process->image_file_name, "a-long-program");
  dereference_object(process);
}

TEST_F(ProcessTest, QueriesCheckTheirLengths) {
  ASSERT_EQ(machine_->adopt_process(start_of(100)), kStatusSuccess);
  const ClientId client{100, 0};
  const ObjectAttributes attributes{sizeof(ObjectAttributes), 0, nullptr, 0, nullptr, nullptr};
  Handle handle = 0;
  ASSERT_EQ(ZwOpenProcess(&handle, 0, &attributes, &client), kStatusSuccess);
  ProcessBasicInformation basic{};
  Ulong returned = 0;
  EXPECT_EQ(ZwQueryInformationProcess(handle, ProcessInfoClass::BasicInformation, &basic, 8, &returned),
            kStatusInfoLengthMismatch);
  EXPECT_EQ(ZwQueryInformationProcess(handle, ProcessInfoClass::BasicInformation, &basic, sizeof basic, &returned),
            kStatusSuccess);
  EXPECT_EQ(basic.unique_process_id, 100U);
  EXPECT_EQ(basic.inherited_from_unique_process_id, 4U);
  EXPECT_EQ(ZwQueryInformationProcess(handle, ProcessInfoClass::CommandLineInformation, nullptr, 0, &returned),
            kStatusInfoLengthMismatch);
  std::vector<std::byte> text(returned);
  ASSERT_EQ(ZwQueryInformationProcess(handle, ProcessInfoClass::CommandLineInformation, text.data(), returned, nullptr),
            kStatusSuccess);
  EXPECT_EQ(reinterpret_cast<UnicodeString*>(text.data())->view(), u"prog --flag");
  EXPECT_EQ(ZwQueryInformationProcess(handle, static_cast<ProcessInfoClass>(0x7777), nullptr, 0, nullptr),
            kStatusInvalidInfoClass);
  EXPECT_EQ(ZwClose(handle), kStatusSuccess);
}

TEST_F(ProcessTest, TheListHasSystemFirstThenTheOrderOfCreation) {
  for (const std::uint64_t id : {300U, 100U, 200U}) ASSERT_EQ(machine_->adopt_process(start_of(id)), kStatusSuccess);
  Ulong needed = 0;
  EXPECT_EQ(ZwQuerySystemInformation(5, nullptr, 0, &needed), kStatusInfoLengthMismatch);
  std::vector<std::byte> storage(needed);
  ASSERT_EQ(ZwQuerySystemInformation(5, storage.data(), needed, &needed), kStatusSuccess);
  std::vector<std::uint64_t> ids;
  for (const std::byte* at = storage.data();;) {
    const auto* entry = reinterpret_cast<const SystemProcessInformation*>(at);
    ids.push_back(entry->unique_process_id);
    if (entry->next_entry_offset == 0) break;
    at += entry->next_entry_offset;
  }
  EXPECT_EQ(ids, (std::vector<std::uint64_t>{4, 300, 100, 200}));
}

// Host-side routines need no image, so the signature flag is not asked for.
std::vector<std::string>* routine_log = nullptr;
NtStatus verdict = kStatusSuccess;

void NTAPI plain(std::uint64_t parent, std::uint64_t id, Boolean create) {
  routine_log->push_back("plain " + std::to_string(parent) + " " + std::to_string(id) + (create ? " +" : " -"));
}
void NTAPI extended(Process*, std::uint64_t id, CreateNotifyInfo* info) {
  routine_log->push_back("ex " + std::to_string(id) + (info ? " +" : " -") + " in " +
                         std::to_string(current_thread().process->process_id) +
                         (current_thread().kernel_apc_disable < 0 ? "" : " APCs on"));
  if (info && verdict != kStatusSuccess) info->creation_status = verdict;
}

class NotifyTest : public ProcessTest {
 protected:
  void SetUp() override {
    ProcessTest::SetUp();
    routine_log = &log_;
    verdict = kStatusSuccess;
  }
  void TearDown() override {
    PsSetCreateProcessNotifyRoutine(reinterpret_cast<void*>(plain), 1);
    PsSetCreateProcessNotifyRoutineEx(reinterpret_cast<void*>(extended), 1);
    PsSetCreateProcessNotifyRoutineEx2(0, reinterpret_cast<void*>(extended), 1);
  }
  std::vector<std::string> log_;
};

TEST_F(NotifyTest, RoutinesRunInTheCreatorsThenTheDyingContext) {
  PsSetCreateProcessNotifyRoutine(reinterpret_cast<void*>(plain), 0);
  PsSetCreateProcessNotifyRoutineEx(reinterpret_cast<void*>(extended), 0);
  ASSERT_EQ(machine_->start_process(start_of(100)), kStatusSuccess);
  ASSERT_EQ(machine_->start_process(start_of(104, 100)), kStatusSuccess);
  machine_->exit_process(104);
  EXPECT_EQ(log_, (std::vector<std::string>{"plain 4 100 +", "ex 100 + in 4", "plain 100 104 +", "ex 104 + in 100",
                                            "plain 100 104 -", "ex 104 - in 104"}));
}

TEST_F(NotifyTest, ADeniedProcessIsNotifiedAsExitedAndGone) {
  PsSetCreateProcessNotifyRoutineEx(reinterpret_cast<void*>(extended), 0);
  verdict = kStatusAccessDenied;
  EXPECT_EQ(machine_->start_process(start_of(100)), kStatusAccessDenied);
  EXPECT_EQ(log_, (std::vector<std::string>{"ex 100 + in 4", "ex 100 - in 100"}));
  EXPECT_EQ(machine_->process_count(), 0U);
}

TEST_F(NotifyTest, OnlyEx2HearsOfSubsystemProcesses) {
  PsSetCreateProcessNotifyRoutine(reinterpret_cast<void*>(plain), 0);
  PsSetCreateProcessNotifyRoutineEx2(0, reinterpret_cast<void*>(extended), 0);
  ProcessStart start = start_of(100);
  start.subsystem_process = true;
  machine_->start_process(start);
  EXPECT_EQ(log_, (std::vector<std::string>{"ex 100 + in 4"}));
}

TEST_F(NotifyTest, RemovalMatchesRoutineAndKind) {
  EXPECT_EQ(PsSetCreateProcessNotifyRoutineEx(reinterpret_cast<void*>(extended), 0), kStatusSuccess);
  EXPECT_EQ(PsSetCreateProcessNotifyRoutineEx(reinterpret_cast<void*>(extended), 0), kStatusInvalidParameter);
  EXPECT_EQ(PsSetCreateProcessNotifyRoutine(reinterpret_cast<void*>(extended), 1), kStatusProcedureNotFound);
  EXPECT_EQ(PsSetCreateProcessNotifyRoutineEx(reinterpret_cast<void*>(extended), 1), kStatusSuccess);
  EXPECT_EQ(PsSetCreateProcessNotifyRoutineEx(reinterpret_cast<void*>(extended), 1), kStatusProcedureNotFound);
  EXPECT_EQ(PsSetCreateProcessNotifyRoutineEx2(1, reinterpret_cast<void*>(extended), 0), kStatusInvalidParameter);
}

TEST_F(NotifyTest, TheTableHasSixtyFourSlots) {
  for (std::uintptr_t i = 1; i <= 64; ++i)
    ASSERT_EQ(PsSetCreateProcessNotifyRoutine(reinterpret_cast<void*>(i), 0), kStatusSuccess);
  EXPECT_EQ(PsSetCreateProcessNotifyRoutine(reinterpret_cast<void*>(65), 0), kStatusInvalidParameter);
  for (std::uintptr_t i = 1; i <= 64; ++i)
    ASSERT_EQ(PsSetCreateProcessNotifyRoutine(reinterpret_cast<void*>(i), 1), kStatusSuccess);
}

}  // namespace
}  // namespace wdscope::host
