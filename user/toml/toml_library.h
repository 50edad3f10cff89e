// SPDX-License-Identifier: MIT
// toml++ as this program uses it: without exceptions, and compiled once, in toml_library.cpp.
#pragma once

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 0
#define TOML_ENABLE_FORMATTERS 0
// The parser asserts what a bad file breaks, right before it reports it: let it report.
#define TOML_ASSERT(expression) static_assert(true)
#include <toml++/toml.h>
