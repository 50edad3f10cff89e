// SPDX-License-Identifier: MIT
// Kernel AddressSanitizer in the drivers, checked against the host's shadow. A bad access ends as a bug check, which
// knows the pool and the driver's symbols; the runtime then only describes what is not pool.
#include "host/sanitizer/tables.h"

#ifdef WDSCOPE_ASAN

#include <sanitizer/asan_interface.h>

#include <fmt/format.h>

#include <cstdio>

#include "host/ex/pool.h"
#include "host/nt/export_table.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/stack.h"

namespace wdscope::host {
namespace {

[[noreturn, gnu::cold, gnu::noinline]] void report(const void* bad, const void* start, std::size_t size,
                                                   const char* verb, void* caller) {
  std::string what = describe_pool_address(bad);
  if (what.empty()) {
    __asan_describe_address(const_cast<void*>(bad));
    what = "not pool memory: see the sanitizer's description above";
  }
  bug_check(kPageFaultInNonpagedArea,
            {reinterpret_cast<std::uintptr_t>(bad), verb[0] == 'w' ? 2ULL : 0ULL,
             reinterpret_cast<std::uintptr_t>(caller), 0},
            fmt::format("AddressSanitizer: {} of {} bytes at {} by {}: {}", verb, size, hex(start),
                        describe_address(caller), what));
}

inline void check(void* start, std::size_t size, const char* verb, void* caller) {
  if (size == 0) return;
  // The runtime's shadow covers user addresses only; anything else faults by itself.
  if (reinterpret_cast<std::uintptr_t>(start) >> 47) return;
  if (void* bad = __asan_region_is_poisoned(start, size)) [[unlikely]] {
    report(bad, start, size, verb, caller);
  }
}

template <std::size_t kSize>
NTAPI void load(void* address) {
  check(address, kSize, "read", __builtin_return_address(0));
}
template <std::size_t kSize>
NTAPI void store(void* address) {
  check(address, kSize, "write", __builtin_return_address(0));
}
NTAPI void load_n(void* address, SizeT size) {
  check(address, size, "read", __builtin_return_address(0));
}
NTAPI void store_n(void* address, SizeT size) {
  check(address, size, "write", __builtin_return_address(0));
}
NTAPI void handle_no_return() {}  // drivers' stacks are not instrumented

template <class Routine>
Export row(const char* name, Routine* routine) {
  return {name, reinterpret_cast<void*>(routine)};
}

}  // namespace

void sanitizer_sees_write(void* start, SizeT size, void* caller) {
  check(start, size, "write", caller);
}

std::span<const Export> sanitizer_exports() {
  static const Export table[] = {
      row("__asan_load1_noabort", &load<1>),
      row("__asan_store1_noabort", &store<1>),
      row("__asan_load2_noabort", &load<2>),
      row("__asan_store2_noabort", &store<2>),
      row("__asan_load4_noabort", &load<4>),
      row("__asan_store4_noabort", &store<4>),
      row("__asan_load8_noabort", &load<8>),
      row("__asan_store8_noabort", &store<8>),
      row("__asan_load16_noabort", &load<16>),
      row("__asan_store16_noabort", &store<16>),
      row("__asan_loadN_noabort", &load_n),
      row("__asan_storeN_noabort", &store_n),
      row("__asan_handle_no_return", &handle_no_return),
  };
  return table;
}

}  // namespace wdscope::host

// Called by the runtime for what it finds itself, in the host's own code or in a routine such as memcpy that a driver
// called: it knows neither the pool nor the drivers' symbols.
extern "C" void __asan_on_error() {
  using namespace wdscope::host;
  const std::string what = describe_pool_address(__asan_get_report_address());
  if (!what.empty()) std::fprintf(stderr, "AddressSanitizer found an access %s\n", what.c_str());
  for (const std::string& line : describe_stack(capture_stack())) std::fprintf(stderr, "    %s\n", line.c_str());
}

#elif !defined(WDSCOPE_TSAN)

namespace wdscope::host {

std::span<const Export> sanitizer_exports() {
  return {};
}

}  // namespace wdscope::host

#endif
