// SPDX-License-Identifier: MIT
// The heap under the pool: one reserved arena above kSystemRangeStart, cut into spans of one size class each. Only
// geometry and free lists; what a block is for is pool.cpp's business.
//
//   small:  [header 48][user ... slack]            slots never cross a page; user bytes start 16 behind a cache line
//   large:  [page: ... header 48][user pages][guard page, no access]
#pragma once

#include <cstddef>
#include <cstdint>

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

std::uint8_t pool_class_for(std::size_t size);
// Bytes from the user's first one to the end of what the slot may touch.
std::size_t pool_class_capacity(std::uint8_t size_class);

// A block that nobody has; null: the arena is full. Its header's state is whatever the last owner left.
PoolHeader* take_free_block(std::uint8_t size_class);
void give_free_block(PoolHeader* header);

// The block whose slot contains `address`; null if it is not of the arena or in a slot never used.
PoolHeader* find_block(const void* address);
bool in_arena(const void* address);

// Calls visit(header) for each slot ever used.
void visit_blocks(void (*visit)(PoolHeader* header, void* context), void* context);

}  // namespace wdscope::host
