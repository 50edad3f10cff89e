// SPDX-License-Identifier: MIT
// What this Windows machine allows wdscope's drivers. Of the Windows build alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace wdscope::cli {

struct MachineCheck {
  enum class Verdict : std::uint8_t { Fine, Note, InTheWay };
  std::string name;  // "elevation"
  Verdict verdict = Verdict::Fine;
  std::string finding;  // a sentence without its full stop
  std::string advice;   // what to do about it; empty when nothing is to be done
};

// Everything that has a say in whether the drivers can be installed, started and used. Changes nothing.
std::vector<MachineCheck> check_machine();

// Whether this process may install drivers.
bool is_elevated();

}  // namespace wdscope::cli
