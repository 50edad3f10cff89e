// SPDX-License-Identifier: MIT
#include "observer/argument.h"

#include "kit/pool.h"
#include "kit/test.h"

namespace wdscope::observer {
namespace {

using wire::Anomaly;
using wire::anomaly_bit;
using wire::ArgumentGeneration;

kit::ForeignAddress foreign(const void* address) {
  return static_cast<kit::ForeignAddress>(reinterpret_cast<std::uint64_t>(address));
}

// A create as 2019 lays it out, in the memory of whoever holds it.
struct Frame {
  std::uint64_t context;
  std::uint64_t parent;
  defender::WD_PS_NOTIFY_INFO info;

  explicit Frame(std::uint32_t operation) : context(0x1111), parent(0x2000), info{} {
    info.ProcessId = 0x1234;
    info.OperationType = operation;
  }
};

Argument read(const void* address) {
  Argument argument;
  read_argument(foreign(address), StackLimits::current(), argument);
  return argument;
}

KERNEL_TEST("Argument: a member that points into the current stack is the address of the parent's id") {
  Frame frame(1);
  frame.info.ParentProcessId = reinterpret_cast<std::uint64_t>(&frame.parent);
  const Argument argument = read(&frame.info);
  KERNEL_REQUIRE(argument.readable && argument.on_stack);
  KERNEL_CHECK_EQUAL(argument.generation, ArgumentGeneration::ParentByPointer);
  KERNEL_CHECK(argument.parent_known);
  KERNEL_CHECK_EQUAL(argument.parent_process_id, 0x2000u);
  KERNEL_CHECK_EQUAL(argument.before[0], 0x1111u);
  KERNEL_CHECK_EQUAL(argument.anomalies, 0u);
}

KERNEL_TEST("Argument: the parent's id may lie anywhere on the stack") {
  Frame frame(1);
  volatile std::uint64_t elsewhere = 0x3000;
  frame.info.ParentProcessId = reinterpret_cast<std::uint64_t>(&elsewhere);
  const Argument argument = read(&frame.info);
  KERNEL_CHECK_EQUAL(argument.generation, ArgumentGeneration::ParentByPointer);
  KERNEL_CHECK_EQUAL(argument.parent_process_id, 0x3000u);
}

KERNEL_TEST("Argument: a small multiple of four is the parent's id itself") {
  Frame frame(1);
  frame.info.ParentProcessId = 0xFFFFFFFC;
  const Argument argument = read(&frame.info);
  KERNEL_CHECK_EQUAL(argument.generation, ArgumentGeneration::ParentByValue);
  KERNEL_CHECK_EQUAL(argument.parent_process_id, 0xFFFFFFFCu);
}

KERNEL_TEST("Argument: a member that is neither is left alone") {
  for (const std::uint64_t odd :
       {std::uint64_t{0x1003}, std::uint64_t{0x1'0000'0000}, 0xFFFF'F800'1234'5670, ~std::uint64_t{0}}) {
    Frame frame(1);
    frame.info.ParentProcessId = odd;
    const Argument argument = read(&frame.info);
    KERNEL_REQUIRE(argument.readable);
    KERNEL_CHECK_EQUAL(argument.generation, ArgumentGeneration::Unknown);
    KERNEL_CHECK(!argument.parent_known);
    KERNEL_CHECK_EQUAL(argument.anomalies, anomaly_bit(Anomaly::ParentUnclassified));
  }
}

KERNEL_TEST("Argument: exits and trust changes tell no parent and no generation") {
  for (const std::uint32_t operation : {2u, 3u}) {
    Frame frame(operation);
    const Argument argument = read(&frame.info);
    KERNEL_REQUIRE(argument.readable);
    KERNEL_CHECK_EQUAL(argument.generation, ArgumentGeneration::Unknown);
    KERNEL_CHECK(!argument.parent_known);
    KERNEL_CHECK_EQUAL(argument.anomalies, 0u);
  }
}

KERNEL_TEST("Argument: an operation nobody knows is read and named odd") {
  Frame frame(77);
  const Argument argument = read(&frame.info);
  KERNEL_REQUIRE(argument.readable);
  KERNEL_CHECK_EQUAL(argument.info.OperationType, 77u);
  KERNEL_CHECK_EQUAL(argument.anomalies, anomaly_bit(Anomaly::UnknownOperation));
}

KERNEL_TEST("Argument: outside the stack it is read without its neighbours") {
  kit::PoolBytes bytes;
  KERNEL_REQUIRE(NT_SUCCESS(bytes.allocate(kit::Pool::NonPaged, sizeof(Frame), kit::tag::Test)));
  auto* const frame = new (bytes.data()) Frame(1);
  frame->info.ParentProcessId = 8;
  const Argument argument = read(&frame->info);
  KERNEL_CHECK(argument.readable);
  KERNEL_CHECK(!argument.on_stack);
  KERNEL_CHECK_EQUAL(argument.parent_process_id, 8u);
}

KERNEL_TEST("Argument: addresses that cannot be one are refused, each with its name") {
  KERNEL_CHECK_EQUAL(read(nullptr).anomalies, anomaly_bit(Anomaly::ArgumentNull));
  Frame frame(1);
  for (const void* const bad :
       {static_cast<const void*>(reinterpret_cast<const char*>(&frame.info) + 1), reinterpret_cast<const void*>(0x1000),
        reinterpret_cast<const void*>(0x8000'0000'0000'0000), reinterpret_cast<const void*>(~std::uint64_t{7})}) {
    const Argument argument = read(bad);
    KERNEL_CHECK(!argument.readable);
    KERNEL_CHECK_EQUAL(argument.anomalies, anomaly_bit(Anomaly::ArgumentUnreadable));
  }
}

KERNEL_TEST("Argument: at the very bottom of the stack there is no neighbourhood") {
  const StackLimits stack = StackLimits::current();
  KERNEL_CHECK(stack.contains(stack.low, 1));
  KERNEL_CHECK(!stack.contains(stack.low - 8, 8));
  KERNEL_CHECK(!stack.contains(stack.high, 1));
  KERNEL_CHECK(!stack.contains(stack.high - 8, 16));
  KERNEL_CHECK(!stack.contains(stack.low, ~std::uint64_t{0}));
}

}  // namespace
}  // namespace wdscope::observer
