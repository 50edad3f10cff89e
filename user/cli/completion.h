// SPDX-License-Identifier: MIT
// Completion scripts for shells, made from the application's own list of verbs and options.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <string_view>

namespace wdscope::cli {

// `shell`: bash, zsh or fish.
std::string completion_script(const CLI::App& application, std::string_view shell);

}  // namespace wdscope::cli
