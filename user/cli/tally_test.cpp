// SPDX-License-Identifier: MIT
#include "cli/tally.h"

#include <gtest/gtest.h>

#include <cstring>

#include "event/decode.h"
#include "event/record_builder.h"

namespace wdscope::cli {
namespace {

std::uint64_t count(const Tally& tally, Operation operation) {
  return tally.by_operation[static_cast<std::size_t>(operation)];
}

std::vector<std::vector<std::byte>> one_of_each() {
  RecordBuilder refresh = RecordBuilder::trust(404, 1);
  refresh.image(u"\\a.exe");
  RecordBuilder odd = RecordBuilder::create(408, 4);
  odd.fixed().operation_type = 77;
  odd.anomaly(wire::Anomaly::UnknownOperation);
  RecordBuilder unreadable = RecordBuilder::create(412, 4);
  unreadable.fixed().known &= ~wire::known::Argument;
  unreadable.anomaly(wire::Anomaly::ArgumentNull);
  return {RecordBuilder::create(400, 4).build(),
          RecordBuilder::terminate(400).build(),
          RecordBuilder::trust(400, 1).build(),
          refresh.build(),
          odd.build(),
          unreadable.build()};
}

TEST(Tally, CountsEachOperationAndAnomaly) {
  Tally tally;
  for (const auto& record : one_of_each()) tally.add(record);
  EXPECT_EQ(count(tally, Operation::Create), 1u);
  EXPECT_EQ(count(tally, Operation::Terminate), 1u);
  EXPECT_EQ(count(tally, Operation::Trust), 1u);
  EXPECT_EQ(count(tally, Operation::Refresh), 1u);
  EXPECT_EQ(count(tally, Operation::Unknown), 2u);
  EXPECT_EQ(tally.events(), 6u);
  EXPECT_EQ(tally.by_anomaly[static_cast<std::size_t>(wire::Anomaly::UnknownOperation)], 1u);
  EXPECT_EQ(tally.by_anomaly[static_cast<std::size_t>(wire::Anomaly::ArgumentNull)], 1u);
}

TEST(Tally, NamesOperationsAsTheDecoderDoes) {
  for (const auto& record : one_of_each()) {
    Tally tally;
    tally.add(record);
    const auto event = decode(record, Origin());
    ASSERT_TRUE(event);
    EXPECT_EQ(count(tally, std::get<ProcessEvent>(*event).operation), 1u);
  }
}

TEST(Tally, WalksAWholeBatchAndStopsAtDamage) {
  std::vector<std::byte> batch;
  RecordBuilder::create(400, 4).append_to(batch);
  append_loss_record(batch, 1, 5);
  RecordBuilder::terminate(400).append_to(batch);
  Tally whole;
  whole.add(batch);
  EXPECT_EQ(whole.events(), 2u);

  const std::uint32_t impossible = 3;
  std::memcpy(batch.data(), &impossible, sizeof impossible);
  Tally damaged;
  damaged.add(batch);
  EXPECT_EQ(damaged.events(), 0u);
}

TEST(Tally, ARecordOfAnUnknownKindIsCountedAsSuch) {
  auto record = RecordBuilder::create(400, 4).build();
  const std::uint16_t kind = 99;
  std::memcpy(record.data() + offsetof(wire::RecordHeader, kind), &kind, sizeof kind);
  Tally tally;
  tally.add(record);
  EXPECT_EQ(tally.events(), 0u);
  EXPECT_EQ(tally.unknown_kinds, 1u);
}

}  // namespace
}  // namespace wdscope::cli
