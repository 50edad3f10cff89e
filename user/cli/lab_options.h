// SPDX-License-Identifier: MIT
// The lab that the command line asks for.
#pragma once

#include "cli/arguments.h"
#include "lab/lab.h"

namespace wdscope::cli {

LabOptions lab_options(const Arguments& arguments);

}  // namespace wdscope::cli
