// SPDX-License-Identifier: MIT
// Which notifier the machine has: found out from what its notifications turn out to be, and re-checked by each.
#include "observer/frames.h"
#include "observer/observer_story.h"

namespace wdscope::tests {
namespace {

using defender::OperationType;
using wire::Anomaly;
using wire::anomaly_bit;
using wire::ArgumentGeneration;
using wire::ContextPlace;

constexpr std::uint64_t kPid = 0x1234;
constexpr std::uint64_t kParent = 0x800;

template <class Enum>
constexpr std::uint32_t index_of(Enum value) {
  return static_cast<std::uint32_t>(value);
}

class EvidenceOf : public ObserverStory {
 protected:
  EvidenceOf() : created_(start_process(kPid, kParent)) {}

  std::uint32_t create_1910(PoolContext& context) {
    auto frame = frame_1910(kPid, kParent, OperationType::Create, context.address());
    point_at_parent(frame);
    frame.Info.Trusted = 0x40;
    return record_of(&frame.Info).process().anomalies;
  }
  std::uint32_t create_a5(std::uint64_t context) {
    auto frame = frame_a5(kPid, kParent, OperationType::Create, context);
    frame.Info.Trusted = 1;
    return record_of(&frame.Info).process().anomalies;
  }

  std::int64_t created_;
};

TEST_F(EvidenceOf, NothingIsNothing) {
  const wire::Evidence evidence = client().evidence();
  EXPECT_EQ(evidence.generation, index_of(ArgumentGeneration::Unknown));
  EXPECT_EQ(evidence.place_decided, 0u);
  EXPECT_EQ(evidence.creates_agreeing[2], 0u);
}

TEST_F(EvidenceOf, TheNotifierOf2019) {
  PoolContext context(defender::kProcessContextMagic1910, kPid, created_);
  EXPECT_EQ(create_1910(context), 0u);
  EXPECT_EQ(create_1910(context), 0u);
  EXPECT_EQ(client().evidence().generation, index_of(ArgumentGeneration::Unknown)) << "two are not enough";
  EXPECT_EQ(create_1910(context), 0u);
  const wire::Evidence evidence = client().evidence();
  EXPECT_EQ(evidence.generation, index_of(ArgumentGeneration::ParentByPointer));
  EXPECT_EQ(evidence.place_decided, 1u);
  EXPECT_EQ(evidence.place, index_of(ContextPlace::Minus10));
  EXPECT_EQ(evidence.magic, defender::kProcessContextMagic1910);
  EXPECT_EQ(evidence.creates_agreeing[index_of(ArgumentGeneration::ParentByPointer)], 3u);
  EXPECT_EQ(evidence.contexts_agreeing[index_of(ContextPlace::Minus10)], 3u);
  EXPECT_EQ(evidence.magics[0].magic, defender::kProcessContextMagic1910);
  EXPECT_EQ(evidence.magics[0].count, 3u);
  EXPECT_EQ(evidence.trusted_as_40, 3u);
}

TEST_F(EvidenceOf, TheNewestNotifierWhoseExitsCountForThePlace) {
  PoolContext context(defender::kProcessContextMagic25080, kPid, created_);
  create_a5(context.address());
  for (int round = 0; round < 2; ++round) {
    const auto frame = frame_a5(kPid, 0, OperationType::Terminate, context.address());
    EXPECT_EQ(record_of(&frame.Info).process().anomalies, 0u);
  }
  const wire::Evidence evidence = client().evidence();
  EXPECT_EQ(evidence.generation, 0u) << "one create is not enough";
  EXPECT_EQ(evidence.place, index_of(ContextPlace::Minus08));
  EXPECT_EQ(evidence.magic, defender::kProcessContextMagic25080);
  EXPECT_EQ(evidence.contexts_agreeing[index_of(ContextPlace::Minus08)], 3u);
  EXPECT_EQ(evidence.trusted_as_01, 1u);
}

TEST_F(EvidenceOf, ANotifierThatKeepsNoContextNearItsArgument) {
  for (int round = 0; round < 3; ++round) EXPECT_EQ(create_a5(0), 0u);
  const wire::Evidence evidence = client().evidence();
  EXPECT_EQ(evidence.generation, index_of(ArgumentGeneration::ParentByValue));
  EXPECT_EQ(evidence.place_decided, 1u);
  EXPECT_EQ(evidence.place, index_of(ContextPlace::None));
  EXPECT_EQ(evidence.contexts_agreeing[index_of(ContextPlace::None)], 3u);
}

TEST_F(EvidenceOf, ANotifierWhoseContextsHaveAnUnknownSize) {
  PoolContext context(0x0140DA0F, kPid, created_);
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(create_a5(context.address()), anomaly_bit(Anomaly::ContextMagicUnknown));
  }
  const wire::Evidence evidence = client().evidence();
  EXPECT_EQ(evidence.place, index_of(ContextPlace::Minus08));
  EXPECT_EQ(evidence.magic, 0x0140DA0Fu);
  EXPECT_EQ(evidence.contexts_other_magic, 3u);
  EXPECT_EQ(evidence.contexts_agreeing[index_of(ContextPlace::Minus08)], 0u);
}

TEST_F(EvidenceOf, AParentThatNtDoesNotConfirmDecidesNothing) {
  PoolContext context(defender::kProcessContextMagic25080, kPid, created_);
  for (int round = 0; round < 5; ++round) {
    auto frame = frame_a5(kPid, kParent + 4, OperationType::Create, context.address());
    EXPECT_EQ(record_of(&frame.Info).process().anomalies, anomaly_bit(Anomaly::ParentMismatch));
    auto unknown = frame_a5(kPid + 0x1000, kParent, OperationType::Create, 0);
    EXPECT_EQ(record_of(&unknown.Info).process().anomalies, anomaly_bit(Anomaly::ProcessUnknownToNt));
  }
  const wire::Evidence evidence = client().evidence();
  EXPECT_EQ(evidence.generation, 0u);
  EXPECT_EQ(evidence.creates_disagreeing[index_of(ArgumentGeneration::ParentByValue)], 5u);
  EXPECT_EQ(evidence.creates_unconfirmed[index_of(ArgumentGeneration::ParentByValue)], 5u);
}

TEST_F(EvidenceOf, OneOddEventIsNamedAndChangesNothing) {
  PoolContext context(defender::kProcessContextMagic25080, kPid, created_);
  PoolContext old_context(defender::kProcessContextMagic1910, kPid, created_);
  for (int round = 0; round < 10; ++round) EXPECT_EQ(create_a5(context.address()), 0u);
  EXPECT_EQ(create_1910(old_context), anomaly_bit(Anomaly::GenerationDisagrees) | anomaly_bit(Anomaly::PlaceDisagrees));
  EXPECT_EQ(create_a5(context.address()), 0u);
  const wire::Evidence evidence = client().evidence();
  EXPECT_EQ(evidence.generation, index_of(ArgumentGeneration::ParentByValue));
  EXPECT_EQ(evidence.place, index_of(ContextPlace::Minus08));
  EXPECT_EQ(evidence.against_generation, 1u);
  EXPECT_EQ(evidence.against_place, 1u);
  EXPECT_EQ(evidence.decisions_changed, 0u);
  EXPECT_EQ(client().statistics().anomalies[index_of(Anomaly::GenerationDisagrees)], 1u);
}

TEST_F(EvidenceOf, ANotifierThatReallyChangedIsBelievedInTheEnd) {
  PoolContext context(defender::kProcessContextMagic25080, kPid, created_);
  PoolContext old_context(defender::kProcessContextMagic1910, kPid, created_);
  for (int round = 0; round < 100; ++round) create_a5(context.address());
  for (int round = 0; round < 40; ++round) create_1910(old_context);
  const wire::Evidence evidence = client().evidence();
  EXPECT_EQ(evidence.generation, index_of(ArgumentGeneration::ParentByPointer));
  EXPECT_EQ(evidence.magic, defender::kProcessContextMagic1910);
  EXPECT_EQ(evidence.decisions_changed, 2u);
  EXPECT_EQ(create_1910(old_context), 0u);
}

}  // namespace
}  // namespace wdscope::tests
