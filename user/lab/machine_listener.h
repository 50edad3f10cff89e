// SPDX-License-Identifier: MIT
// Tells the NT machine of the processes that a feed sees.
#pragma once

#include "host/machine.h"
#include "lab/process_listener.h"

namespace wdscope {

class MachineListener final : public ProcessListener {
 public:
  explicit MachineListener(host::Machine& machine) : machine_(machine) {}

  Answer adopted(const host::ProcessStart& process) override { return answer(machine_.adopt_process(process)); }
  Answer started(const host::ProcessStart& process) override { return answer(machine_.start_process(process)); }
  void exited(std::uint64_t process_id) override { machine_.exit_process(process_id); }

 private:
  static Answer answer(host::NtStatus status) {
    if (host::nt_success(status)) return Answer::Accepted;
    return status == host::kStatusAccessDenied ? Answer::Denied : Answer::Refused;
  }

  host::Machine& machine_;
};

}  // namespace wdscope
