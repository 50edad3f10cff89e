// SPDX-License-Identifier: MIT
#include "event/decode.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "abi/defender/flags.h"
#include "abi/defender/process_context.h"
#include "event/record_builder.h"
#include "event/sample_records.h"

namespace wdscope {
namespace {

Origin lab() {
  Origin origin;
  origin.pid_factor = 4;
  return origin;
}

ProcessEvent decoded(const RecordBuilder& builder) {
  const auto event = decode(builder.build(), lab());
  EXPECT_TRUE(event) << event.error().what;
  return std::get<ProcessEvent>(*event);
}

ErrorCode code_of(const std::vector<std::byte>& record) {
  const auto event = decode(record, lab());
  return event ? ErrorCode::Internal : event.error().code;
}

TEST(Decode, ACreateOfTheNewestBuildIsWhole) {
  const ProcessEvent event = decoded(RecordBuilder::typical_create(9));
  EXPECT_EQ(event.sequence, 9u);
  EXPECT_EQ(event.operation, Operation::Create);
  EXPECT_EQ(event.pid, 4036u);
  EXPECT_EQ(event.host_pid, 1009u);
  EXPECT_EQ(event.parent_pid, 4000u);
  EXPECT_EQ(event.trusted, false);
  ASSERT_TRUE(event.image && event.command_line && event.context && event.context_tail);
  EXPECT_EQ(event.image->value.substr(0, 24), "\\Device\\HarddiskVolume1\\");
  EXPECT_EQ(event.image->value.size(), 100u);
  EXPECT_EQ(event.command_line->value.size(), 100u);
  EXPECT_EQ(event.context->magic, defender::kProcessContextMagic25080);
  EXPECT_EQ(event.context->flags, defender::flag::NewProcess | defender::flag::ThreadExCheckPending);
  EXPECT_EQ(event.nt_image_name, "cc1");
  EXPECT_FALSE(event.context_image);
}

TEST(Decode, WithoutAContextNothingOfItIsKnown) {
  const ProcessEvent event = decoded(RecordBuilder::create(400, 100).image(u"x").nt(5, 100));
  EXPECT_FALSE(event.context || event.context_tail || event.command_line || event.unrecognised_magic);
  EXPECT_EQ(event.created(), 5);
}

TEST(Decode, ACandidateThatWasNotRecognisedTellsItsMagicOnly) {
  RecordBuilder builder = RecordBuilder::create(400, 100);
  builder.fixed().known |= wire::known::ContextLocation;
  builder.fixed().context_magic = 0x0140DA0F;
  builder.fixed().context_flags = 0x40;
  const ProcessEvent event = decoded(builder);
  EXPECT_EQ(event.unrecognised_magic, 0x0140DA0Fu);
  EXPECT_FALSE(event.context);
}

TEST(Decode, AnyNonzeroTrustedByteMeansTrusted) {
  EXPECT_EQ(decoded(RecordBuilder::trust(400, 0x40)).trusted, true);
  EXPECT_EQ(decoded(RecordBuilder::trust(400, 1)).trusted, true);
  EXPECT_EQ(decoded(RecordBuilder::trust(400, 0)).trusted, false);
}

TEST(Decode, TerminateSaysNothingOfTrust) {
  EXPECT_FALSE(decoded(RecordBuilder::terminate(400)).trusted);
}

TEST(Decode, ATypeThreeWithImageIsARefreshAndWithoutAChange) {
  EXPECT_EQ(decoded(RecordBuilder::trust(400, 1)).operation, Operation::Trust);
  EXPECT_EQ(decoded(RecordBuilder::trust(400, 1).image(u"x")).operation, Operation::Refresh);
  EXPECT_EQ(decoded(RecordBuilder::trust(400, 1).image(u"")).operation, Operation::Refresh);
  EXPECT_EQ(decoded(RecordBuilder::trust(400, 1).anomaly(wire::Anomaly::ImageStringInvalid)).operation,
            Operation::Refresh);
  EXPECT_EQ(decoded(RecordBuilder::trust(400, 1).anomaly(wire::Anomaly::ImageTruncated)).operation, Operation::Refresh);
}

TEST(Decode, AnUnreadableArgumentGivesNoPid) {
  RecordBuilder builder = RecordBuilder::create(400, 100);
  builder.fixed().known = 0;
  const ProcessEvent event = decoded(builder);
  EXPECT_EQ(event.operation, Operation::Unknown);
  EXPECT_FALSE(event.pid || event.parent_pid || event.host_pid || event.trusted);
}

TEST(Decode, HostPidNeedsAFactorThatDivides) {
  EXPECT_FALSE(decoded(RecordBuilder::terminate(401)).host_pid);
  EXPECT_FALSE(decoded(RecordBuilder::terminate(4ull << 32)).host_pid);
  const auto device = decode(RecordBuilder::terminate(400).build(), Origin{});
  ASSERT_TRUE(device);
  EXPECT_FALSE(std::get<ProcessEvent>(*device).host_pid);
}

TEST(Decode, TheContextsImageStandsInAndIsKeptWhereItDiffers) {
  const ProcessEvent only = decoded(RecordBuilder::terminate(400).context_image(u"c"));
  EXPECT_EQ(only.image->value, "c");
  EXPECT_FALSE(only.context_image);
  const ProcessEvent both = decoded(RecordBuilder::create(400, 4).image(u"a").context_image(u"c"));
  EXPECT_EQ(both.image->value, "a");
  EXPECT_EQ(both.context_image->value, "c");
  const ProcessEvent same = decoded(RecordBuilder::create(400, 4).image(u"a").context_image(u"a"));
  EXPECT_FALSE(same.context_image);
}

TEST(Decode, NtsImageNameIsAsciiOrReplaced) {
  RecordBuilder builder = RecordBuilder::terminate(400);
  builder.nt(0, 0);
  std::memcpy(builder.fixed().nt_image_name, "a\xFFnotterminated!", 16);
  EXPECT_EQ(decoded(builder).nt_image_name, "a\xEF\xBF\xBDnotterminated!");
}

TEST(Decode, ALossRecordIsALossEvent) {
  std::vector<std::byte> bytes;
  append_loss_record(bytes, 7, 9);
  const auto event = decode(bytes, lab());
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<LossEvent>(*event).first_sequence, 7u);
  EXPECT_EQ(std::get<LossEvent>(*event).lost_count, 9u);
}

TEST(Decode, ALaterSchemasLongerRecordIsReadAsFarAsKnown) {
  std::vector<std::byte> record = RecordBuilder::create(400, 100).build();
  record.resize(record.size() + 16, std::byte{0xAB});
  wire::RecordHeader header;
  std::memcpy(&header, record.data(), sizeof header);
  header.size += 16;
  header.fixed_size = static_cast<std::uint16_t>(header.fixed_size + 16);
  std::memcpy(record.data(), &header, sizeof header);
  const auto event = decode(record, lab());
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<ProcessEvent>(*event).pid, 400u);
}

// As the observer of schema 1 made them: its fixed part ended before what later schemas added.
std::vector<std::byte> of_first_schema(const std::vector<std::byte>& record) {
  wire::ProcessRecord fixed;
  std::memcpy(&fixed, record.data(), sizeof fixed);
  constexpr std::uint32_t kAdded = sizeof(wire::ProcessRecord) - wire::kFirstProcessRecordSize;
  fixed.header.fixed_size = wire::kFirstProcessRecordSize;
  fixed.header.size -= kAdded;
  for (wire::StringSpan* span : {&fixed.argument_image, &fixed.context_image, &fixed.context_command_line}) {
    if (span->length != 0) span->offset -= kAdded;
  }
  std::vector<std::byte> old(record.begin(), record.begin() + wire::kFirstProcessRecordSize);
  std::memcpy(old.data(), &fixed, wire::kFirstProcessRecordSize);
  old.insert(old.end(), record.begin() + sizeof fixed, record.end());
  return old;
}

TEST(Decode, ARecordOfTheFirstSchemaIsReadInWhole) {
  RecordBuilder builder = RecordBuilder::typical_create(0);
  const ProcessEvent now = decoded(builder);
  const auto event = decode(of_first_schema(builder.build()), lab());
  ASSERT_TRUE(event) << event.error().what;
  const auto& old = std::get<ProcessEvent>(*event);
  EXPECT_EQ(old.image->value, now.image->value);
  EXPECT_EQ(old.command_line->value, now.command_line->value);
  ASSERT_TRUE(old.context && old.context_tail);
  EXPECT_EQ(old.context->members, now.context->members);
  EXPECT_EQ(old.context_tail->session_id, now.context_tail->session_id);
  EXPECT_FALSE(old.doc_rule || old.snapshot);

  RecordBuilder of_2019 = RecordBuilder::create(400, 100);
  of_2019.context(defender::kProcessContextMagic1910, 0);
  const auto older = decode(of_first_schema(of_2019.build()), lab());
  ASSERT_TRUE(older);
  EXPECT_EQ(std::get<ProcessEvent>(*older).context->members, wire::kContextCommonMembers);
  EXPECT_FALSE(std::get<ProcessEvent>(*older).context_tail);
}

TEST(Decode, ADocRuleHasItsImageAndExtensions) {
  RecordBuilder builder = RecordBuilder::typical_create(0);
  builder.doc_rule(u"AcroRd32.exe", std::u16string(u"pdf\0fdf", 7));
  const ProcessEvent event = decoded(builder);
  ASSERT_TRUE(event.doc_rule && event.doc_rule->image && event.doc_rule->extensions);
  EXPECT_EQ(event.doc_rule->image->value, "AcroRd32.exe");
  EXPECT_EQ(event.doc_rule->extensions->value, std::string("pdf\0fdf", 7));
}

TEST(Decode, WhatALayoutHasNotIsAbsent) {
  RecordBuilder builder = RecordBuilder::typical_create(0);
  builder.fixed().context_members = defender::member_bit(defender::ContextMember::ProcessFlags);
  const ProcessEvent event = decoded(builder);
  EXPECT_TRUE(event.context->has(defender::ContextMember::ProcessFlags));
  EXPECT_FALSE(event.context->has(defender::ContextMember::ProcessRules));
  EXPECT_FALSE(event.context_tail);
}

TEST(Decode, AMarkSaysWhereASnapshotBeginsAndEnds) {
  const ProcessEvent begin = decoded(RecordBuilder::snapshot(wire::SnapshotBoundary::Begin, 0));
  EXPECT_EQ(begin.operation, Operation::SnapshotBegin);
  ASSERT_TRUE(begin.snapshot);
  EXPECT_EQ(begin.snapshot->number, 1u);
  EXPECT_FALSE(begin.pid || begin.trusted || begin.snapshot->answered);
  const ProcessEvent end = decoded(RecordBuilder::snapshot(wire::SnapshotBoundary::End, 7));
  EXPECT_EQ(end.operation, Operation::SnapshotEnd);
  EXPECT_EQ(end.snapshot->answered, 7u);
}

TEST(Decode, AnUnknownKindIsIncompatible) {
  std::vector<std::byte> record;
  append_loss_record(record, 0, 1);
  record[4] = std::byte{99};
  EXPECT_EQ(code_of(record), ErrorCode::Incompatible);
}

TEST(Decode, EveryPrefixOfARecordIsDamaged) {
  const std::vector<std::byte> record = RecordBuilder::typical_create(0).build();
  for (std::size_t size = 0; size < record.size(); ++size) {
    ASSERT_EQ(code_of({record.begin(), record.begin() + static_cast<std::ptrdiff_t>(size)}), ErrorCode::InputDamaged);
  }
}

struct Misplaced {
  std::uint32_t offset;
  std::uint32_t length;
};
class DecodeText : public testing::TestWithParam<Misplaced> {};

TEST_P(DecodeText, OutsideTheRecordOrOddIsDamaged) {
  std::vector<std::byte> record = RecordBuilder::create(400, 4).image(u"0123456789abcdef").build();
  wire::ProcessRecord fixed;
  std::memcpy(&fixed, record.data(), sizeof fixed);
  fixed.argument_image = {GetParam().offset, GetParam().length};
  std::memcpy(record.data(), &fixed, sizeof fixed);
  EXPECT_EQ(code_of(record), ErrorCode::InputDamaged);
}

INSTANTIATE_TEST_SUITE_P(Misplaced, DecodeText,
                         testing::Values(Misplaced{0, 2}, Misplaced{sizeof(wire::ProcessRecord) - 2, 2},
                                         Misplaced{sizeof(wire::ProcessRecord), 34},
                                         Misplaced{sizeof(wire::ProcessRecord), 3},
                                         Misplaced{sizeof(wire::ProcessRecord) + 1, 2}, Misplaced{0xFFFFFFFE, 4},
                                         Misplaced{sizeof(wire::ProcessRecord), 0xFFFFFFFE}));

TEST(ForEachRecord, VisitsEachWholeRecordThenTellsWhereItBroke) {
  std::vector<std::byte> bytes;
  RecordBuilder::terminate(4).append_to(bytes);
  append_loss_record(bytes, 1, 1);
  const std::size_t whole = bytes.size();
  bytes.resize(whole + 8);
  int visits = 0;
  const auto walked = for_each_record(bytes, [&](std::span<const std::byte>) -> Result<void> {
    ++visits;
    return {};
  });
  ASSERT_FALSE(walked);
  EXPECT_EQ(visits, 2);
  EXPECT_EQ(walked.error().code, ErrorCode::InputDamaged);
  EXPECT_NE(walked.error().what.find(std::to_string(whole)), std::string::npos) << walked.error().what;
}

TEST(ForEachRecord, StopsWhenTheVisitorFails) {
  std::vector<std::byte> bytes;
  RecordBuilder::terminate(4).append_to(bytes);
  RecordBuilder::terminate(8).append_to(bytes);
  int visits = 0;
  const auto walked = for_each_record(bytes, [&](std::span<const std::byte>) -> Result<void> {
    ++visits;
    return failure(ErrorCode::BrokenPipe, "gone");
  });
  ASSERT_FALSE(walked);
  EXPECT_EQ(walked.error().code, ErrorCode::BrokenPipe);
  EXPECT_EQ(visits, 1);
}

TEST(Names, EveryAnomalyHasOne) {
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(wire::Anomaly::Count); ++i) {
    EXPECT_FALSE(anomaly_name(static_cast<wire::Anomaly>(i)).empty()) << i;
  }
  EXPECT_TRUE(anomaly_name(wire::Anomaly::Count).empty());
  EXPECT_EQ(anomaly_name(wire::Anomaly::HighIrql), "high_irql");
}

TEST(Names, LayoutsOfTheKnownMagics) {
  EXPECT_EQ(layout_name(0x00C0DA0F), "1910");
  EXPECT_EQ(layout_name(0x00C8DA0F), "20h1");
  EXPECT_EQ(layout_name(0x0130DA0F), "25080");
  EXPECT_EQ(layout_name(0x0140DA0F), "");
}

}  // namespace
}  // namespace wdscope
