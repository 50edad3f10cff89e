// SPDX-License-Identifier: MIT
// The layout that somebody has loaded for this boot (abi/wire/layout.h), and contexts read by it.
//
// The callback must not wait for whoever loads: it takes a copy that is whole, or does without for that one event.
// `generation_` is odd while a layout is being exchanged, and changes with every exchange.
#pragma once

#include <atomic>
#include <cstdint>

#include "abi/wire/layout.h"
#include "observer/argument.h"
#include "observer/context.h"
#include "observer/stack_limits.h"

namespace wdscope::observer {

// A context that the loaded layout claims by its magic.
struct LoadedContext {
  bool claimed;     // `address`, `magic`: the catalogue is not asked
  bool recognised;  // the rest
  std::uint32_t magic;
  std::uint32_t anomalies;  // wire::anomaly_bit()s
  std::uint64_t address;
  wire::ContextLayout layout;
  std::uint8_t bytes[wire::kMaximumRawContextSize];

  // A member that the layout has, as it was read.
  std::uint64_t word(wire::LayoutMember member) const;
};

class LoadedLayout {
 public:
  LoadedLayout() { ExInitializeFastMutex(&mutex_); }
  LoadedLayout(const LoadedLayout&) = delete;
  LoadedLayout& operator=(const LoadedLayout&) = delete;

  // Checks `layout` by every rule; errors as kControlLoadLayout. PASSIVE_LEVEL.
  [[nodiscard]] NTSTATUS load(const wire::ContextLayout& layout);
  void unload();

  // Whether one was ever loaded: what costs stack can be left out else. Any IRQL.
  bool loaded() const { return generation_.load(std::memory_order_relaxed) != 0; }
  // Reads and checks the context that the layout's slot points to. `key` null: NT does not know the process, so that
  // nothing can be recognised. False when no layout is loaded or the context is not one of its. IRQL <= APC_LEVEL.
  bool find(const Argument& argument, std::uint64_t argument_address, const ProcessKey* key,
            LoadedContext& context) const;

 private:
  static constexpr std::size_t kWords = sizeof(wire::ContextLayout) / sizeof(std::uint64_t);
  void exchange(const wire::ContextLayout& layout);
  bool copy(wire::ContextLayout& layout) const;

  FAST_MUTEX mutex_;  // of those who load
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<std::uint64_t> words_[kWords]{};
};

}  // namespace wdscope::observer
