// SPDX-License-Identifier: MIT
#include "host/verifier/fault_plan.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <set>

#include "host/image/loaded_image.h"
#include "host/verifier/stack.h"

namespace wdscope::host {

struct FaultPlan::State {
  mutable std::mutex mutex;
  std::vector<std::string> routines;
  std::set<std::string> failed;  // routine, then image name and offset of each driver frame
  bool failed_in_round = true;   // so that the first round runs
  std::string last_failure;
  std::optional<std::uint32_t> number;  // set: no rounds
  std::uint32_t asked = 0;
  std::function<void()> interruption;  // instead of failing
};

std::atomic<FaultPlan*> current_fault_plan{nullptr};

void set_current_fault_plan(FaultPlan* plan) {
  current_fault_plan.store(plan, std::memory_order_release);
}

NTAPI_ASIDE bool fault_plan_in_force_says_fail(const char* routine, void* caller) {
  FaultPlan* const plan = current_fault_plan.load(std::memory_order_acquire);
  return plan && plan->says_fail(routine, caller);
}

FaultPlan::FaultPlan(std::vector<std::string> routines) : state_(std::make_unique<State>()) {
  state_->routines = std::move(routines);
}

FaultPlan::~FaultPlan() {
  FaultPlan* self = this;
  current_fault_plan.compare_exchange_strong(self, nullptr);
}

void FaultPlan::fail_call(std::uint32_t number) {
  std::lock_guard hold(state_->mutex);
  state_->number = number;
  state_->asked = 0;
  state_->interruption = nullptr;
}

void FaultPlan::interrupt_call(std::uint32_t number, std::function<void()> what) {
  fail_call(number);
  std::lock_guard hold(state_->mutex);
  state_->interruption = std::move(what);
}

bool FaultPlan::next() {
  std::lock_guard hold(state_->mutex);
  return std::exchange(state_->failed_in_round, false);
}

std::size_t FaultPlan::failures() const {
  std::lock_guard hold(state_->mutex);
  return state_->failed.size();
}

std::string FaultPlan::last_failure() const {
  std::lock_guard hold(state_->mutex);
  return state_->last_failure;
}

bool FaultPlan::says_fail(const char* routine, void* caller) {
  if (!image_containing(caller)) return false;
  if (!state_->routines.empty() && std::ranges::find(state_->routines, routine) == state_->routines.end()) return false;
  std::function<void()> interruption;
  {
    std::lock_guard hold(state_->mutex);
    if (state_->number) {
      const bool meant = ++state_->asked == *state_->number || *state_->number == 0;
      if (!meant || !state_->interruption) return meant;
      interruption = state_->interruption;
    }
  }
  if (interruption) {
    interruption();
    return false;
  }
  const std::vector<void*> frames = capture_stack();
  std::string key = routine;
  for (void* frame : frames) {
    if (const LoadedImage* image = image_containing(frame)) {
      key +=
          ' ' + image->name() + '+' + hex(static_cast<std::uint64_t>(static_cast<std::byte*>(frame) - image->base()));
    }
  }
  std::lock_guard hold(state_->mutex);
  if (state_->failed_in_round || !state_->failed.insert(key).second) return false;
  state_->failed_in_round = true;
  state_->last_failure = std::string(routine) + " at ";
  bool first = true;
  for (void* frame : frames) {
    if (const LoadedImage* image = image_containing(frame)) {
      state_->last_failure += (first ? "" : " < ") + image->describe_symbol(frame);
      first = false;
    }
  }
  return true;
}

}  // namespace wdscope::host
