// SPDX-License-Identifier: MIT
// A layout as it would be contributed to the catalogue (abi/defender): the structure with its gaps, and the rows.
#pragma once

#include <string>

#include "calibrate/layout_file.h"

namespace wdscope::calibrate {

std::string catalogue_row(const LayoutFile& file);

}  // namespace wdscope::calibrate
