// SPDX-License-Identifier: MIT
#include <atomic>

#include "kit/irql.h"
#include "kit/test.h"

namespace wdscope::kit {
namespace {

// Marks around the test pointers. The linker may put zero padding between object files' parts.
KERNEL_TEST_SECTION("a") const TestCase* const first_mark = nullptr;
KERNEL_TEST_SECTION("z") const TestCase* const last_mark = nullptr;

const char* running_test = nullptr;
constinit std::atomic<std::uint32_t> failed_checks{0};

// The compiler may assume that no loop leads from one object to another; it cannot see through this.
const TestCase* const* hidden(const TestCase* const* position) {
  asm volatile("" : "+r"(position));
  return position;
}

bool passes(const TestCase& test) {
  running_test = test.name;
  failed_checks = 0;
  test.body();
  if (failed_checks == 0) {
    DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "PASS %s\n", test.name);
    return true;
  }
  return false;
}

NTSTATUS run_all() {
  unsigned passed = 0;
  unsigned failed = 0;
  const TestCase* const* const last = hidden(&last_mark);
  for (const TestCase* const* position = hidden(&first_mark) + 1; position < last; ++position) {
    if (*position == nullptr) continue;
    if (passes(**position)) {
      ++passed;
    } else {
      ++failed;
    }
  }
  DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "%u passed, %u failed\n", passed, failed);
  // A test driver without tests is a linking fault, not a success.
  return failed == 0 && passed != 0 ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

}  // namespace

void fail_test(const char* file, int line, const char* expression) {
  failed_checks.fetch_add(1);
  DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "FAIL %s: %s:%d: %s\n", running_test, file, line, expression);
}

void fail_test_equal(const char* file, int line, const char* expression, std::uint64_t left, std::uint64_t right) {
  failed_checks.fetch_add(1);
  DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "FAIL %s: %s:%d: %s (0x%llx, 0x%llx)\n", running_test, file, line,
             expression, left, right);
}

}  // namespace wdscope::kit

static VOID NTAPI unload_test_driver(PDRIVER_OBJECT) {}

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING) {
  wdscope::kit::expect_irql_at_most(PASSIVE_LEVEL);
  driver->DriverUnload = unload_test_driver;
  return wdscope::kit::run_all();
}
