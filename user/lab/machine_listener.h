// SPDX-License-Identifier: MIT
// Tells the NT machine of the processes that a feed sees.
#pragma once

#include <mutex>

#include "host/machine.h"
#include "lab/process_listener.h"
#include "lab/process_roster.h"

namespace wdscope {

// What this thread has the machine do at this moment: who asks for it is a driver's crash.
struct Announcement {
  enum class Kind : std::uint8_t { None, Start, Exit };
  Kind kind = Kind::None;
  std::uint64_t process_id = 0;
};
inline thread_local Announcement announcement_in_progress;

class MachineListener final : public ProcessListener {
 public:
  explicit MachineListener(host::Machine& machine) : machine_(machine) {}

  Answer adopted(const host::ProcessStart& process) override { return keep(process, machine_.adopt_process(process)); }
  Answer started(const host::ProcessStart& process) override {
    const std::scoped_lock lock(announcing_);
    const InProgress in_progress(Announcement::Kind::Start, process.process_id);
    return keep(process, machine_.start_process(process));
  }
  void exited(std::uint64_t process_id) override {
    const std::scoped_lock lock(announcing_);
    const InProgress in_progress(Announcement::Kind::Exit, process_id);
    roster_.remove(process_id);
    machine_.exit_process(process_id);
  }

  // Of every process that NT has now.
  const ProcessRoster& roster() const { return roster_; }
  // Held: no process starts or ends. Whoever has it waited for the start that was under way, the service's answer
  // included.
  std::unique_lock<std::mutex> between_announcements() { return std::unique_lock(announcing_); }

 private:
  Answer keep(const host::ProcessStart& process, host::NtStatus status) {
    if (host::nt_success(status)) {
      roster_.add(process);
      return Answer::Accepted;
    }
    return status == host::kStatusAccessDenied ? Answer::Denied : Answer::Refused;
  }

  struct InProgress {
    InProgress(Announcement::Kind kind, std::uint64_t process_id) { announcement_in_progress = {kind, process_id}; }
    ~InProgress() { announcement_in_progress = {}; }
    InProgress(const InProgress&) = delete;
    InProgress& operator=(const InProgress&) = delete;
  };

  host::Machine& machine_;
  std::mutex announcing_;
  ProcessRoster roster_;
};

}  // namespace wdscope
