// SPDX-License-Identifier: MIT
#include "lab/process_roster.h"

#include <algorithm>
#include <tuple>

namespace wdscope {

void ProcessRoster::add(const host::ProcessStart& process) {
  CreateMessage entry{static_cast<std::uint32_t>(process.process_id), process.created_100ns,
                      static_cast<std::uint32_t>(process.parent_process_id), process.image, process.command_line};
  const std::scoped_lock lock(mutex_);
  processes_[process.process_id] = std::move(entry);
}

void ProcessRoster::remove(std::uint64_t process_id) {
  const std::scoped_lock lock(mutex_);
  processes_.erase(process_id);
}

std::u16string ProcessRoster::parent_image_of(const CreateMessage& child) const {
  const std::scoped_lock lock(mutex_);
  const auto found = processes_.find(child.parent_process_id);
  const bool there = found != processes_.end() && found->second.created_100ns <= child.created_100ns;
  return there ? found->second.image : std::u16string();
}

std::vector<CreateMessage> ProcessRoster::running() const {
  std::vector<CreateMessage> list;
  {
    const std::scoped_lock lock(mutex_);
    list.reserve(processes_.size());
    for (const auto& [process_id, process] : processes_) list.push_back(process);
  }
  std::sort(list.begin(), list.end(), [](const CreateMessage& a, const CreateMessage& b) {
    return std::tie(a.created_100ns, a.process_id) < std::tie(b.created_100ns, b.process_id);
  });
  return list;
}

}  // namespace wdscope
