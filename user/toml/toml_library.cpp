// SPDX-License-Identifier: MIT
#define TOML_IMPLEMENTATION
#include "toml/toml_library.h"
