// SPDX-License-Identifier: MIT
#include "observer/record_builder.h"

#include "kit/pool.h"
#include "kit/test.h"

namespace wdscope::observer {
namespace {

using wire::Anomaly;
using wire::anomaly_bit;

// A counted string of `units` times one letter, in pool.
class PoolText {
 public:
  PoolText(char16_t letter, std::uint16_t units) {
    if (!NT_SUCCESS(text_.allocate(kit::Pool::NonPaged, std::size_t{units} * 2, kit::tag::Test))) return;
    if (!NT_SUCCESS(header_.allocate(kit::Pool::NonPaged, sizeof(defender::CountedString), kit::tag::Test))) return;
    for (std::uint16_t index = 0; index < units; ++index) text_.as<char16_t>()[index] = letter;
    const auto length = static_cast<std::uint16_t>(units * 2);
    *header_.as<defender::CountedString>() = {length, length, 0, reinterpret_cast<std::uint64_t>(text_.data())};
  }
  std::uint64_t address() const { return reinterpret_cast<std::uint64_t>(header_.data()); }

 private:
  kit::PoolBytes text_;
  kit::PoolBytes header_;
};

Argument argument_with(const PoolText& image) {
  Argument argument{};
  argument.readable = true;
  argument.info.ImageName = image.address();
  return argument;
}

std::uint64_t text_left_out(const Counters& counters) {
  wire::Statistics statistics{};
  counters.describe(statistics);
  return statistics.dropped_no_buffer;
}

KERNEL_TEST("RecordBuilder: without texts a record is its fixed part") {
  Staging staging;
  Counters counters;
  RecordBuilder builder(staging, counters);
  std::uint64_t* const record = builder.finish();
  KERNEL_CHECK_EQUAL(builder.fixed().header.size, sizeof(wire::ProcessRecord));
  KERNEL_CHECK_EQUAL(builder.fixed().known, 0u);
  KERNEL_CHECK_EQUAL(reinterpret_cast<wire::ProcessRecord*>(record), &builder.fixed());
}

KERNEL_TEST("RecordBuilder: the bytes behind the last text are zero") {
  Staging staging;
  Counters counters;
  const PoolText image(u'x', 5);
  RecordBuilder builder(staging, counters);
  builder.add_argument(argument_with(image));
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(builder.finish());
  KERNEL_CHECK_EQUAL(builder.fixed().header.size, sizeof(wire::ProcessRecord) + 16);
  KERNEL_CHECK_EQUAL(builder.fixed().argument_image.length, 10u);
  for (std::size_t index = 10; index < 16; ++index) KERNEL_CHECK_EQUAL(bytes[sizeof(wire::ProcessRecord) + index], 0u);
}

KERNEL_TEST("RecordBuilder: a long text takes a buffer and gives it back") {
  Staging staging;
  KERNEL_REQUIRE(NT_SUCCESS(staging.start()));
  Counters counters;
  const PoolText image(u'x', 0x7FFF);
  for (int round = 0; round < 300; ++round) {
    RecordBuilder builder(staging, counters);
    builder.add_argument(argument_with(image));
    builder.finish();
    KERNEL_CHECK_EQUAL(builder.fixed().argument_image.length, 0xFFFEu);
    KERNEL_CHECK_EQUAL(builder.fixed().anomalies, 0u);
  }
  KERNEL_CHECK_EQUAL(text_left_out(counters), 0u);
}

KERNEL_TEST("RecordBuilder: when no buffer is free a prefix is carried, named and counted") {
  Staging none;
  Counters counters;
  const PoolText image(u'x', 400);
  const PoolText command_line(u'y', 1000);
  Context context{};
  context.located = true;
  context.recognised = true;
  context.layout = defender::catalogued_context(defender::kProcessContextMagic1910);
  const std::uint64_t address = command_line.address();
  RtlCopyMemory(context.bytes + offsetof(defender::MP_PROCESS_CONTEXT, CommandLine), &address, sizeof(address));
  RecordBuilder builder(none, counters);
  builder.add_argument(argument_with(image));
  builder.add_context(context);
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(builder.finish());
  const wire::ProcessRecord& record = builder.fixed();
  KERNEL_CHECK_EQUAL(record.header.size, RecordBuilder::kStackSize);
  KERNEL_CHECK_EQUAL(record.argument_image.length, 800u);
  KERNEL_CHECK_EQUAL(record.context_command_line.length, RecordBuilder::kStackSize - sizeof(wire::ProcessRecord) - 800);
  KERNEL_CHECK_EQUAL(record.anomalies, anomaly_bit(Anomaly::CommandLineTruncated));
  KERNEL_CHECK_EQUAL(bytes[RecordBuilder::kStackSize - 2], static_cast<std::uint8_t>('y'));
  KERNEL_CHECK_EQUAL(text_left_out(counters), 1u);
}

KERNEL_TEST("Staging: every buffer can be taken, and comes back") {
  Staging staging;
  KERNEL_REQUIRE(NT_SUCCESS(staging.start()));
  std::uint64_t* taken[64]{};
  std::size_t count = 0;
  while (count < 64 && (taken[count] = staging.take()) != nullptr) ++count;
  KERNEL_CHECK(count >= 2);
  KERNEL_CHECK(count == 64 || staging.take() == nullptr);
  for (std::size_t index = 0; index < count; ++index) {
    // All of it is ours, and no other's.
    taken[index][Staging::kBufferSize / 8 - 1] = index;
  }
  for (std::size_t index = 0; index < count; ++index) {
    KERNEL_CHECK_EQUAL(taken[index][Staging::kBufferSize / 8 - 1], index);
    staging.give_back(taken[index]);
  }
}

}  // namespace
}  // namespace wdscope::observer
