// SPDX-License-Identifier: MIT
// Which process ids are taken. One thread at a time.
#pragma once

#include <bitset>
#include <cstdint>
#include <unordered_set>

namespace wdscope::scenario {

class RunningIds {
 public:
  // Those that a scenario's machine itself gives: kGiven multiples of 4, as on a machine that runs for a while.
  static constexpr std::uint64_t kFirstGiven = 8;
  static constexpr std::uint64_t kGiven = 16'384;

  bool contains(std::uint64_t id) const { return is_given(id) ? given_[index_of(id)] : chosen_.contains(id); }
  void insert(std::uint64_t id) {
    if (is_given(id)) {
      given_.set(index_of(id));
    } else {
      chosen_.insert(id);
    }
  }
  void erase(std::uint64_t id) {
    if (is_given(id)) {
      given_.reset(index_of(id));
    } else {
      chosen_.erase(id);
    }
  }

 private:
  static std::uint64_t index_of(std::uint64_t id) { return (id - kFirstGiven) / 4; }
  static bool is_given(std::uint64_t id) { return id % 4 == 0 && index_of(id) < kGiven; }

  std::bitset<kGiven> given_;
  std::unordered_set<std::uint64_t> chosen_;  // by the scenario, anywhere above
};

}  // namespace wdscope::scenario
