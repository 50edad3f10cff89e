// SPDX-License-Identifier: MIT
// Each thread keeps short lists of free blocks; batches move between those and one list a class, under its mutex.
#include "host/ex/pool_layout.h"

#include <sys/mman.h>

#include <algorithm>
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
namespace {

constexpr std::size_t kSpanSize = 1 << 20;
constexpr std::size_t kSpanCount = 64 * 1024;
constexpr std::uint32_t kBatch = 32;
constexpr std::uint16_t kSmallStrides[kSmallClassCount] = {128, 192, 256, 336, 448, 576, 816, 1024, 1360, 2048, 4096};
constexpr std::size_t kMinimumSlack = 16;

struct Span {
  std::atomic<std::uint32_t> first;   // index of the first span of a run, plus one; 0: unused
  std::atomic<std::uint32_t> carved;  // of the first span: slots handed out so far
  std::uint8_t size_class;            // of the first span; written before `first`
};

Span spans[kSpanCount];
std::atomic<std::uint32_t> spans_used{0};

bool is_small(std::uint8_t size_class) {
  return size_class < kSmallClassCount;
}
std::size_t large_pages(std::uint8_t size_class) {
  return std::size_t{1} << (size_class - kSmallClassCount);
}

std::size_t slot_size(std::uint8_t size_class) {
  return is_small(size_class) ? kSmallStrides[size_class] : (large_pages(size_class) + 2) * kPoolPage;
}

std::size_t run_spans(std::uint8_t size_class) {
  return (slot_size(size_class) + kSpanSize - 1) / kSpanSize;
}

std::uint32_t slots_in_run(std::uint8_t size_class) {
  if (is_small(size_class)) {
    return static_cast<std::uint32_t>(kSpanSize / kPoolPage * (kPoolPage / kSmallStrides[size_class]));
  }
  return static_cast<std::uint32_t>(run_spans(size_class) * kSpanSize / slot_size(size_class));
}

std::size_t slot_offset(std::uint8_t size_class, std::uint32_t slot) {
  if (!is_small(size_class)) return slot * slot_size(size_class);
  const std::uint32_t in_page = static_cast<std::uint32_t>(kPoolPage / kSmallStrides[size_class]);
  return slot / in_page * kPoolPage + slot % in_page * kSmallStrides[size_class];
}

std::byte* arena() {
  static std::byte* const base = [] {
    // Where Linux puts a mapping by itself is above kSystemRangeStart; the alignment costs one more span.
    void* memory =
        mmap(nullptr, (kSpanCount + 1) * kSpanSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    const auto address = reinterpret_cast<std::uintptr_t>(memory);
    if (memory == MAP_FAILED || address < kSystemRangeStart) {
      std::fputs("host: no address space for the pool above the system range start\n", stderr);
      std::abort();
    }
    return reinterpret_cast<std::byte*>((address + kSpanSize - 1) & ~(kSpanSize - 1));
  }();
  return base;
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

__attribute__((no_sanitize("address"))) PoolHeader* next_of(PoolHeader* header) {
  return reinterpret_cast<PoolHeader*>(*const_cast<volatile std::uint64_t*>(&header->canary_or_next));
}

__attribute__((no_sanitize("address"))) void set_next(PoolHeader* header, PoolHeader* next) {
  *const_cast<volatile std::uint64_t*>(&header->canary_or_next) = reinterpret_cast<std::uint64_t>(next);
}

PoolHeader* header_at(std::uint32_t first_span, std::uint8_t size_class, std::uint32_t slot) {
  std::byte* const start = arena() + first_span * kSpanSize + slot_offset(size_class, slot);
  return reinterpret_cast<PoolHeader*>(is_small(size_class) ? start : start + kPoolPage - sizeof(PoolHeader));
}

// Class mutex held.
bool open_run(ClassState& state, std::uint8_t size_class) {
  const auto count = static_cast<std::uint32_t>(run_spans(size_class));
  const std::uint32_t first = spans_used.fetch_add(count);
  if (first + count > kSpanCount) {
    spans_used.fetch_sub(count);
    return false;
  }
  std::byte* const start = arena() + first * kSpanSize;
  if (mprotect(start, count * kSpanSize, PROT_READ | PROT_WRITE) != 0) return false;
#ifdef WDSCOPE_ASAN
  __lsan_register_root_region(start, count * kSpanSize);  // what only an object's header points to is not leaked
#endif
  spans[first].size_class = size_class;
  for (std::uint32_t i = 0; i < count; ++i) spans[first + i].first.store(first + 1, std::memory_order_release);
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
  if (!is_small(size_class)) {
    std::byte* const guard = static_cast<std::byte*>(user_of(header)) + large_pages(size_class) * kPoolPage;
    if (mprotect(guard, kPoolPage, PROT_NONE) != 0) return nullptr;
  }
  header->size_class = size_class;
  ++state.next_slot;
  spans[first].carved.store(state.next_slot, std::memory_order_release);
  return header;
}

struct ThreadLists {
  PoolHeader* free[kPoolClassCount] = {};
  std::uint32_t count[kPoolClassCount] = {};

  void give_back(std::uint8_t size_class, std::uint32_t keep) {
    if (count[size_class] <= keep) return;
    ClassState& state = class_state(size_class);
    std::lock_guard hold(state.mutex);
    while (count[size_class] > keep) {
      PoolHeader* const header = free[size_class];
      free[size_class] = next_of(header);
      --count[size_class];
      set_next(header, state.free);
      state.free = header;
    }
  }
  ~ThreadLists();
};

thread_local constinit bool lists_gone = false;
thread_local ThreadLists lists;

ThreadLists::~ThreadLists() {
  lists_gone = true;
  for (std::uint8_t c = 0; c < kPoolClassCount; ++c) give_back(c, 0);
}

std::uint32_t batch_of(std::uint8_t size_class) {
  return is_small(size_class) ? kBatch : 2;
}

}  // namespace

std::uint8_t pool_class_for(std::size_t size) {
  if (size <= kPoolPage - sizeof(PoolHeader) - kMinimumSlack) {
    std::uint8_t c = 0;
    while (kSmallStrides[c] - sizeof(PoolHeader) - kMinimumSlack < size) ++c;
    return c;
  }
  const std::size_t pages = (size + kPoolPage - 1) / kPoolPage;
  return static_cast<std::uint8_t>(kSmallClassCount + std::bit_width(pages - 1));
}

std::size_t pool_class_capacity(std::uint8_t size_class) {
  return is_small(size_class) ? kSmallStrides[size_class] - sizeof(PoolHeader) : large_pages(size_class) * kPoolPage;
}

PoolHeader* take_free_block(std::uint8_t size_class) {
  ClassState& state = class_state(size_class);
  if (lists_gone) {
    std::lock_guard hold(state.mutex);
    PoolHeader* const header = state.free;
    if (!header) return carve(state, size_class);
    state.free = next_of(header);
    return header;
  }
  ThreadLists& mine = lists;
  if (!mine.free[size_class]) {
    std::lock_guard hold(state.mutex);
    for (std::uint32_t i = 0; i < batch_of(size_class); ++i) {
      PoolHeader* header = state.free;
      if (header) {
        state.free = next_of(header);
      } else {
        header = carve(state, size_class);
        if (!header) break;
      }
      set_next(header, mine.free[size_class]);
      mine.free[size_class] = header;
      ++mine.count[size_class];
    }
    if (!mine.free[size_class]) return nullptr;
  }
  PoolHeader* const header = mine.free[size_class];
  mine.free[size_class] = next_of(header);
  --mine.count[size_class];
  return header;
}

void give_free_block(PoolHeader* header) {
  const std::uint8_t size_class = header->size_class;
  if (lists_gone) {
    ClassState& state = class_state(size_class);
    std::lock_guard hold(state.mutex);
    set_next(header, state.free);
    state.free = header;
    return;
  }
  ThreadLists& mine = lists;
  set_next(header, mine.free[size_class]);
  mine.free[size_class] = header;
  if (++mine.count[size_class] > 2 * batch_of(size_class)) mine.give_back(size_class, batch_of(size_class));
}

bool in_arena(const void* address) {
  const auto* at = static_cast<const std::byte*>(address);
  return at >= arena() && at < arena() + kSpanCount * kSpanSize;
}

PoolHeader* find_block(const void* address) {
  if (!in_arena(address)) return nullptr;
  const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(address) - arena());
  const std::uint32_t run = spans[offset / kSpanSize].first.load(std::memory_order_acquire);
  if (run == 0) return nullptr;
  const std::uint8_t size_class = spans[run - 1].size_class;
  const std::size_t in_run = offset - (run - 1) * kSpanSize;
  std::uint32_t slot;
  if (is_small(size_class)) {
    const std::uint32_t in_page = static_cast<std::uint32_t>(kPoolPage / kSmallStrides[size_class]);
    const auto slot_in_page = static_cast<std::uint32_t>(in_run % kPoolPage / kSmallStrides[size_class]);
    slot = static_cast<std::uint32_t>(in_run / kPoolPage) * in_page + std::min(slot_in_page, in_page - 1);
  } else {
    slot = static_cast<std::uint32_t>(in_run / slot_size(size_class));
  }
  if (slot >= spans[run - 1].carved.load(std::memory_order_acquire)) return nullptr;
  return header_at(run - 1, size_class, slot);
}

void visit_blocks(void (*visit)(PoolHeader* header, void* context), void* context) {
  const std::uint32_t used = std::min<std::uint32_t>(spans_used.load(), kSpanCount);
  for (std::uint32_t i = 0; i < used; ++i) {
    if (spans[i].first.load(std::memory_order_acquire) != i + 1) continue;
    const std::uint32_t carved = spans[i].carved.load(std::memory_order_acquire);
    for (std::uint32_t slot = 0; slot < carved; ++slot) visit(header_at(i, spans[i].size_class, slot), context);
  }
}

}  // namespace wdscope::host
