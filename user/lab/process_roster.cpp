// SPDX-License-Identifier: MIT
#include "lab/process_roster.h"

#include <algorithm>
#include <tuple>

namespace wdscope {

CreateMessage ProcessRoster::Process::message() const {
  return {process_id, created_100ns, parent_process_id, image, command_line};
}

void ProcessRoster::add(const host::ProcessStart& process) {
  const std::scoped_lock lock(mutex_);
  auto found = processes_.find(process.process_id);
  if (found == processes_.end()) {
    if (spare_.empty()) {
      found = processes_.try_emplace(process.process_id).first;
    } else {
      spare_.back().key() = process.process_id;
      found = processes_.insert(std::move(spare_.back())).position;
      spare_.pop_back();
    }
  }
  Process& entry = found->second;
  entry.process_id = static_cast<std::uint32_t>(process.process_id);
  entry.created_100ns = process.created_100ns;
  entry.parent_process_id = static_cast<std::uint32_t>(process.parent_process_id);
  entry.image = process.image;
  entry.command_line = process.command_line;
}

void ProcessRoster::remove(std::uint64_t process_id) {
  const std::scoped_lock lock(mutex_);
  auto gone = processes_.extract(process_id);
  if (gone && spare_.size() < kSpare) spare_.push_back(std::move(gone));
}

std::u16string ProcessRoster::parent_image_of(const CreateMessage& child) const {
  const std::scoped_lock lock(mutex_);
  const auto found = processes_.find(child.parent_process_id);
  const bool there = found != processes_.end() && found->second.created_100ns <= child.created_100ns;
  return there ? found->second.image : std::u16string();
}

std::vector<ProcessRoster::Process> ProcessRoster::running() const {
  std::vector<Process> list;
  {
    const std::scoped_lock lock(mutex_);
    list.reserve(processes_.size());
    for (const auto& [process_id, process] : processes_) list.push_back(process);
  }
  std::sort(list.begin(), list.end(), [](const Process& a, const Process& b) {
    return std::tie(a.created_100ns, a.process_id) < std::tie(b.created_100ns, b.process_id);
  });
  return list;
}

}  // namespace wdscope
