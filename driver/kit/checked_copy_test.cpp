// SPDX-License-Identifier: MIT
#include "kit/checked_copy.h"

#include "kit/pool.h"
#include "kit/test.h"

namespace wdscope::kit {
namespace {

ForeignAddress foreign(std::uint64_t address) {
  return static_cast<ForeignAddress>(address);
}
ForeignAddress foreign(const void* address) {
  return foreign(reinterpret_cast<std::uint64_t>(address));
}

KERNEL_TEST("CheckedCopy: readable kernel memory is copied") {
  PoolBytes bytes;
  KERNEL_REQUIRE(NT_SUCCESS(bytes.allocate(Pool::NonPaged, 64, tag::Test)));
  bytes.as<std::uint64_t>()[3] = 0x1122334455667788;
  std::uint64_t value = 0;
  KERNEL_CHECK(checked_read(foreign(bytes.as<std::uint64_t>() + 3), value) == STATUS_SUCCESS);
  KERNEL_CHECK_EQUAL(value, 0x1122334455667788u);
}

KERNEL_TEST("CheckedCopy: addresses that cannot be the kernel's are refused") {
  std::uint64_t value = 0;
  KERNEL_CHECK(!NT_SUCCESS(checked_read(foreign(std::uint64_t{0}), value)));
  KERNEL_CHECK(!NT_SUCCESS(checked_read(foreign(std::uint64_t{0x1000}), value)));
  KERNEL_CHECK(!NT_SUCCESS(checked_read(foreign(std::uint64_t{0x8000'0000'0000'0000}), value)));
  KERNEL_CHECK(!NT_SUCCESS(checked_read(foreign(~std::uint64_t{7}), value)));
  KERNEL_CHECK(!is_kernel_range(foreign(~std::uint64_t{0}), 2));
  KERNEL_CHECK(!is_kernel_range(foreign(reinterpret_cast<std::uint64_t>(MmSystemRangeStart) - 1), 1));
}

KERNEL_TEST("CheckedCopy: a misaligned structure is refused") {
  alignas(8) const std::uint64_t values[2] = {1, 2};
  std::uint64_t value = 0;
  KERNEL_CHECK(checked_read(foreign(reinterpret_cast<const char*>(values) + 4), value) == STATUS_DATATYPE_MISALIGNMENT);
  KERNEL_CHECK(!is_kernel_pointer(foreign(reinterpret_cast<const char*>(values) + 4), 8));
  KERNEL_CHECK(is_kernel_pointer(foreign(values), 8));
}

}  // namespace
}  // namespace wdscope::kit
