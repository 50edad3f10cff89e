// SPDX-License-Identifier: MIT
// How the pool sees a block: its states, and its words while others may look at them too. For pool*.cpp alone.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "host/ex/pool.h"
#include "host/ex/pool_layout.h"

namespace wdscope::host {

inline constexpr std::uint32_t kAllocated = 0x434F'4C41, kFreed = 0x4545'5246;  // "ALOC", "FREE" in memory

// The header's last two words and what lies behind the block are poisoned while a driver has it.
inline constexpr std::size_t kPoisonedHeader = 16;

// For AddressSanitizer; without it, nothing.
#ifdef WDSCOPE_ASAN
void poison(const void* start, std::size_t size);
void unpoison(const void* start, std::size_t size);
#else
inline void poison(const void*, std::size_t) {}
inline void unpoison(const void*, std::size_t) {}
#endif

// Who counts or describes blocks may look at one that is just being given to somebody else: it then reads one word or
// the other, and is wrong about that block alone.
template <class T>
T seen_word(const T& field) {
  return std::atomic_ref(const_cast<T&>(field)).load(std::memory_order_relaxed);
}

template <class T>
void show_word(T& field, T value) {
  std::atomic_ref(field).store(value, std::memory_order_relaxed);
}

inline std::uint32_t state_of(const PoolHeader* header) {
  return std::atomic_ref(const_cast<PoolHeader*>(header)->state).load(std::memory_order_acquire);
}

inline std::byte* bytes_of(PoolHeader* header) {
  return static_cast<std::byte*>(user_of(header));
}

// "'MPbc'"
std::string tag_text(Ulong tag);
// "64-byte nonpaged block 0x7F.., tag 'MPbc', allocated at x.sys!f, freed at x.sys!g"
std::string full_text(PoolHeader* header);

}  // namespace wdscope::host
