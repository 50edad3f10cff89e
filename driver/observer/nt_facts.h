// SPDX-License-Identifier: MIT
// What NT itself says of a process id, now. Routines that some systems do not export are looked up at load; what they
// would say is then left out.
#pragma once

#include <cstdint>

#include "abi/wire/record.h"
#include "kit/nt.h"

namespace wdscope::observer {

class NtFacts {
 public:
  // Looks up the optional routines. PASSIVE_LEVEL.
  void resolve();

  // Writes the nt_ members of `record` for `process_id` and their bits in record.known. An id that NT does not know
  // leaves them clear. IRQL <= APC_LEVEL.
  void describe(std::uint64_t process_id, wire::ProcessRecord& record) const;

 private:
  HANDLE(NTAPI* parent_)(PEPROCESS process) = nullptr;
  ULONG(NTAPI* session_)(PEPROCESS process) = nullptr;
  UCHAR(NTAPI* protection_)(PEPROCESS process) = nullptr;   // PS_PROTECTION by value
  PUCHAR(NTAPI* image_name_)(PEPROCESS process) = nullptr;  // 15 bytes inside the process object
};

}  // namespace wdscope::observer
