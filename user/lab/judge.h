// SPDX-License-Identifier: MIT
// How the service decides about one process: the policy, applied to what the notifier's message tells and to what is
// known of the parent and of the image's file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "lab/engine_message.h"
#include "lab/policy.h"
#include "lab/process_roster.h"

namespace wdscope {

class Judge {
 public:
  // Linux: paths are Linux's and files are looked at. Windows: DOS paths of a history, names alone count.
  enum class World : std::uint8_t { Linux, Windows };

  Judge(Policy policy, World world, const ProcessRoster& roster)
      : policy_(std::move(policy)), world_(world), roster_(roster) {}

  Decision decide(const CreateMessage& message) const;
  const Policy& policy() const { return policy_; }

 private:
  std::string plain_path(std::u16string_view image) const;
  Verdict trust_of(const CreateMessage& message) const;
  Verdict trust_by_name(std::u16string_view image) const;

  Policy policy_;
  World world_;
  const ProcessRoster& roster_;

  // Of Windows's images: most of a history are started many times.
  struct ImageHash {
    using is_transparent = void;
    std::size_t operator()(std::u16string_view image) const { return std::hash<std::u16string_view>()(image); }
  };
  struct SameImage {  // string's own comparison goes unit by unit
    using is_transparent = void;
    bool operator()(std::u16string_view one, std::u16string_view other) const {
      return one.size() == other.size() &&
             (one.empty() || std::memcmp(one.data(), other.data(), one.size() * sizeof(char16_t)) == 0);
    }
  };
  mutable std::mutex mutex_;
  mutable std::unordered_map<std::u16string, Verdict, ImageHash, SameImage> judged_;
};

}  // namespace wdscope
