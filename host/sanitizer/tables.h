// SPDX-License-Identifier: MIT
// What drivers compiled with -fsanitize=kernel-address or =thread call. sanitizer_exports() (host/exports.h) is defined
// by asan.cpp in hosts built with AddressSanitizer and in plain ones, where it is empty, and by tsan.cpp in hosts built
// with ThreadSanitizer.
#pragma once

#include "host/exports.h"
