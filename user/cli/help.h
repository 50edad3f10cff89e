// SPDX-License-Identifier: MIT
// The application's words about itself: help, version, manual page.
#pragma once

#include <CLI/App.hpp>
#include <string>

namespace wdscope::cli {

// Examples first. `application`: the program or one of its verbs.
std::string help_text(const CLI::App& application);

// Program version, protocol with the driver, schema of the records and of the events.
std::string version_text();

// The manual page wdscope(1), in the man macros.
std::string manual_page(const CLI::App& application);

}  // namespace wdscope::cli
