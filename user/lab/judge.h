// SPDX-License-Identifier: MIT
// How the service decides about one process: the policy, applied to what the notifier's message tells and to what is
// known of the parent and of the image's file.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "lab/engine_message.h"
#include "lab/policy.h"

namespace wdscope {

// Images of the processes that run, by NT process id. Any thread.
class RunningImages {
 public:
  void set(std::uint64_t process_id, const std::u16string& image);
  void erase(std::uint64_t process_id);
  std::u16string find(std::uint64_t process_id) const;  // empty: no such process

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::u16string> images_;
};

class Judge {
 public:
  // Linux: paths are Linux's and files are looked at. Windows: DOS paths of a history, names alone count.
  enum class World : std::uint8_t { Linux, Windows };

  Judge(Policy policy, World world, const RunningImages& running)
      : policy_(std::move(policy)), world_(world), running_(running) {}

  Decision decide(const CreateMessage& message) const;

 private:
  std::string plain_path(const std::u16string& image) const;
  Verdict trust_of(const CreateMessage& message) const;

  Policy policy_;
  World world_;
  const RunningImages& running_;
};

}  // namespace wdscope
