// SPDX-License-Identifier: MIT
#include "observer/context.h"

#include "kit/pool.h"
#include "kit/test.h"

namespace wdscope::observer {
namespace {

using defender::ContextMember;
using defender::MP_PROCESS_CONTEXT_25080;
using wire::Anomaly;
using wire::anomaly_bit;
using wire::ArgumentGeneration;
using wire::ContextPlace;

constexpr ProcessKey kKey{0x1234, 0x1DB'0000'0000'0000};

// A process context in pool, as the notifier keeps it.
class PoolContext {
 public:
  explicit PoolContext(std::uint32_t magic) {
    if (!NT_SUCCESS(bytes_.allocate(kit::Pool::NonPaged, sizeof(MP_PROCESS_CONTEXT_25080), kit::tag::Test))) return;
    get()->Common.Magic = magic;
    get()->Common.ProcessId = kKey.process_id;
    get()->Common.CreateTime = kKey.created_100ns;
    get()->KnownProcessType = 0x1E;
    get()->State = 1;
  }
  MP_PROCESS_CONTEXT_25080* get() const { return bytes_.as<MP_PROCESS_CONTEXT_25080>(); }
  std::uint64_t address() const { return reinterpret_cast<std::uint64_t>(bytes_.data()); }

 private:
  kit::PoolBytes bytes_;
};

Argument argument_with(std::uint32_t operation, ArgumentGeneration generation, std::uint64_t minus10,
                       std::uint64_t minus08) {
  Argument argument{};
  argument.readable = true;
  argument.on_stack = true;
  argument.generation = generation;
  argument.info.OperationType = operation;
  argument.info.ProcessId = kKey.process_id;
  argument.before[0] = minus10;
  argument.before[1] = minus08;
  return argument;
}

Context find(const Argument& argument, const ProcessKey* key = &kKey, ContextPlace expected = ContextPlace::None,
             const defender::ContextLayout* layout = nullptr) {
  Context context;
  find_context(argument, key, {expected, layout}, context);
  return context;
}

KERNEL_TEST("Context: a 2019 create has it 0x10 before the argument") {
  PoolContext pool(defender::kProcessContextMagic1910);
  for (const ContextPlace expected : {ContextPlace::None, ContextPlace::Minus08, ContextPlace::Minus10}) {
    const Context context =
        find(argument_with(1, ArgumentGeneration::ParentByPointer, pool.address(), 0x2000), &kKey, expected);
    KERNEL_REQUIRE(context.recognised);
    KERNEL_CHECK_EQUAL(context.place, ContextPlace::Minus10);
    KERNEL_CHECK_EQUAL(context.address, pool.address());
    KERNEL_CHECK(!context.has(ContextMember::State));
    KERNEL_CHECK_EQUAL(context.anomalies, 0u);
  }
}

KERNEL_TEST("Context: an 0xA5 create has it 0x08 before the argument, with its tail") {
  PoolContext pool(defender::kProcessContextMagic25080);
  PoolContext other(defender::kProcessContextMagic25080);
  const Context context = find(argument_with(1, ArgumentGeneration::ParentByValue, other.address(), pool.address()));
  KERNEL_REQUIRE(context.recognised && context.has(ContextMember::State));
  KERNEL_CHECK_EQUAL(context.place, ContextPlace::Minus08);
  KERNEL_CHECK_EQUAL(context.address, pool.address());
  KERNEL_CHECK_EQUAL(context.word<ContextMember::KnownProcessType>(), 0x1Eu);
  KERNEL_CHECK_EQUAL(context.word<ContextMember::State>(), 1u);
}

KERNEL_TEST("Context: the preview's size is recognised, without a tail") {
  PoolContext pool(defender::kProcessContextMagic20H1);
  const Context context = find(argument_with(1, ArgumentGeneration::ParentByPointer, pool.address(), 0));
  KERNEL_CHECK(context.recognised && !context.has(ContextMember::State));
}

KERNEL_TEST("Context: an exit is looked for in both places, wherever it was last") {
  PoolContext pool(defender::kProcessContextMagic25080);
  for (const ContextPlace expected : {ContextPlace::None, ContextPlace::Minus08, ContextPlace::Minus10}) {
    const Context at08 = find(argument_with(2, ArgumentGeneration::Unknown, 0, pool.address()), &kKey, expected);
    KERNEL_CHECK(at08.recognised);
    KERNEL_CHECK_EQUAL(at08.place, ContextPlace::Minus08);
    const Context at10 = find(argument_with(2, ArgumentGeneration::Unknown, pool.address(), 0x2000), &kKey, expected);
    KERNEL_CHECK(at10.recognised);
    KERNEL_CHECK_EQUAL(at10.place, ContextPlace::Minus10);
    KERNEL_CHECK_EQUAL(at10.anomalies, 0u);
  }
}

KERNEL_TEST("Context: a wrong guess of place or layout costs reads, not the context") {
  PoolContext pool(defender::kProcessContextMagic25080);
  for (const ContextPlace expected : {ContextPlace::None, ContextPlace::Minus08, ContextPlace::Minus10}) {
    for (const defender::ContextLayout& layout : defender::kCataloguedContexts.layouts) {
      for (const std::uint32_t operation : {1u, 2u}) {
        const Context context = find(argument_with(operation, ArgumentGeneration::ParentByValue, 0, pool.address()),
                                     &kKey, expected, &layout);
        KERNEL_REQUIRE(context.recognised);
        KERNEL_CHECK_EQUAL(context.place, ContextPlace::Minus08);
        KERNEL_CHECK_EQUAL(context.layout->magic, defender::kProcessContextMagic25080);
        KERNEL_CHECK_EQUAL(context.word<ContextMember::KnownProcessType>(), 0x1Eu);
      }
    }
  }
}

KERNEL_TEST("Context: another kind of object near the argument is named, and nothing of it is told") {
  PoolContext pool(0x0003DEAD);
  for (const ContextPlace expected : {ContextPlace::None, ContextPlace::Minus08}) {
    const Context context =
        find(argument_with(1, ArgumentGeneration::ParentByValue, 0, pool.address()), &kKey, expected);
    KERNEL_CHECK(context.located && !context.recognised);
    KERNEL_CHECK_EQUAL(context.magic, 0x0003DEADu);
    KERNEL_CHECK_EQUAL(context.anomalies, anomaly_bit(Anomaly::ContextMagicUnknown));
  }
}

KERNEL_TEST("Context: a context of unknown size is not decoded") {
  PoolContext pool(0x0100DA0F);
  const Context context = find(argument_with(1, ArgumentGeneration::ParentByValue, 0, pool.address()));
  KERNEL_CHECK(!context.recognised);
  KERNEL_CHECK_EQUAL(context.anomalies, anomaly_bit(Anomaly::ContextMagicUnknown));
}

KERNEL_TEST("Context: another process's context is not decoded") {
  PoolContext pool(defender::kProcessContextMagic25080);
  pool.get()->Common.ProcessId += 4;
  const Context context = find(argument_with(1, ArgumentGeneration::ParentByValue, 0, pool.address()));
  KERNEL_CHECK(!context.recognised);
  KERNEL_CHECK_EQUAL(context.anomalies, anomaly_bit(Anomaly::ContextPidMismatch));
}

KERNEL_TEST("Context: a context of an earlier owner of the id is not decoded") {
  PoolContext pool(defender::kProcessContextMagic25080);
  pool.get()->Common.CreateTime -= 1;
  const Context context = find(argument_with(1, ArgumentGeneration::ParentByValue, 0, pool.address()));
  KERNEL_CHECK(!context.recognised);
  KERNEL_CHECK_EQUAL(context.anomalies, anomaly_bit(Anomaly::ContextTimeMismatch));
}

KERNEL_TEST("Context: without NT's word for the process nothing is recognised") {
  PoolContext pool(defender::kProcessContextMagic25080);
  const Context context = find(argument_with(1, ArgumentGeneration::ParentByValue, 0, pool.address()), nullptr);
  KERNEL_CHECK(context.located && !context.recognised);
}

KERNEL_TEST("Context: what is no pointer is no candidate") {
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{0x1000}, std::uint64_t{0x8000'0000'0000'0000}}) {
    const Context context = find(argument_with(1, ArgumentGeneration::ParentByValue, value, value));
    KERNEL_CHECK(!context.located);
    KERNEL_CHECK_EQUAL(context.anomalies, 0u);
  }
}

KERNEL_TEST("Context: unreadable memory is named") {
  const std::uint64_t unmapped = ~std::uint64_t{0xFFF};
  const Context context = find(argument_with(2, ArgumentGeneration::Unknown, 0, unmapped));
  KERNEL_CHECK(!context.located);
  KERNEL_CHECK_EQUAL(context.anomalies, anomaly_bit(Anomaly::ContextUnreadable));
}

KERNEL_TEST("Context: trust changes, foreign arguments and unclassified creates are not searched") {
  PoolContext pool(defender::kProcessContextMagic25080);
  KERNEL_CHECK(!find(argument_with(3, ArgumentGeneration::Unknown, pool.address(), pool.address())).located);
  KERNEL_CHECK(!find(argument_with(1, ArgumentGeneration::Unknown, pool.address(), pool.address())).located);
  Argument elsewhere = argument_with(1, ArgumentGeneration::ParentByValue, pool.address(), pool.address());
  elsewhere.on_stack = false;
  KERNEL_CHECK(!find(elsewhere).located);
}

}  // namespace
}  // namespace wdscope::observer
