// SPDX-License-Identifier: MIT
// What drivers compiled with -fsanitize=kernel-address or =thread call. sanitizer_exports() (host/exports.h) is defined
// by asan.cpp in hosts built with AddressSanitizer and in plain ones, where it is empty, and by tsan.cpp in hosts built
// with ThreadSanitizer.
#pragma once

#include "host/exports.h"

namespace wdscope::host {

// What the executive is about to write on a driver's behalf, past the sanitizers' eyes. In a host built with
// AddressSanitizer: bug-checks as the driver's own write would. In one built with ThreadSanitizer: counts as a write of
// `caller`. Else nothing.
#if defined(WDSCOPE_ASAN) || defined(WDSCOPE_TSAN)
void sanitizer_sees_write(void* start, SizeT size, void* caller);
#else
inline void sanitizer_sees_write(void*, SizeT, void*) {}
#endif

}  // namespace wdscope::host
