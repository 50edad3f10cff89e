// SPDX-License-Identifier: MIT
#include "event/process_picture.h"

#include <gtest/gtest.h>

#include "abi/defender/flags.h"
#include "event/picture_samples.h"

namespace wdscope {
namespace {

namespace flag = defender::flag;
using Ended = ProcessPicture::Ended;

TEST(ProcessPicture, ACreateTellsEverythingAndFromWhich) {
  ProcessPicture picture(Ended::Kept);
  const ProcessState* process = add_to(picture, born(400, flag::Excluded), 7);
  ASSERT_NE(process, nullptr);
  EXPECT_EQ(process->pid, 400u);
  EXPECT_EQ(process->host_pid, 100u);
  EXPECT_TRUE(process->created_seen());
  EXPECT_EQ(process->created.value, kBuilderTime);
  EXPECT_EQ(process->created.learnt.voice(), Voice::Notifier);
  EXPECT_EQ(process->parent_pid.value, 100u);
  EXPECT_FALSE(process->trusted.value);
  EXPECT_EQ(process->trusted.learnt.sequence, 7u);
  EXPECT_EQ(process->trusted.learnt.operation(), Operation::Create);
  EXPECT_EQ(process->context.value.flags, flag::Excluded);
  EXPECT_TRUE(process->context.value.has_tail);
  EXPECT_EQ(process->image.value, "\\Device\\HarddiskVolume1\\usr\\bin\\cc");
  EXPECT_EQ(process->command_line.value, "cc -c x.c");
  EXPECT_FALSE(process->ended);
  EXPECT_EQ(process->change_count, 0u);
}

TEST(ProcessPicture, ARefreshLeavesUnknownWhatItDoesNotTell) {
  ProcessPicture picture(Ended::Kept);
  const ProcessState* process = add_to(picture, refreshed(400, true), 1);
  ASSERT_NE(process, nullptr);
  EXPECT_TRUE(process->trusted.value);
  EXPECT_EQ(process->created.learnt.voice(), Voice::Nt);
  EXPECT_EQ(process->parent_pid.learnt.voice(), Voice::Nt);
  EXPECT_FALSE(process->context);
  EXPECT_FALSE(process->command_line);
  EXPECT_FALSE(process->flags());
  EXPECT_FALSE(process->created_seen());
}

TEST(ProcessPicture, ATrustChangeIsKeptWithBeforeAndAfterAndSpeaksForTheFlag) {
  ProcessPicture picture(Ended::Kept);
  add_to(picture, born(400, flag::NewProcess), 1);
  const ProcessState* process = add_to(picture, trust_changed(400, true), 2);
  ASSERT_EQ(process->changes.size(), 1u);
  EXPECT_EQ(process->changes[0].what, Change::What::Trust);
  EXPECT_EQ(process->changes[0].before, 0u);
  EXPECT_EQ(process->changes[0].after, 1u);
  EXPECT_EQ(process->changes[0].learnt.sequence, 2u);
  EXPECT_EQ(process->flags(), flag::NewProcess | flag::Trusted);
  EXPECT_EQ(add_to(picture, refreshed(400, true), 3)->change_count, 1u);
  EXPECT_EQ(picture.find(400)->trusted.learnt.sequence, 3u);
}

TEST(ProcessPicture, OnlyTheNewestChangesAreKeptAndAllAreCounted) {
  ProcessPicture picture(Ended::Kept);
  add_to(picture, born(400, 0), 0);
  for (std::uint64_t turn = 1; turn <= 10; ++turn) add_to(picture, trust_changed(400, turn % 2 != 0), turn);
  const ProcessState& process = *picture.find(400);
  EXPECT_EQ(process.change_count, 10u);
  ASSERT_EQ(process.changes.size(), ProcessState::kKeptChanges);
  EXPECT_EQ(process.changes.back().learnt.sequence, 10u);
  EXPECT_EQ(process.changes.front().learnt.sequence, 8u);
}

TEST(ProcessPicture, ATerminateShowsTheLastFlagsAndEndsIt) {
  ProcessPicture picture(Ended::Kept);
  add_to(picture, born(400, flag::NewProcess), 1);
  const ProcessState* process = add_to(picture, died(400, flag::Trusted | flag::Terminating), 2);
  EXPECT_TRUE(process->ended);
  EXPECT_EQ(process->ended.sequence, 2u);
  EXPECT_TRUE(process->trusted.value);
  ASSERT_EQ(process->changes.size(), 2u);
  EXPECT_EQ(process->changes[0].what, Change::What::Flags);
  EXPECT_EQ(process->changes[0].after, flag::Terminating);
  EXPECT_EQ(process->changes[1].what, Change::What::Trust);
}

TEST(ProcessPicture, AReusedPidIsAnotherProcess) {
  ProcessPicture picture(Ended::Kept);
  add_to(picture, born(400, flag::Excluded), 1);
  const ProcessState* second = add_to(picture, refreshed(400, true, 5000), 2);
  EXPECT_FALSE(second->context);
  const auto all = picture.processes();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_TRUE(all[0]->ended);
  EXPECT_EQ(all[0]->ended.sequence, 2u);
  EXPECT_EQ(all[1], second);
}

TEST(ProcessPicture, TrustBeforeTheCreateIsTheSameProcess) {
  ProcessPicture picture(Ended::Kept);
  add_to(picture, trust_changed(400, true), 1);
  add_to(picture, born(400, flag::Trusted), 2);
  EXPECT_EQ(picture.processes().size(), 1u);
}

TEST(ProcessPicture, ProcessesComeByTheirCreationAndTheSystemFirst) {
  ProcessPicture picture(Ended::Kept);
  add_to(picture, refreshed(404, false, 20), 1);
  add_to(picture, refreshed(400, false, 10), 2);
  add_to(picture, refreshed(4, true, 30), 3);
  const auto all = picture.processes();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0]->pid, 4u);
  EXPECT_EQ(all[1]->pid, 400u);
}

TEST(ProcessPicture, WithoutCreationTimesASecondCreateIsASecondProcess) {
  ProcessPicture picture(Ended::Kept);
  add_to(picture, RecordBuilder::create(400, 100), 1);
  add_to(picture, RecordBuilder::create(400, 100), 2);
  EXPECT_EQ(picture.processes().size(), 2u);
}

TEST(ProcessPicture, WordOfAnEndedProcessDoesNotReviveIt) {
  ProcessPicture picture(Ended::Kept);
  add_to(picture, born(400, 0), 1);
  add_to(picture, RecordBuilder::terminate(400).nt(kBuilderTime, 100), 2);
  EXPECT_TRUE(add_to(picture, trust_changed(400, true), 3)->ended);
  EXPECT_EQ(picture.processes().size(), 1u);
}

TEST(ProcessPicture, WhatNamesNoProcessIsNobodys) {
  ProcessPicture picture(Ended::Kept);
  RecordBuilder unreadable = RecordBuilder::create(400, 100);
  unreadable.fixed().known = 0;
  EXPECT_EQ(add_to(picture, unreadable, 1), nullptr);
  RecordBuilder unknown = RecordBuilder::create(400, 100);
  unknown.fixed().operation_type = 77;
  EXPECT_EQ(add_to(picture, unknown, 2), nullptr);
  EXPECT_TRUE(picture.processes().empty());
}

TEST(ProcessPicture, LossesConcernWhatWasLearntBefore) {
  ProcessPicture picture(Ended::Kept);
  const Learnt before = add_to(picture, born(400, 0), 1)->first_seen;
  EXPECT_FALSE(picture.lost_behind(before));
  picture.add(LossEvent{2, 3});
  EXPECT_TRUE(picture.lost_behind(before));
  EXPECT_FALSE(picture.lost_behind(add_to(picture, refreshed(400, false), 5)->trusted.learnt));
  EXPECT_EQ(picture.lost_count(), 3u);
}

TEST(ProcessPicture, AStreamWithoutEndDoesNotGrow) {
  ProcessPicture picture(Ended::Forgotten);
  for (std::uint64_t i = 1; i <= 5000; ++i) {
    add_to(picture, born(i * 4, 0), i * 2);
    add_to(picture, RecordBuilder::terminate(i * 4).nt(kBuilderTime, 100), i * 2 + 1);
  }
  EXPECT_LE(picture.processes().size(), 1024u);
  EXPECT_NE(picture.find(5000 * 4), nullptr);
  EXPECT_EQ(picture.find(4), nullptr);
}

TEST(ProcessPicture, AReusedPidIsNotForgottenForTheOneBefore) {
  ProcessPicture picture(Ended::Forgotten);
  add_to(picture, born(4, 0), 1);
  add_to(picture, RecordBuilder::terminate(4).nt(kBuilderTime, 100), 2);
  add_to(picture, born(4, 0, 77), 3);
  for (std::uint64_t i = 2; i <= 1100; ++i) {
    add_to(picture, born(i * 4, 0), i * 2);
    add_to(picture, RecordBuilder::terminate(i * 4).nt(kBuilderTime, 100), i * 2 + 1);
  }
  EXPECT_NE(picture.find(4), nullptr);
}

TEST(ProcessPicture, NtsWordOnTheImageGivesWayToTheNotifiers) {
  ProcessPicture picture(Ended::Kept);
  RecordBuilder named = trust_changed(400, true);
  named.fixed().known |= wire::known::NtImageName;
  named.fixed().nt_image_name[0] = 'c';
  EXPECT_EQ(add_to(picture, named, 1)->image.learnt.voice(), Voice::Nt);
  EXPECT_EQ(add_to(picture, refreshed(400, true), 2)->image.learnt.voice(), Voice::Notifier);
  EXPECT_EQ(add_to(picture, named, 3)->image.value, "\\Device\\HarddiskVolume1\\usr\\bin\\cc");
}

}  // namespace
}  // namespace wdscope
