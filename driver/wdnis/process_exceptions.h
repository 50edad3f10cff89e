// SPDX-License-Identifier: MIT
// The images that network inspection leaves alone, as the last set_process_exceptions said.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kit/locks.h"
#include "kit/nt.h"
#include "kit/pool.h"

namespace wdscope::wdnis {

class ProcessExceptions {
 public:
  ProcessExceptions() = default;
  ~ProcessExceptions() { stop(); }
  ProcessExceptions(const ProcessExceptions&) = delete;
  ProcessExceptions& operator=(const ProcessExceptions&) = delete;

  // PASSIVE_LEVEL. The list is empty then. ExInitializeResourceLite's status.
  [[nodiscard]] NTSTATUS start();
  void stop();

  // PASSIVE_LEVEL. Takes the texts of kNisSetProcessExceptions (abi/wire/wdnis.h, whose statuses it returns) for those
  // that there were; on a failure these stay.
  [[nodiscard]] NTSTATUS replace(const void* texts, std::size_t size);

  // PASSIVE_LEVEL. Whether the list has this image, ignoring case.
  bool contains(const UNICODE_STRING& image);

 private:
  ERESOURCE lock_;  // guards texts_
  bool started_ = false;
  kit::PoolBytes texts_;  // as they came: each with its terminator; empty: none
};

}  // namespace wdscope::wdnis
