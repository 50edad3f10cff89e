// SPDX-License-Identifier: MIT
// Makes allocations and NT calls of drivers fail, each distinct call stack exactly once:
//
//   FaultPlan plan;
//   machine->set_fault_plan(&plan);
//   while (plan.next()) {     // ends after a round in which nothing new was there to fail
//     load, use, unload;      // at most one call fails in each round
//   }
//
// A call stack is the driver return addresses below the call (relative to their image, so reloading finds the same).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "host/nt/base.h"

namespace wdscope::host {

class FaultPlan {
 public:
  // Which routines may fail; empty: all that ask. "ExAllocatePool" stands for every pool allocation.
  explicit FaultPlan(std::vector<std::string> routines = {});
  ~FaultPlan();

  // Instead of rounds: of the calls that ask from now on, the `number`-th fails, counted from 1; 0: every one.
  void fail_call(std::uint32_t number);
  // The same, but instead of failing that call waits while `what` runs, on its thread, with no lock of the host held:
  // what other threads do in the middle of a driver's routine.
  void interrupt_call(std::uint32_t number, std::function<void()> what);

  // Begins a round. False when the round before failed nothing: every stack that was ever seen has failed once.
  bool next();
  std::size_t failures() const;      // so far
  std::string last_failure() const;  // "ExAllocatePool at wdscope.sys!start+0x1F < wdscope.sys!DriverEntry+0x8"

  bool says_fail(const char* routine, void* caller);

  FaultPlan(const FaultPlan&) = delete;
  FaultPlan& operator=(const FaultPlan&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The plan in force; null: none. It must outlive its being in force.
void set_current_fault_plan(FaultPlan* plan);

extern std::atomic<FaultPlan*> current_fault_plan;
inline bool fault_plan_active() {
  return current_fault_plan.load(std::memory_order_relaxed) != nullptr;
}

// Asked by an NT routine that can fail, before it does anything. `caller` is its return address: calls from outside
// drivers never fail. False when no plan is in force.
NTAPI_ASIDE bool fault_plan_in_force_says_fail(const char* routine, void* caller);
inline bool fault_plan_says_fail(const char* routine, void* caller) {
  return fault_plan_active() && fault_plan_in_force_says_fail(routine, caller);
}

}  // namespace wdscope::host
