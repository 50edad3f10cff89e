// SPDX-License-Identifier: MIT
// A layout given to the observer for this boot: what it decodes then, what it never decodes, and what is refused.
#include "calibrate/calibration_story.h"

#include "event/decode.h"
#include "event/facts.h"

namespace wdscope::tests {
namespace {

using wire::LayoutMember;
namespace known = wire::known;

class LoadedLayout : public CalibrationStory {
 protected:
  LoadedLayout() : random_(42), variant_(make_variant(random_)), client_(*machine_) {}

  // The records of one process from its creation to its end.
  std::vector<Record> life_of(const AnnouncedProcess& process, const Variant& variant) {
    Client reader = client();
    reader.drain();
    EXPECT_EQ(machine_->start_process(process.start), host::kStatusSuccess);
    Announcer announcer(variant, random_, [this](const void* argument) { notify(argument); });
    announcer.create(process);
    announcer.exit(process);
    EXPECT_EQ(machine_->exit_process(process.start.process_id), host::kStatusSuccess);
    return reader.drain();
  }
  AnnouncedProcess some_process() { return make_process(random_, {}); }

  Random random_;
  Variant variant_;
  RawClient client_;
};

TEST_F(LoadedLayout, DecodesABuildThatTheCatalogueDoesNotKnow) {
  const AnnouncedProcess process = some_process();
  ASSERT_EQ(client_.load(variant_.layout), host::kStatusSuccess);
  const std::vector<Record> records = life_of(process, variant_);
  ASSERT_EQ(records.size(), 2u);
  for (const Record& record : records) {
    const wire::ProcessRecord& event = record.process();
    EXPECT_EQ(event.anomalies, 0u);
    EXPECT_FALSE(record.knows(known::Context));
    ASSERT_TRUE(record.knows(known::ContextLocation | known::LoadedContext | known::LoadedFlags | known::LoadedTrust |
                             known::LoadedSession | known::ContextProtection | known::ContextCommandLine));
    EXPECT_EQ(event.context_magic, variant_.layout.magic);
    EXPECT_EQ(event.context_created_100ns, process.start.created_100ns);
    EXPECT_EQ(event.context_flags, process.flags | (process.trusted ? 0x40u : 0u));
    EXPECT_EQ(record.knows(known::LoadedTrusted), process.trusted);
    EXPECT_EQ(event.context_protection, process.start.protection);
    EXPECT_EQ(event.context_session_id, process.start.session_id);
    EXPECT_EQ(record.text(event.context_command_line), process.start.command_line);
  }
  EXPECT_TRUE(records[0].knows(known::ContextImageSame));
  EXPECT_EQ(records[1].text(records[1].process().context_image), process.start.image);
}

TEST_F(LoadedLayout, IsBelievedOnlyWhenPidAndCreationTimeAgree) {
  wire::ContextLayout wrong = variant_.layout;
  std::swap(wrong.offsets[static_cast<std::uint32_t>(LayoutMember::ProcessId)],
            wrong.offsets[static_cast<std::uint32_t>(LayoutMember::CreateTime)]);
  ASSERT_EQ(client_.load(wrong), host::kStatusSuccess);
  for (const Record& record : life_of(some_process(), variant_)) {
    EXPECT_EQ(record.process().anomalies, wire::anomaly_bit(wire::Anomaly::ContextPidMismatch) |
                                              wire::anomaly_bit(wire::Anomaly::ContextTimeMismatch));
    EXPECT_TRUE(record.knows(known::ContextLocation));
    EXPECT_FALSE(record.knows(known::LoadedContext));
    EXPECT_EQ(record.process().context_flags, 0u);
  }
}

TEST_F(LoadedLayout, LeavesBuildsOfAnotherMagicToTheCatalogue) {
  ASSERT_EQ(client_.load(variant_.layout), host::kStatusSuccess);
  constexpr std::uint64_t kPid = 0x1234;
  const std::int64_t created = start_process(kPid);
  PoolContext context(defender::kProcessContextMagic25080, kPid, created);
  const auto frame = frame_a5(kPid, 4, defender::OperationType::Create, context.address());
  const Record record = record_of(&frame.Info);
  EXPECT_TRUE(record.knows(known::Context));
  EXPECT_FALSE(record.knows(known::LoadedContext));
}

TEST_F(LoadedLayout, GoesWhenItIsTakenAway) {
  ASSERT_EQ(client_.load(variant_.layout), host::kStatusSuccess);
  ASSERT_EQ(client_.unload(), host::kStatusSuccess);
  for (const Record& record : life_of(some_process(), variant_)) EXPECT_FALSE(record.knows(known::LoadedContext));
}

TEST_F(LoadedLayout, IsReplacedByTheNextOne) {
  const Variant other = make_variant(random_);
  ASSERT_EQ(client_.load(other.layout), host::kStatusSuccess);
  ASSERT_EQ(client_.load(variant_.layout), host::kStatusSuccess);
  for (const Record& record : life_of(some_process(), variant_)) EXPECT_TRUE(record.knows(known::LoadedContext));
}

TEST_F(LoadedLayout, ThatBreaksARuleIsRefusedAndTheOldOneStays) {
  ASSERT_EQ(client_.load(variant_.layout), host::kStatusSuccess);
  const auto refused = [&](auto change) {
    wire::ContextLayout layout = variant_.layout;
    change(layout);
    return client_.load(layout);
  };
  const auto offset = [](wire::ContextLayout& layout, LayoutMember member) -> std::uint32_t& {
    return layout.offsets[static_cast<std::uint32_t>(member)];
  };
  EXPECT_EQ(refused([](auto& layout) { layout.size = 0; }), host::kStatusInfoLengthMismatch);
  EXPECT_EQ(refused([](auto& layout) { layout.version = 2; }), host::kStatusInfoLengthMismatch);
  EXPECT_EQ(refused([](auto& layout) { layout.machine = 0xAA64; }), host::kStatusNotSupported);
  const host::NtStatus kBad = host::kStatusInvalidParameter;
  EXPECT_EQ(refused([](auto& layout) { layout.magic = 0x0148'1234; }), kBad);
  EXPECT_EQ(refused([](auto& layout) { layout.magic = 0x0020'DA0F; }), kBad);
  EXPECT_EQ(refused([](auto& layout) { layout.slot_offset = 0x10; }), kBad);
  EXPECT_EQ(refused([](auto& layout) { layout.slot_offset = -0x48; }), kBad);
  EXPECT_EQ(refused([](auto& layout) { layout.slot_offset = -4; }), kBad);
  EXPECT_EQ(refused([](auto& layout) { layout.reserved = 1; }), kBad);
  EXPECT_EQ(refused([](auto& layout) { layout.trust_mask = 0; }), kBad);
  EXPECT_EQ(refused([](auto& layout) { layout.trust_mask = 3; }), kBad);
  EXPECT_EQ(refused([&](auto& layout) { offset(layout, LayoutMember::ProcessId) = 0; }), kBad);
  EXPECT_EQ(refused([&](auto& layout) { offset(layout, LayoutMember::ProcessId) += 4; }), kBad);
  EXPECT_EQ(refused([&](auto& layout) { offset(layout, LayoutMember::ProcessId) = layout.context_size(); }), kBad);
  EXPECT_EQ(refused([&](auto& layout) { offset(layout, LayoutMember::ProcessId) = 0xFFFF'FFF8; }), kBad);
  EXPECT_EQ(refused([&](auto& layout) { offset(layout, LayoutMember::Protection) = 3; }), kBad);
  EXPECT_EQ(refused([&](auto& layout) {
              offset(layout, LayoutMember::SessionId) = offset(layout, LayoutMember::CreateTime) + 4;
            }),
            kBad);
  std::byte few[8]{};
  EXPECT_EQ(client_.file().control(wire::kControlLoadLayout, few, {}).status, host::kStatusInfoLengthMismatch);
  for (const Record& record : life_of(some_process(), variant_)) EXPECT_TRUE(record.knows(known::LoadedContext));
}

TEST_F(LoadedLayout, ThatWasInferredDecodesWhatItWasInferredFrom) {
  const calibrate::Calibration calibration = calibrate::infer(observe(variant_, random_));
  ASSERT_TRUE(calibration.is_usable());
  ASSERT_EQ(client_.load(calibration.layout()), host::kStatusSuccess);
  const AnnouncedProcess process = some_process();
  const std::vector<Record> records = life_of(process, variant_);
  ASSERT_EQ(records.size(), 2u);
  for (const Record& record : records) {
    EXPECT_TRUE(
        record.knows(known::LoadedContext | known::LoadedFlags | known::LoadedTrust | known::ContextProtection));
    EXPECT_EQ(record.knows(known::LoadedTrusted), process.trusted);
    EXPECT_EQ(record.text(record.process().context_command_line), process.start.command_line);
  }
}

}  // namespace
}  // namespace wdscope::tests
