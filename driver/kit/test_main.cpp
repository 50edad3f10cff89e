// SPDX-License-Identifier: MIT
#include <atomic>

#include "kit/irql.h"
#include "kit/test.h"

namespace wdscope::kit {
namespace {

// Marks around the test pointers. The linker may put zero padding between object files' parts.
KERNEL_TEST_SECTION("a") const TestCase* const first_mark = nullptr;
KERNEL_TEST_SECTION("z") const TestCase* const last_mark = nullptr;

const TestCase* running_test = nullptr;
const TestVariant* running_variant = nullptr;
constinit std::atomic<std::uint32_t> failed_checks{0};
const char* unmet_need = nullptr;

constexpr TestVariant kOnce = {nullptr, 0};

// The compiler may assume that no loop leads from one object to another; it cannot see through this.
const TestCase* const* hidden(const TestCase* const* position) {
  asm volatile("" : "+r"(position));
  return position;
}

// " [variant]", and nothing for a test without variants.
struct Shown {
  const char* open;
  const char* name;
  const char* close;
};
Shown shown(const TestVariant& variant) {
  return variant.name ? Shown{" [", variant.name, "]"} : Shown{"", "", ""};
}

enum class Verdict : std::uint8_t { Passed, Failed, Skipped };

Verdict run_one(const TestCase& test, const TestVariant& variant) {
  running_test = &test;
  running_variant = &variant;
  failed_checks = 0;
  unmet_need = nullptr;
  test.body(variant);
  if (failed_checks != 0) return Verdict::Failed;
  const Shown name = shown(variant);
  if (unmet_need) {
    DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "SKIP %s%s%s%s: it needs %s\n", test.name, name.open, name.name,
               name.close, unmet_need);
    return Verdict::Skipped;
  }
  if (variant.name) {
    DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "PASS %s [%s] in %s\n", test.name, variant.name, test.file);
  } else {
    DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "PASS %s\n", test.name);
  }
  return Verdict::Passed;
}

struct Verdicts {
  std::uint32_t counts[3] = {};

  std::uint32_t of(Verdict verdict) const { return counts[static_cast<std::size_t>(verdict)]; }
  void run(const TestCase& test, const TestVariant& variant) {
    ++counts[static_cast<std::size_t>(run_one(test, variant))];
  }
};

NTSTATUS run_all() {
  Verdicts verdicts;
  const TestCase* const* const last = hidden(&last_mark);
  for (const TestCase* const* position = hidden(&first_mark) + 1; position < last; ++position) {
    if (*position == nullptr) continue;
    const TestCase& test = **position;
    if (!test.variants) verdicts.run(test, kOnce);
    for (std::uint32_t index = 0; index < test.variant_count; ++index) verdicts.run(test, test.variants[index]);
  }
  DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "%u passed, %u failed, %u skipped\n",
             verdicts.of(Verdict::Passed), verdicts.of(Verdict::Failed), verdicts.of(Verdict::Skipped));
  // A test driver without tests is a linking fault, not a success.
  return verdicts.of(Verdict::Failed) == 0 && verdicts.of(Verdict::Passed) != 0 ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

}  // namespace

void skip_test(const char* need) {
  unmet_need = need;
}

void fail_test(const char* file, int line, const char* expression) {
  failed_checks.fetch_add(1);
  const Shown variant = shown(*running_variant);
  DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "FAIL %s%s%s%s: %s:%d: %s\n", running_test->name, variant.open,
             variant.name, variant.close, file, line, expression);
}

void fail_test_equal(const char* file, int line, const char* expression, std::uint64_t left, std::uint64_t right) {
  failed_checks.fetch_add(1);
  const Shown variant = shown(*running_variant);
  DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "FAIL %s%s%s%s: %s:%d: %s (0x%llx, 0x%llx)\n", running_test->name,
             variant.open, variant.name, variant.close, file, line, expression, left, right);
}

}  // namespace wdscope::kit

static VOID NTAPI unload_test_driver(PDRIVER_OBJECT) {}

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING) {
  wdscope::kit::expect_irql_at_most(PASSIVE_LEVEL);
  driver->DriverUnload = unload_test_driver;
  return wdscope::kit::run_all();
}
