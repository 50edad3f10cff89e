// SPDX-License-Identifier: MIT
// What the program does, one function a verb. Each returns the program's exit status.
#pragma once

#include <string>

#include "cli/arguments.h"
#include "event/result.h"

namespace wdscope::cli {

Result<int> watch(const Arguments& arguments);
Result<int> run(const Arguments& arguments);
Result<int> record(const Arguments& arguments);
Result<int> replay(const Arguments& arguments);
// lab play: a log, or a scenario.
Result<int> lab_play(const Arguments& arguments);
bool is_scenario(const std::string& file);  // by its name, else by what it begins with
Result<int> lab_play_scenario(const Arguments& arguments);
Result<int> lab_load(const Arguments& arguments);
Result<int> driver_install(const Arguments& arguments);
Result<int> driver_start(const Arguments& arguments);
Result<int> driver_stop(const Arguments& arguments);
Result<int> driver_uninstall(const Arguments& arguments);
Result<int> driver_status(const Arguments& arguments);
Result<int> doctor(const Arguments& arguments);
Result<int> ps(const Arguments& arguments);
Result<int> tree(const Arguments& arguments);
Result<int> explain(const Arguments& arguments);
Result<int> calibrate_layout(const Arguments& arguments);
Result<int> layouts_check(const Arguments& arguments);
Result<int> layouts_load(const Arguments& arguments);
Result<int> layouts_row(const Arguments& arguments);
Result<int> status(const Arguments& arguments);
Result<int> policy_apply(const Arguments& arguments);
Result<int> policy_check(const Arguments& arguments);

}  // namespace wdscope::cli
