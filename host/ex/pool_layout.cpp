// SPDX-License-Identifier: MIT
// Each thread keeps short lists of free blocks; batches move between those and one list a class, under its mutex.
//
// Runs of small blocks grow from the arena's start, those of large ones from its end: so no guard page lies between
// small blocks, and Linux can back them with huge pages. Lists of thousands of blocks are walked at every process's
// start, and would cost a miss of the translation buffers for each block otherwise.
#include "host/ex/pool_layout.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "host/ex/pool.h"

#ifdef WDSCOPE_ASAN
#include <sanitizer/lsan_interface.h>
#endif

namespace wdscope::host {

constinit PoolArena pool_arena;

namespace {

constexpr std::size_t kSpanSize = 64 << 10;
constexpr std::size_t kSpanCount = 1024 * 1024;
constexpr std::size_t kHugePage = 2 << 20;  // the arena's alignment, and what becomes accessible at once
constexpr std::size_t kLargeRunSize = 1 << 20;

// Of plain words, which are zero before the program begins: a million atomics would each be set to zero at every start.
struct Span {
  std::uint32_t first;      // index of the first span of a run, plus one; 0: unused
  std::uint32_t carved;     // of the first span: slots handed out so far
  std::uint8_t size_class;  // of the first span; written before `first`
};

constinit Span spans[kSpanCount]{};

std::uint32_t read_word(std::uint32_t& word) {
  return std::atomic_ref(word).load(std::memory_order_acquire);
}
void write_word(std::uint32_t& word, std::uint32_t value) {
  std::atomic_ref(word).store(value, std::memory_order_release);
}

std::atomic<std::uint32_t> small_end{0};             // one past the last span of small runs
std::atomic<std::uint32_t> large_start{kSpanCount};  // first span of large runs

std::size_t slot_size(std::uint8_t size_class) {
  return is_small_class(size_class) ? kSmallStrides[size_class] : (large_class_pages(size_class) + 2) * kPoolPage;
}

std::size_t run_spans(std::uint8_t size_class) {
  if (is_small_class(size_class)) return 1;
  return (slot_size(size_class) + kLargeRunSize - 1) / kLargeRunSize * (kLargeRunSize / kSpanSize);
}

std::uint32_t slots_in_page(std::uint8_t size_class) {
  return static_cast<std::uint32_t>((kPoolPage - kPoolPageLead) / kSmallStrides[size_class]);
}

// How many whole strides `lines` cache lines of a page are: a multiplication instead of a division at every free.
std::uint32_t strides_in(std::uint32_t lines, std::uint8_t size_class) {
  static constexpr auto kReciprocals = [] {
    std::array<std::uint32_t, kSmallClassCount> reciprocals{};
    for (std::size_t i = 0; i < kSmallClassCount; ++i) {
      const std::uint32_t lines_each = kSmallStrides[i] / kPoolCacheLine;
      reciprocals[i] = (0x10000 + lines_each - 1) / lines_each;
    }
    return reciprocals;
  }();
  return lines * kReciprocals[size_class] >> 16;
}

std::uint32_t slots_in_run(std::uint8_t size_class) {
  if (is_small_class(size_class)) {
    return static_cast<std::uint32_t>(kSpanSize / kPoolPage * slots_in_page(size_class));
  }
  return static_cast<std::uint32_t>(run_spans(size_class) * kSpanSize / slot_size(size_class));
}

std::size_t slot_offset(std::uint8_t size_class, std::uint32_t slot) {
  if (!is_small_class(size_class)) return slot * slot_size(size_class);
  const std::uint32_t in_page = slots_in_page(size_class);
  return slot / in_page * kPoolPage + kPoolPageLead + slot % in_page * kSmallStrides[size_class];
}

[[gnu::cold, gnu::noinline]] std::byte* reserve_arena() {
  static std::byte* const base = [] {
    // Where Linux puts a mapping by itself is above kSystemRangeStart; the alignment costs one more page.
    void* memory = mmap(nullptr, kSpanCount * kSpanSize + kHugePage, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    const auto address = reinterpret_cast<std::uintptr_t>(memory);
    if (memory == MAP_FAILED || address < kSystemRangeStart) {
      std::fputs("host: no address space for the pool above the system range start\n", stderr);
      std::abort();
    }
    return reinterpret_cast<std::byte*>((address + kHugePage - 1) & ~(kHugePage - 1));
  }();
  pool_arena.start.store(base, std::memory_order_release);
  return base;
}

std::byte* arena() {
  if (std::byte* const base = pool_arena.start.load(std::memory_order_acquire)) [[likely]] {
    return base;
  }
  return reserve_arena();
}

struct ClassState {
  std::mutex mutex;
  PoolHeader* free = nullptr;
  std::uint32_t current_run = 0;  // first span, plus one
  std::uint32_t next_slot = 0;
};

ClassState& class_state(std::uint8_t size_class) {
  static auto* const states = new ClassState[kPoolClassCount];
  return states[size_class];
}

PoolHeader* header_at(std::uint32_t first_span, std::uint8_t size_class, std::uint32_t slot) {
  std::byte* const start = arena() + first_span * kSpanSize + slot_offset(size_class, slot);
  return reinterpret_cast<PoolHeader*>(is_small_class(size_class) ? start : start + kPoolPage - sizeof(PoolHeader));
}

bool make_accessible(std::byte* start, std::size_t size) {
  return mprotect(start, size, PROT_READ | PROT_WRITE) == 0;
}

// The next `count` spans of either end, accessible; kSpanCount: the arena is full.
std::uint32_t take_spans(std::uint8_t size_class, std::uint32_t count) {
  static std::mutex ends;
  std::lock_guard hold(ends);
  const std::uint32_t small = small_end, large = large_start;
  if (small + count > large) return kSpanCount;
  if (!is_small_class(size_class)) {
    if (!make_accessible(arena() + (large - count) * kSpanSize, count * kSpanSize)) return kSpanCount;
    return large_start = large - count;
  }
  std::byte* const start = arena() + small * kSpanSize;
  const std::size_t left = (large - small) * kSpanSize;
  if (small % (kHugePage / kSpanSize) == 0) {
    if (!make_accessible(start, std::min(left, kHugePage))) return kSpanCount;
    // Advice: a kernel without huge pages says no, and small ones do.
    if (left >= kHugePage) madvise(start, kHugePage, MADV_HUGEPAGE);
  }
  small_end = small + count;
  pool_arena.small_size.store((small + count) * kSpanSize, std::memory_order_release);
  return small;
}

// Class mutex held.
bool open_run(ClassState& state, std::uint8_t size_class) {
  const auto count = static_cast<std::uint32_t>(run_spans(size_class));
  const std::uint32_t first = take_spans(size_class, count);
  if (first == kSpanCount) return false;
#ifdef WDSCOPE_ASAN
  __lsan_register_root_region(arena() + first * kSpanSize,
                              count * kSpanSize);  // what only an object's header points to is not leaked
#endif
  spans[first].size_class = size_class;
  for (std::uint32_t i = 0; i < count; ++i) write_word(spans[first + i].first, first + 1);
  state.current_run = first + 1;
  state.next_slot = 0;
  return true;
}

// Class mutex held.
PoolHeader* carve(ClassState& state, std::uint8_t size_class) {
  if (state.current_run == 0 || state.next_slot == slots_in_run(size_class)) {
    if (!open_run(state, size_class)) return nullptr;
  }
  const std::uint32_t first = state.current_run - 1;
  PoolHeader* const header = header_at(first, size_class, state.next_slot);
  if (!is_small_class(size_class)) {
    std::byte* const guard = static_cast<std::byte*>(user_of(header)) + large_class_pages(size_class) * kPoolPage;
    if (mprotect(guard, kPoolPage, PROT_NONE) != 0) return nullptr;
  }
  header->size_class = size_class;
  ++state.next_slot;
  write_word(spans[first].carved, state.next_slot);
  return header;
}

constexpr std::uint32_t batch_of(std::uint8_t size_class) {
  return size_class < kSmallClassCount ? 32 : 2;
}

void give_back(std::uint8_t size_class, std::uint32_t count) {
  ThreadLists& mine = pool_lists;
  ClassState& state = class_state(size_class);
  std::lock_guard hold(state.mutex);
  for (; count != 0 && mine.free[size_class]; --count) {
    PoolHeader* const header = mine.free[size_class];
    mine.free[size_class] = next_free_of(header);
    ++mine.room[size_class];
    set_next_free(header, state.free);
    state.free = header;
  }
}

struct ListsEnd {
  ~ListsEnd() {
    pool_lists.state = ListsState::Gone;
    for (std::uint8_t c = 0; c < kPoolClassCount; ++c) {
      give_back(c, 2 * batch_of(c));
      pool_lists.room[c] = 0;
    }
  }
};

// False at the thread's end: it has no lists any more.
bool may_use_lists() {
  if (pool_lists.state == ListsState::Untouched) {
    thread_local ListsEnd end;
    pool_lists.state = ListsState::InUse;
    for (std::uint8_t c = 0; c < kPoolClassCount; ++c) pool_lists.room[c] = 2 * batch_of(c);
  }
  return pool_lists.state == ListsState::InUse;
}

PoolHeader* take_from_class(std::uint8_t size_class) {
  ClassState& state = class_state(size_class);
  std::lock_guard hold(state.mutex);
  PoolHeader* const header = state.free;
  if (!header) return carve(state, size_class);
  state.free = next_free_of(header);
  return header;
}

// Leaves the list empty when memory is out.
void fetch(std::uint8_t size_class) {
  ThreadLists& mine = pool_lists;
  ClassState& state = class_state(size_class);
  std::lock_guard hold(state.mutex);
  for (std::uint32_t i = 0; i < batch_of(size_class); ++i) {
    PoolHeader* header = state.free;
    if (header) {
      state.free = next_free_of(header);
    } else {
      header = carve(state, size_class);
      if (!header) break;
    }
    set_next_free(header, mine.free[size_class]);
    mine.free[size_class] = header;
    --mine.room[size_class];
  }
}

}  // namespace

constinit thread_local ThreadLists pool_lists{};

NTAPI PoolHeader* take_block_aside(std::uint8_t size_class) noexcept {
  if (!may_use_lists()) return take_from_class(size_class);
  fetch(size_class);
  return pool_lists.free[size_class] ? take_free_block(size_class) : nullptr;
}

NTAPI void give_block_aside(PoolHeader* header) noexcept {
  const std::uint8_t size_class = header->size_class;
  if (may_use_lists()) {
    give_back(size_class, batch_of(size_class));
    give_free_block(header);
    return;
  }
  ClassState& state = class_state(size_class);
  std::lock_guard hold(state.mutex);
  set_next_free(header, state.free);
  state.free = header;
}

bool in_arena(const void* address) {
  const auto* at = static_cast<const std::byte*>(address);
  return at >= arena() && at < arena() + kSpanCount * kSpanSize;
}

PoolHeader* find_block(const void* address) {
  if (!in_arena(address)) return nullptr;
  const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(address) - arena());
  const std::uint32_t run = read_word(spans[offset / kSpanSize].first);
  if (run == 0) return nullptr;
  const std::uint8_t size_class = spans[run - 1].size_class;
  const std::size_t in_run = offset - (run - 1) * kSpanSize;
  std::uint32_t slot;
  if (is_small_class(size_class)) {
    const std::uint32_t in_page = slots_in_page(size_class);
    const std::size_t behind_lead = std::max(in_run % kPoolPage, kPoolPageLead) - kPoolPageLead;
    const std::uint32_t slot_in_page = strides_in(static_cast<std::uint32_t>(behind_lead / kPoolCacheLine), size_class);
    slot = static_cast<std::uint32_t>(in_run / kPoolPage) * in_page + std::min(slot_in_page, in_page - 1);
  } else {
    slot = static_cast<std::uint32_t>(in_run / slot_size(size_class));
  }
  if (slot >= read_word(spans[run - 1].carved)) return nullptr;
  return header_at(run - 1, size_class, slot);
}

void visit_blocks(void (*visit)(PoolHeader* header, void* context), void* context) {
  const auto visit_spans = [=](std::uint32_t from, std::uint32_t to) {
    for (std::uint32_t i = from; i < to; ++i) {
      if (read_word(spans[i].first) != i + 1) continue;
      const std::uint32_t carved = read_word(spans[i].carved);
      for (std::uint32_t slot = 0; slot < carved; ++slot) visit(header_at(i, spans[i].size_class, slot), context);
    }
  };
  visit_spans(0, small_end);
  visit_spans(large_start, kSpanCount);
}

}  // namespace wdscope::host
