// SPDX-License-Identifier: MIT
// Tells the NT machine of the processes that a feed sees.
#pragma once

#include "host/machine.h"
#include "lab/judge.h"
#include "lab/process_listener.h"

namespace wdscope {

class MachineListener final : public ProcessListener {
 public:
  explicit MachineListener(host::Machine& machine) : machine_(machine) {}

  Answer adopted(const host::ProcessStart& process) override { return keep(process, machine_.adopt_process(process)); }
  Answer started(const host::ProcessStart& process) override { return keep(process, machine_.start_process(process)); }
  void exited(std::uint64_t process_id) override {
    running_.erase(process_id);
    machine_.exit_process(process_id);
  }

  // Of every process that NT has now.
  const RunningImages& running() const { return running_; }

 private:
  Answer keep(const host::ProcessStart& process, host::NtStatus status) {
    if (host::nt_success(status)) {
      running_.set(process.process_id, process.image);
      return Answer::Accepted;
    }
    return status == host::kStatusAccessDenied ? Answer::Denied : Answer::Refused;
  }

  host::Machine& machine_;
  RunningImages running_;
};

}  // namespace wdscope
