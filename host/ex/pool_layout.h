// SPDX-License-Identifier: MIT
// The heap under the pool: one reserved arena above kSystemRangeStart, cut into spans of one size class each. Only
// geometry and free lists; what a block is for is pool.cpp's business.
//
//   small:  [header 48][user ... slack]            slots never cross a page; user bytes start 16 behind a cache line
//   large:  [page: ... header 48][user pages][guard page, no access]
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "host/nt/base.h"

namespace wdscope::host {

class LoadedImage;

inline constexpr std::size_t kPoolPage = 4096;
inline constexpr std::size_t kLargestPoolBlock = 64 * 1024 * 1024;  // the list of 100,000 processes needs 40
inline constexpr std::uint8_t kSmallClassCount = 12;
inline constexpr std::uint8_t kLargeClassCount = 15;  // 1, 2, 4 ... 16384 pages
inline constexpr std::uint8_t kPoolClassCount = kSmallClassCount + kLargeClassCount;

struct PoolHeader {     // directly before the user's bytes
  std::uint32_t state;  // BlockState, atomically
  std::uint32_t tag;
  std::uint32_t size;
  std::uint8_t kind;  // PoolKind
  std::uint8_t size_class;
  std::uint8_t has_lock;  // atomically
  std::uint8_t reserved;
  const LoadedImage* owner;  // only compared
  void* allocated_at;
  void* freed_at;
  std::uint64_t canary_or_next;  // allocated: canary; else the next free block
};
static_assert(sizeof(PoolHeader) == 48);

inline void* user_of(PoolHeader* header) {
  return header + 1;
}
inline PoolHeader* header_of(void* user) {
  return static_cast<PoolHeader*>(user) - 1;
}

inline constexpr std::size_t kPoolCacheLine = 64;
// Whole cache lines each, behind half a line at the page's start: user bytes then start 16 behind a line. So a block's
// first 48 bytes, where lists have their links and keys, lie in one line; and no driver gets a better alignment than
// the 16 bytes that NT promises.
inline constexpr std::size_t kPoolPageLead = kPoolCacheLine + 16 - sizeof(PoolHeader);
inline constexpr std::uint16_t kSmallStrides[kSmallClassCount] = {128, 192, 256, 320,  384,  448,
                                                                  576, 768, 960, 1344, 1984, 4032};
inline constexpr std::size_t kMinimumSlack = 16;
inline constexpr std::size_t kLargestSmallBlock =
    kSmallStrides[kSmallClassCount - 1] - sizeof(PoolHeader) - kMinimumSlack;

inline bool is_small_class(std::uint8_t size_class) {
  return size_class < kSmallClassCount;
}
inline std::size_t large_class_pages(std::uint8_t size_class) {
  return std::size_t{1} << (size_class - kSmallClassCount);
}

// Strides are whole cache lines, header and slack are one together: so is what a class can hold.
static_assert(sizeof(PoolHeader) + kMinimumSlack == kPoolCacheLine);
inline constexpr auto kClassOfLines = [] {
  std::array<std::uint8_t, kLargestSmallBlock / kPoolCacheLine + 1> classes{};
  for (std::size_t lines = 0, c = 0; lines < classes.size(); ++lines) {
    while (kSmallStrides[c] < (lines + 1) * kPoolCacheLine) ++c;
    classes[lines] = static_cast<std::uint8_t>(c);
  }
  return classes;
}();
inline std::uint8_t pool_class_for(std::size_t size) {
  if (size <= kLargestSmallBlock) return kClassOfLines[(size + kPoolCacheLine - 1) / kPoolCacheLine];
  const std::size_t pages = (size + kPoolPage - 1) / kPoolPage;
  return static_cast<std::uint8_t>(kSmallClassCount + std::bit_width(pages - 1));
}
// Bytes from the user's first one to the end of what the slot may touch.
inline std::size_t pool_class_capacity(std::uint8_t size_class) {
  return is_small_class(size_class) ? kSmallStrides[size_class] - sizeof(PoolHeader)
                                    : large_class_pages(size_class) * kPoolPage;
}

// The calling thread's free blocks. Nothing to construct or destroy, so that no access asks whether that was done: what
// lies beside the way does it, at the thread's first block and at its end.
enum class ListsState : std::uint8_t { Untouched, InUse, Gone };
struct ThreadLists {
  PoolHeader* free[kPoolClassCount];
  std::uint32_t room[kPoolClassCount];  // how many more may be given; 0 until the lists are in use, and after
  ListsState state;
};
extern constinit thread_local ThreadLists pool_lists;

// A free block's link stands in the poisoned part of its header.
__attribute__((no_sanitize("address"))) inline PoolHeader* next_free_of(PoolHeader* header) {
  return reinterpret_cast<PoolHeader*>(*const_cast<volatile std::uint64_t*>(&header->canary_or_next));
}
__attribute__((no_sanitize("address"))) inline void set_next_free(PoolHeader* header, PoolHeader* next) {
  *const_cast<volatile std::uint64_t*>(&header->canary_or_next) = reinterpret_cast<std::uint64_t>(next);
}

// What the two routines below come to when the thread's list is empty, or full, or not there.
[[gnu::noinline]] NTAPI PoolHeader* take_block_aside(std::uint8_t size_class) noexcept;
[[gnu::noinline]] NTAPI void give_block_aside(PoolHeader* header) noexcept;

// A block that nobody has; null: the arena is full. Its header's state is whatever the last owner left.
inline PoolHeader* take_free_block(std::uint8_t size_class) {
  ThreadLists& mine = pool_lists;
  PoolHeader* const header = mine.free[size_class];
  if (!header) [[unlikely]] {
    return take_block_aside(size_class);
  }
  mine.free[size_class] = next_free_of(header);
  ++mine.room[size_class];
  return header;
}
inline void give_free_block(PoolHeader* header) {
  ThreadLists& mine = pool_lists;
  const std::uint8_t size_class = header->size_class;
  if (mine.room[size_class] == 0) [[unlikely]] {
    give_block_aside(header);
    return;
  }
  set_next_free(header, mine.free[size_class]);
  mine.free[size_class] = header;
  --mine.room[size_class];
}

// Where the arena lies, once it is there; the runs of small blocks are its first `small_size` bytes, all readable.
struct PoolArena {
  std::atomic<std::byte*> start{nullptr};
  std::atomic<std::size_t> small_size{0};
};
extern PoolArena pool_arena;

// Where the header of a small block would stand whose user bytes begin at `user`; null: no such block can be there.
// Whether one is, the header must tell: it is memory that can be read, no more.
inline PoolHeader* small_header_before(void* user) {
  const auto at = reinterpret_cast<std::uintptr_t>(user);
  const auto start = reinterpret_cast<std::uintptr_t>(pool_arena.start.load(std::memory_order_relaxed));
  if (at - start >= pool_arena.small_size.load(std::memory_order_acquire)) return nullptr;
  // Headers never cross a page.
  return at % 16 == 0 && at % kPoolPage >= kPoolPageLead + sizeof(PoolHeader) ? header_of(user) : nullptr;
}

// The block whose slot contains `address`; null if it is not of the arena or in a slot never used.
PoolHeader* find_block(const void* address);
bool in_arena(const void* address);

// Calls visit(header) for each slot ever used.
void visit_blocks(void (*visit)(PoolHeader* header, void* context), void* context);

}  // namespace wdscope::host
