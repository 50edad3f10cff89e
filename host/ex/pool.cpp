// SPDX-License-Identifier: MIT
// Invariants: a block is Allocated, Freed (in the quarantine or on a free list) or never used. Only Allocated blocks
// are counted. The canary stands in the header's last word, so running off the front of a block shows at its free.
#include "host/ex/pool.h"

#include <fmt/format.h>

#include <atomic>
#include <cstring>
#include <map>

#include "host/ex/pool_layout.h"
#include "host/ex/resource.h"
#include "host/image/loaded_image.h"
#include "host/ke/thread.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/fault_plan.h"
#include "host/verifier/lock_order.h"
#include "host/verifier/stack.h"

#ifdef WDSCOPE_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace wdscope::host {
namespace {

constexpr std::uint32_t kAllocated = 0x434F'4C41, kFreed = 0x4545'5246;  // "ALOC", "FREE" in memory
constexpr unsigned char kUninitialisedFill = 0xA5, kFreedFill = 0xDD, kGuardFill = 0xFD;
constexpr std::size_t kGuardChecked = 32;  // bytes behind the block that are written and compared
constexpr std::size_t kFreedChecked = 128;
constexpr std::uint64_t kCanary = 0x5AFE'B10C'C0DE'D00DULL;

void poison([[maybe_unused]] const void* start, [[maybe_unused]] std::size_t size) {
#ifdef WDSCOPE_ASAN
  __asan_poison_memory_region(start, size);
#endif
}

void unpoison([[maybe_unused]] const void* start, [[maybe_unused]] std::size_t size) {
#ifdef WDSCOPE_ASAN
  __asan_unpoison_memory_region(start, size);
#endif
}

// The header's last two words and what lies behind the block are poisoned while a driver has it.
constexpr std::size_t kPoisonedHeader = 16;

std::uint64_t canary_for(const PoolHeader* header) {
  return kCanary ^ reinterpret_cast<std::uintptr_t>(header);
}

std::uint32_t state_of(const PoolHeader* header) {
  return std::atomic_ref(const_cast<PoolHeader*>(header)->state).load(std::memory_order_acquire);
}

void set_state(PoolHeader* header, std::uint32_t state) {
  std::atomic_ref(header->state).store(state, std::memory_order_release);
}

// Who counts or describes blocks may look at one that is just being given to somebody else: it then reads one word or
// the other, and is wrong about that block alone.
template <class T>
T seen(const T& field) {
  return std::atomic_ref(const_cast<T&>(field)).load(std::memory_order_relaxed);
}

template <class T>
void show(T& field, T value) {
  std::atomic_ref(field).store(value, std::memory_order_relaxed);
}

std::size_t guard_size(const PoolHeader* header) {
  const std::size_t behind = pool_class_capacity(header->size_class) - header->size;
  return behind < kGuardChecked ? behind : kGuardChecked;
}

std::byte* bytes_of(PoolHeader* header) {
  return static_cast<std::byte*>(user_of(header));
}

// Offset of the first byte that is not `fill`, or `size`.
std::size_t first_other(const std::byte* start, std::size_t size, unsigned char fill) {
  std::uint64_t whole;
  std::memset(&whole, fill, sizeof whole);
  std::size_t i = 0;
  for (std::uint64_t word; i + sizeof word <= size; i += sizeof word) {
    std::memcpy(&word, start + i, sizeof word);
    if (word != whole) break;
  }
  for (; i < size; ++i) {
    if (start[i] != std::byte{fill}) return i;
  }
  return size;
}

std::string tag_letters(Ulong tag) {
  std::string text;
  for (int i = 0; i < 4; ++i) {
    const char c = static_cast<char>(tag >> (8 * i));
    text += c >= ' ' && c < 0x7F ? c : '.';
  }
  return text;
}

std::string tag_text(Ulong tag) {
  return "'" + tag_letters(tag) + "'";
}

bool is_paged(const PoolHeader* header) {
  return seen(header->kind) == static_cast<std::uint8_t>(PoolKind::Paged);
}

std::string block_text(PoolHeader* header) {
  return fmt::format("{}-byte {} block {}, tag {}, allocated at {}", seen(header->size),
                     is_paged(header) ? "paged" : "nonpaged", hex(user_of(header)), tag_text(seen(header->tag)),
                     describe_address(seen(header->allocated_at)));
}

[[gnu::cold, gnu::noinline]] std::string full_text(PoolHeader* header) {
  unpoison(reinterpret_cast<std::byte*>(header + 1) - kPoisonedHeader, kPoisonedHeader);
  std::string text = block_text(header);
  if (state_of(header) == kFreed) text += ", freed at " + describe_address(header->freed_at);
  return text;
}

// --- the quarantine: freed blocks rest here, so that a late write is seen and a late free is named ---

constexpr std::size_t kQuarantineCount = 256, kQuarantineBytes = 1 << 20;

[[gnu::cold, gnu::noinline, noreturn]] void written_after_free(PoolHeader* header, std::size_t offset) {
  bug_check(kBadPoolCaller, {0x1006, reinterpret_cast<std::uintptr_t>(user_of(header)), offset, header->tag},
            fmt::format("pool memory was written after it was freed: offset {} of the {}", offset, full_text(header)));
}

void leave_quarantine(PoolHeader* header) {
  unpoison(bytes_of(header) - kPoisonedHeader, kPoisonedHeader + header->size);
  const std::size_t checked = header->size < kFreedChecked ? header->size : kFreedChecked;
  const std::size_t damage = first_other(bytes_of(header), checked, kFreedFill);
  if (damage != checked) written_after_free(header, damage);
  give_free_block(header);
}

struct Quarantine {
  PoolHeader* ring[kQuarantineCount];
  std::size_t first = 0, count = 0, bytes = 0;

  void put(PoolHeader* header) {
    while (count == kQuarantineCount || (count > 0 && bytes + header->size > kQuarantineBytes)) take();
    ring[(first + count++) % kQuarantineCount] = header;
    bytes += header->size;
  }
  void take() {
    PoolHeader* const oldest = ring[first];
    first = (first + 1) % kQuarantineCount;
    --count;
    bytes -= oldest->size;
    leave_quarantine(oldest);
  }
  ~Quarantine();
};

thread_local constinit bool quarantine_gone = false;
thread_local Quarantine quarantine;

Quarantine::~Quarantine() {
  while (count > 0) take();
  quarantine_gone = true;
}

void* allocate_block(PoolKind kind, std::size_t size, Ulong tag, const LoadedImage* owner, void* caller,
                     unsigned char fill) {
  if (size > kLargestPoolBlock) return nullptr;
  PoolHeader* const header = take_free_block(pool_class_for(size));
  if (!header) return nullptr;
  std::byte* const user = bytes_of(header);
  unpoison(user - kPoisonedHeader, kPoisonedHeader + pool_class_capacity(header->size_class));
  show(header->tag, tag);
  show(header->size, static_cast<std::uint32_t>(size));
  show(header->kind, static_cast<std::uint8_t>(kind));
  show(header->has_lock, std::uint8_t{0});
  show(header->owner, owner);
  show(header->allocated_at, caller);
  header->freed_at = nullptr;
  header->canary_or_next = canary_for(header);
  std::memset(user, fill, size);
  std::memset(user + size, kGuardFill, guard_size(header));
  set_state(header, kAllocated);
  poison(user - kPoisonedHeader, kPoisonedHeader);
  poison(user + size, pool_class_capacity(header->size_class) - size);
  return user;
}

[[gnu::cold, gnu::noinline, noreturn]] void bad_free(void* block, PoolHeader* header, void* caller) {
  const auto address = reinterpret_cast<std::uintptr_t>(block);
  const std::string by = ", freed by " + describe_address(caller);
  if (!header) {
    if (address < kSystemRangeStart) {
      bug_check(kBadPoolCaller, {0x40, address, 0, 0},
                (block ? "the address " + hex(block) + " of user space" : std::string("a null pointer")) +
                    " was given to ExFreePool" + by);
    }
    bug_check(kBadPoolCaller, {0x46, address, 0, 0}, hex(block) + " is not an address of the pool" + by);
  }
  if (user_of(header) != block) {
    bug_check(kBadPoolCaller, {0x99, address, 0, 0},
              fmt::format("{} is not the start of a block: it is {}{}", hex(block), describe_pool_address(block), by));
  }
  bug_check(kBadPoolCaller, {0x07, 0, header->tag, address}, "double free of the " + full_text(header) + by);
}

[[gnu::cold, gnu::noinline, noreturn]] void damaged(PoolHeader* header, const char* where, void* caller) {
  bug_check(kDriverVerifierDetectedViolation, {0x59, reinterpret_cast<std::uintptr_t>(user_of(header)), 0, 0},
            fmt::format("memory {} the {} was overwritten; seen when {} freed it", where, full_text(header),
                        describe_address(caller)));
}

// Claims the block for the caller: two threads that free it at once must not both succeed.
PoolHeader* check_free(void* block, Ulong tag, void* caller) {
  PoolHeader* const header = find_block(block);
  std::uint32_t expected = kAllocated;
  if (!header || user_of(header) != block ||
      !std::atomic_ref(header->state).compare_exchange_strong(expected, kFreed, std::memory_order_acq_rel))
      [[unlikely]] {
    bad_free(block, header, caller);
  }
  if (tag != 0 && tag != header->tag) [[unlikely]] {
    bug_check(kBadPoolCaller, {0x0A, reinterpret_cast<std::uintptr_t>(block), header->tag, tag},
              "freed with tag " + tag_text(tag) + " by " + describe_address(caller) + ": the " + full_text(header));
  }
  return header;
}

[[gnu::cold, gnu::noinline]] void locks_go(PoolHeader* header, void* caller) {
  lock_order_forget(user_of(header), header->size);
  if (const std::string left = resource_within(user_of(header), header->size); !left.empty()) {
    bug_check(kDriverVerifierDetectedViolation, {0xD2, reinterpret_cast<std::uintptr_t>(user_of(header)), 0, 0},
              describe_address(caller) + " freed memory with an " + left + " that was not deleted, in the " +
                  full_text(header));
  }
}

void retire(PoolHeader* header, void* caller) {
  std::byte* const user = bytes_of(header);
  const std::size_t guard = guard_size(header);
  unpoison(user - kPoisonedHeader, kPoisonedHeader + header->size + guard);
  if (header->canary_or_next != canary_for(header)) [[unlikely]] {
    damaged(header, "before", caller);
  }
  if (first_other(user + header->size, guard, kGuardFill) != guard) [[unlikely]] {
    damaged(header, "behind", caller);
  }
  if (seen(header->has_lock)) locks_go(header, caller);
  header->freed_at = caller;
  std::memset(user, kFreedFill, header->size);
  poison(user - kPoisonedHeader, kPoisonedHeader + header->size + guard);
  if (quarantine_gone) {
    leave_quarantine(header);
  } else {
    quarantine.put(header);
  }
}

[[gnu::cold, gnu::noinline, noreturn]] void bad_irql(std::uint64_t rule, PoolKind kind, const char* what,
                                                     void* caller) {
  bug_check(kDriverVerifierDetectedViolation, {rule, current_thread().irql, static_cast<std::uint64_t>(kind), 0},
            fmt::format("{} {} pool at IRQL {} by {}; {} is the highest", what,
                        kind == PoolKind::Paged ? "paged" : "nonpaged", current_thread().irql, describe_address(caller),
                        kind == PoolKind::Paged ? "APC_LEVEL" : "DISPATCH_LEVEL"));
}

Irql highest_irql(PoolKind kind) {
  return kind == PoolKind::Paged ? kApcLevel : kDispatchLevel;
}

bool has_letter_or_digit(Ulong tag) {
  for (int i = 0; i < 4; ++i) {
    const unsigned char c = static_cast<unsigned char>(tag >> (8 * i));
    if ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')) return true;
  }
  return false;
}

[[gnu::cold, gnu::noinline, noreturn]] void bad_tag(Ulong tag, std::size_t size, void* caller) {
  const std::uint64_t rule = tag == 0 ? 0x9B : 0x9D;
  bug_check(kBadPoolCaller, {rule, tag, size, reinterpret_cast<std::uintptr_t>(caller)},
            "pool tag " + tag_text(tag) + (tag == 0 ? " is zero" : " has no letter or digit") + ", allocated by " +
                describe_address(caller));
}

}  // namespace

void* pool_allocate(PoolKind kind, std::size_t size, Ulong tag, void* caller, PoolFill fill) {
  if (current_thread().irql > highest_irql(kind)) [[unlikely]] {
    bad_irql(kind == PoolKind::Paged ? 0x01 : 0x02, kind, "allocating from", caller);
  }
  if (!has_letter_or_digit(tag)) [[unlikely]] {
    bad_tag(tag, size, caller);
  }
  if (fault_plan_active() && fault_plan_says_fail("ExAllocatePool", caller)) [[unlikely]] {
    return nullptr;
  }
  return allocate_block(kind, size, tag, image_containing(caller), caller,
                        fill == PoolFill::Zero ? 0 : kUninitialisedFill);
}

void pool_free(void* block, Ulong tag, void* caller) {
  PoolHeader* const header = check_free(block, tag, caller);
  const auto kind = static_cast<PoolKind>(header->kind);
  if (current_thread().irql > highest_irql(kind)) [[unlikely]] {
    bad_irql(kind == PoolKind::Paged ? 0x11 : 0x12, kind, "freeing to", caller);
  }
  retire(header, caller);
}

void* pool_allocate_for_host(std::size_t size, Ulong tag) {
  return allocate_block(PoolKind::Nonpaged, size, tag, nullptr, __builtin_return_address(0), kUninitialisedFill);
}

void pool_free_for_host(void* block) {
  void* const caller = __builtin_return_address(0);
  retire(check_free(block, 0, caller), caller);
}

PoolUse pool_use_of(const LoadedImage* owner) {
  struct Sum {
    const LoadedImage* owner;
    PoolUse use;
  } sum{owner, {}};
  visit_blocks(
      [](PoolHeader* header, void* context) {
        auto& s = *static_cast<Sum*>(context);
        if (state_of(header) != kAllocated || seen(header->owner) != s.owner) return;
        ++s.use.allocations;
        (is_paged(header) ? s.use.paged_bytes : s.use.nonpaged_bytes) += seen(header->size);
      },
      &sum);
  return sum.use;
}

std::vector<std::string> describe_pool_blocks_of(const LoadedImage* owner, std::size_t limit) {
  struct List {
    const LoadedImage* owner;
    std::size_t limit;
    std::vector<std::string> lines;
  } list{owner, limit, {}};
  visit_blocks(
      [](PoolHeader* header, void* context) {
        auto& l = *static_cast<List*>(context);
        if (state_of(header) != kAllocated || seen(header->owner) != l.owner || l.lines.size() == l.limit) return;
        l.lines.push_back(block_text(header));
      },
      &list);
  return list.lines;
}

std::vector<DriverHoldings::PoolTag> pool_tags_of(const LoadedImage* owner) {
  struct Tags {
    const LoadedImage* owner;
    std::map<std::pair<Ulong, bool>, DriverHoldings::PoolTag> all;
  } tags{owner, {}};
  visit_blocks(
      [](PoolHeader* header, void* context) {
        auto& t = *static_cast<Tags*>(context);
        if (state_of(header) != kAllocated || seen(header->owner) != t.owner) return;
        const bool paged = is_paged(header);
        const Ulong tag = seen(header->tag);
        auto& sum =
            t.all.try_emplace({tag, paged}, DriverHoldings::PoolTag{tag_letters(tag), paged, 0, 0}).first->second;
        ++sum.allocations;
        sum.bytes += seen(header->size);
      },
      &tags);
  std::vector<DriverHoldings::PoolTag> found;
  for (const auto& [key, sum] : tags.all) found.push_back(sum);
  return found;
}

std::string pool_place_of(const void* address) {
  PoolHeader* const header = find_block(address);
  if (!header) return hex(address);
  return fmt::format("offset {} of a {}-byte {} block, tag {}",
                     static_cast<const std::byte*>(address) - bytes_of(header), seen(header->size),
                     is_paged(header) ? "paged" : "nonpaged", tag_text(seen(header->tag)));
}

const LoadedImage* pool_owner_of(const void* address) {
  PoolHeader* const header = find_block(address);
  return header && state_of(header) == kAllocated ? seen(header->owner) : nullptr;
}

void pool_disown(const LoadedImage* owner) {
  visit_blocks(
      [](PoolHeader* header, void* context) {
        if (seen(header->owner) == context) show(header->owner, static_cast<const LoadedImage*>(nullptr));
      },
      const_cast<LoadedImage*>(owner));
}

bool is_pool_address(const void* address) {
  return in_arena(address);
}

bool is_paged_pool_address(const void* address) {
  PoolHeader* const header = find_block(address);
  return header && is_paged(header);
}

std::string describe_pool_address(const void* address) {
  PoolHeader* const header = find_block(address);
  if (!header) return in_arena(address) ? "in a part of the pool that was never allocated" : "";
  const auto offset = static_cast<const std::byte*>(address) - bytes_of(header);
  const auto size = static_cast<std::ptrdiff_t>(header->size);
  const std::string where = offset < 0       ? fmt::format("{} bytes before the ", -offset)
                            : offset >= size ? fmt::format("{} bytes behind the ", offset - size)
                                             : fmt::format("at offset {} of the ", offset);
  return where + (state_of(header) == kFreed ? "freed " : "") + full_text(header);
}

void pool_mark_lock(const void* address) {
  if (PoolHeader* header = find_block(address)) show(header->has_lock, std::uint8_t{1});
}

}  // namespace wdscope::host
