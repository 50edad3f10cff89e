// SPDX-License-Identifier: MIT
// Standard output of this process and its children, caught while the object lives.
#pragma once

#include <string>

namespace wdscope {

class OutputPipe {
 public:
  OutputPipe();
  ~OutputPipe();  // the old standard output is back

  // Waits for "name=N" and returns N; -1 if the writers end first.
  int number(const std::string& name);

 private:
  int old_output_ = -1;
  int reader_ = -1;
  std::string seen_ = "\n";
};

}  // namespace wdscope
