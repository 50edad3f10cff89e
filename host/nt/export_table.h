// SPDX-License-Identifier: MIT
// How a routine of the executive gets into the table of what drivers may import.
#pragma once

#include "host/nt/base.h"

// One row of an export table: the routine or datum under its own NT name.
#define NT_EXPORT(name) \
  { #name, reinterpret_cast < void*>(&name) }
