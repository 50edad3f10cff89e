// SPDX-License-Identifier: MIT
// Unit tests that run in the kernel: a test driver's DriverEntry (kit/test_main.cpp) runs every KERNEL_TEST linked into
// it at PASSIVE_LEVEL and prints one line each, "PASS name" or "FAIL name: file:line: expression", then
// "n passed, m failed", by DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL). It returns STATUS_SUCCESS when all
// passed, else STATUS_UNSUCCESSFUL (the driver does not stay loaded). A test that needs what this machine has not ends
// by KERNEL_NEEDS: "SKIP name: what it needs"; how many did so stands behind the verdicts.
//
//   KERNEL_TEST("EventRing: a record comes back as it was written") {
//     KERNEL_REQUIRE(ring.start(kSize) == STATUS_SUCCESS);
//     KERNEL_CHECK_EQUAL(ring.head_sequence(), 0u);
//   }
//
// A test may run once for each of a list of variants: a line and a verdict for each, "PASS name [variant] in file".
//
// No C++ run-time start-up exists in a driver, so tests are found through a linker section, not through constructors.
#pragma once

#include <cstdint>
#include <type_traits>

#include "kit/nt.h"

namespace wdscope::kit {

struct TestVariant {
  const char* name;
  std::uint32_t value;  // what it means is the test's affair
};

struct TestCase {
  const char* name;  // a sentence: "Noun: what it does"
  const char* file;
  void (*body)(const TestVariant& variant);
  const TestVariant* variants;  // null: once, with a variant of no name
  std::uint32_t variant_count;
};

// Records that the running test cannot run on this machine.
void skip_test(const char* need);
// Records that the running test failed and prints where. Any IRQL up to DISPATCH_LEVEL, any thread, while it runs.
void fail_test(const char* file, int line, const char* expression);
// The same for two values that ought to be equal.
void fail_test_equal(const char* file, int line, const char* expression, std::uint64_t left, std::uint64_t right);

namespace test_detail {

template <class T>
constexpr std::uint64_t printable(const T& value) {
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<std::uintptr_t>(value);
  } else {
    return static_cast<std::uint64_t>(value);
  }
}

}  // namespace test_detail
}  // namespace wdscope::kit

#define KERNEL_TEST_JOIN_(a, b) a##b
#define KERNEL_TEST_NAME_(prefix, line) KERNEL_TEST_JOIN_(prefix, line)
// The linker sorts .rdata$... by name: these pointers come to stand between test_main.cpp's two marks.
#define KERNEL_TEST_SECTION(order) [[gnu::section(".rdata$kernel_tests_" order), gnu::used]]

// Lets test_main find a test: `body` is a function of a variant, the variants follow as pointer and count. Names may be
// made once in a line, at namespace scope.
#define KERNEL_TEST_CASE_(sentence, body, variants, count)                                                           \
  static constexpr ::wdscope::kit::TestCase KERNEL_TEST_NAME_(kernel_test_case_, __LINE__){sentence, __FILE__, body, \
                                                                                           variants, count};         \
  KERNEL_TEST_SECTION("m")                                                                                           \
  static const ::wdscope::kit::TestCase* const KERNEL_TEST_NAME_(kernel_test_entry_, __LINE__) =                     \
      &KERNEL_TEST_NAME_(kernel_test_case_, __LINE__);

// Defines one test.
#define KERNEL_TEST(sentence)                                   \
  static void KERNEL_TEST_NAME_(kernel_test_body_, __LINE__)(); \
  KERNEL_TEST_CASE_(                                            \
      sentence,                                                 \
      [](const ::wdscope::kit::TestVariant&) {                  \
        KERNEL_TEST_NAME_(kernel_test_body_, __LINE__)          \
        ();                                                     \
      },                                                        \
      nullptr, 0)                                               \
  static void KERNEL_TEST_NAME_(kernel_test_body_, __LINE__)()

// Defines one test that runs for each of `variants`, an array of TestVariant; its body has a `variant`.
#define KERNEL_TEST_EACH(sentence, variants)                                                      \
  static void KERNEL_TEST_NAME_(kernel_test_body_, __LINE__)(const ::wdscope::kit::TestVariant&); \
  KERNEL_TEST_CASE_(sentence, &KERNEL_TEST_NAME_(kernel_test_body_, __LINE__), variants,          \
                    sizeof(variants) / sizeof(::wdscope::kit::TestVariant))                       \
  static void KERNEL_TEST_NAME_(kernel_test_body_,                                                \
                                __LINE__)([[maybe_unused]] const ::wdscope::kit::TestVariant& variant)

// The test goes on after a failed check.
#define KERNEL_CHECK(expression)                                  \
  do {                                                            \
    if (!(expression)) {                                          \
      ::wdscope::kit::fail_test(__FILE__, __LINE__, #expression); \
    }                                                             \
  } while (false)

// For integers, enumerators and pointers; prints both values.
#define KERNEL_CHECK_EQUAL(left, right)                                                           \
  do {                                                                                            \
    const auto kernel_test_left = (left);                                                         \
    const auto kernel_test_right = (right);                                                       \
    if (::wdscope::kit::test_detail::printable(kernel_test_left) !=                               \
        ::wdscope::kit::test_detail::printable(kernel_test_right)) {                              \
      ::wdscope::kit::fail_test_equal(__FILE__, __LINE__, #left " == " #right,                    \
                                      ::wdscope::kit::test_detail::printable(kernel_test_left),   \
                                      ::wdscope::kit::test_detail::printable(kernel_test_right)); \
    }                                                                                             \
  } while (false)

// Leaves the test (a void function) when it fails.
#define KERNEL_REQUIRE(expression)                                \
  do {                                                            \
    if (!(expression)) {                                          \
      ::wdscope::kit::fail_test(__FILE__, __LINE__, #expression); \
      return;                                                     \
    }                                                             \
  } while (false)

// Leaves the test (a void function) without a verdict. `need` is a noun: "a process 2000".
#define KERNEL_NEEDS(expression, need) \
  do {                                 \
    if (!(expression)) {               \
      ::wdscope::kit::skip_test(need); \
      return;                          \
    }                                  \
  } while (false)
