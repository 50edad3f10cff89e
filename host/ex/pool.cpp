// SPDX-License-Identifier: MIT
// Invariants: a block is Allocated, Freed (in the quarantine or on a free list) or never used. Only Allocated blocks
// are counted. The canary stands in the header's last word, so running off the front of a block shows at its free.
#include "host/ex/pool.h"

#include <emmintrin.h>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "host/ex/pool_block.h"
#include "host/ex/pool_layout.h"
#include "host/ex/tracked_resources.h"
#include "host/image/loaded_image.h"
#include "host/ke/thread.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/fault_plan.h"
#include "host/verifier/lock_order.h"
#include "host/verifier/stack.h"

namespace wdscope::host {
namespace {

constexpr unsigned char kUninitialisedFill = 0xA5, kFreedFill = 0xDD, kGuardFill = 0xFD;
constexpr std::size_t kGuardChecked = 32;  // bytes behind the block that are written and compared
constexpr std::size_t kFreedChecked = 128;
constexpr std::uint64_t kCanary = 0x5AFE'B10C'C0DE'D00DULL;

std::uint64_t canary_for(const PoolHeader* header) {
  return kCanary ^ reinterpret_cast<std::uintptr_t>(header);
}

void set_state(PoolHeader* header, std::uint32_t state) {
  std::atomic_ref(header->state).store(state, std::memory_order_release);
}

std::size_t guard_size(const PoolHeader* header) {
  const std::size_t behind = pool_class_capacity(header->size_class) - header->size;
  return behind < kGuardChecked ? behind : kGuardChecked;
}

// Guards and what is compared of freed blocks are short: a few vectors each, not worth a call.
using Vector = __m128i;
constexpr std::size_t kVector = sizeof(Vector);

Vector vector_at(const std::byte* at) {
  return _mm_loadu_si128(reinterpret_cast<const Vector*>(at));
}

Vector all_of(unsigned char fill) {
  return _mm_set1_epi8(static_cast<char>(fill));
}

bool is_all_ones(Vector same) {
  return _mm_movemask_epi8(same) == 0xFFFF;
}

// Offset of the first byte that is not `fill`, or `size`.
NTAPI_ASIDE std::size_t first_other(const std::byte* start, std::size_t size, unsigned char fill) noexcept {
  return static_cast<std::size_t>(
      std::find_if(start, start + size, [fill](std::byte byte) { return byte != std::byte{fill}; }) - start);
}

NTAPI_ASIDE void fill_short_guard(std::byte* start, std::size_t size) noexcept {
  std::fill_n(start, size, std::byte{kGuardFill});
}

// Two vectors reach, the second as far back as the end asks for. Only blocks of whole pages have less than one.
static_assert(kGuardChecked <= 2 * kVector && kMinimumSlack >= kVector);
[[gnu::always_inline]] inline void fill_guard(std::byte* start, std::size_t size) {
  if (size < kVector) [[unlikely]] {
    fill_short_guard(start, size);
    return;
  }
  const Vector whole = all_of(kGuardFill);
  _mm_storeu_si128(reinterpret_cast<Vector*>(start), whole);
  _mm_storeu_si128(reinterpret_cast<Vector*>(start + size - kVector), whole);
}

[[gnu::always_inline]] inline bool is_guard(const std::byte* start, std::size_t size) {
  if (size < kVector) [[unlikely]] {
    return first_other(start, size, kGuardFill) == size;
  }
  const Vector whole = all_of(kGuardFill);
  const Vector same = _mm_cmpeq_epi8(vector_at(start), whole);
  return is_all_ones(_mm_and_si128(same, _mm_cmpeq_epi8(vector_at(start + size - kVector), whole)));
}

// Blocks are filled and compared in whole chunks, the first always: a slot has room for as many as its block begins.
constexpr std::size_t kChunk = 4 * kVector;
static_assert(kChunk == kPoolCacheLine && sizeof(PoolHeader) + kMinimumSlack == kChunk && kPoolPage % kChunk == 0);

constexpr std::size_t in_chunks(std::size_t size) {
  return size <= kChunk ? kChunk : (size + kChunk - 1) & ~(kChunk - 1);
}

// Longer ones are worth a call, which a routine of NT's convention would save its vector registers for.
constexpr std::size_t kFilledHere = 1024;
[[gnu::noinline]] NTAPI void fill_long(std::byte* start, std::size_t size, unsigned char fill) noexcept {
  std::memset(start, fill, size);
}

[[gnu::always_inline]] inline void fill_chunks(std::byte* start, std::size_t size, unsigned char fill) {
  if (size > kFilledHere) [[unlikely]] {
    fill_long(start, in_chunks(size), fill);
    return;
  }
  const Vector whole = all_of(fill);
  const std::byte* const end = start + size;
  do {
#pragma GCC unroll 4
    for (std::size_t at = 0; at < kChunk; at += kVector) _mm_store_si128(reinterpret_cast<Vector*>(start + at), whole);
    start += kChunk;
  } while (start < end);
}

[[gnu::always_inline]] inline Vector compare_chunk(const std::byte* start, Vector whole) {
  const auto same = [&](std::size_t at) {
    return _mm_cmpeq_epi8(_mm_load_si128(reinterpret_cast<const Vector*>(start + at * kVector)), whole);
  };
  return _mm_and_si128(_mm_and_si128(same(0), same(1)), _mm_and_si128(same(2), same(3)));
}

// Of the first kFreedChecked bytes.
static_assert(kFreedChecked == 2 * kChunk);
[[gnu::always_inline]] inline bool is_freed_fill(const std::byte* start, std::size_t size) {
  const Vector whole = all_of(kFreedFill);
  Vector same = compare_chunk(start, whole);
  if (size > kChunk) same = _mm_and_si128(same, compare_chunk(start + kChunk, whole));
  return is_all_ones(same);
}

// --- the quarantine: freed blocks rest here, so that a late write is seen and a late free is named ---

// Long enough for what is late, and short enough that blocks are still in the cache when they come out.
constexpr std::size_t kQuarantineCount = 64, kQuarantineBytes = 1 << 18;

[[noreturn]] NTAPI_ASIDE void written_after_free(PoolHeader* header, std::size_t size) noexcept {
  const std::size_t offset = first_other(bytes_of(header), in_chunks(size), kFreedFill);
  bug_check(kBadPoolCaller, {0x1006, reinterpret_cast<std::uintptr_t>(user_of(header)), offset, header->tag},
            fmt::format("pool memory was written after it was freed: offset {} of the {}", offset, full_text(header)));
}

[[gnu::always_inline]] inline void leave_quarantine(PoolHeader* header, std::size_t size) {
  unpoison(bytes_of(header) - kPoisonedHeader, kPoisonedHeader + in_chunks(size));
  if (!is_freed_fill(bytes_of(header), size)) [[unlikely]] {
    written_after_free(header, size);
  }
  give_free_block(header);
}

// Nothing to construct or destroy, so that no access asks whether that was done: QuarantineEnd does it.
enum class QuarantineState : std::uint8_t { Untouched, InUse, Gone };
struct Quarantine {
  struct Resting {
    PoolHeader* header;
    std::size_t size;  // here too: the block itself is not looked at before it leaves
  };
  Resting ring[kQuarantineCount];
  std::size_t first, count, bytes;
  QuarantineState state;

  void release_oldest() {
    const Resting oldest = ring[first];
    first = (first + 1) % kQuarantineCount;
    --count;
    bytes -= oldest.size;
    leave_quarantine(oldest.header, oldest.size);
  }
};
thread_local constinit Quarantine quarantine{};

struct QuarantineEnd {
  ~QuarantineEnd() {
    while (quarantine.count > 0) quarantine.release_oldest();
    quarantine.state = QuarantineState::Gone;
  }
};

[[gnu::noinline]] NTAPI void rest_aside(PoolHeader* header, std::size_t size) noexcept {
  Quarantine& mine = quarantine;
  if (mine.state == QuarantineState::Untouched) {
    thread_local QuarantineEnd end;
    mine.state = QuarantineState::InUse;
  }
  if (mine.state == QuarantineState::Gone) {
    leave_quarantine(header, size);
    return;
  }
  while (mine.count == kQuarantineCount || (mine.count > 0 && mine.bytes + size > kQuarantineBytes)) {
    mine.release_oldest();
  }
  mine.ring[(mine.first + mine.count++) % kQuarantineCount] = {header, size};
  mine.bytes += size;
}

// Nearly always the ring is full, and the block takes the place of the oldest.
[[gnu::always_inline]] inline void rest(PoolHeader* header, std::size_t size) {
  Quarantine& mine = quarantine;
  Quarantine::Resting& place = mine.ring[mine.first];
  const Quarantine::Resting oldest = place;
  const std::size_t bytes = mine.bytes - oldest.size + size;
  if (mine.count != kQuarantineCount || bytes > kQuarantineBytes) [[unlikely]] {
    rest_aside(header, size);
    return;
  }
  place = {header, size};
  mine.bytes = bytes;
  mine.first = (mine.first + 1) % kQuarantineCount;
  // The one that leaves next is looked at after some thousand instructions: time enough to fetch it.
  const auto* const next = reinterpret_cast<const std::byte*>(mine.ring[mine.first].header);
  __builtin_prefetch(next);
  for (std::size_t line = 1; line < 4; ++line) __builtin_prefetch(next + line * kPoolCacheLine);
  leave_quarantine(oldest.header, oldest.size);
}

unsigned char byte_of(PoolFill fill) {
  return fill == PoolFill::Zero ? 0 : kUninitialisedFill;
}

[[gnu::always_inline]] inline void* allocate_block(PoolKind kind, std::size_t size, Ulong tag, const LoadedImage* owner,
                                                   void* caller, unsigned char fill) {
  if (size > kLargestPoolBlock) return nullptr;
  PoolHeader* const header = take_free_block(pool_class_for(size));
  if (!header) return nullptr;
  std::byte* const user = bytes_of(header);
  unpoison(user - kPoisonedHeader, kPoisonedHeader + pool_class_capacity(header->size_class));
  show_word(header->tag, tag);
  show_word(header->size, static_cast<std::uint32_t>(size));
  show_word(header->kind, static_cast<std::uint8_t>(kind));
  show_word(header->has_lock, std::uint8_t{0});
  show_word(header->owner, owner);
  show_word(header->allocated_at, caller);
  header->freed_at = nullptr;
  header->canary_or_next = canary_for(header);
  fill_chunks(user, size, fill);
  fill_guard(user + size, guard_size(header));
  set_state(header, kAllocated);
  poison(user - kPoisonedHeader, kPoisonedHeader);
  poison(user + size, pool_class_capacity(header->size_class) - size);
  return user;
}

[[noreturn]] NTAPI_ASIDE void bad_free(void* block, PoolHeader* header, void* caller) noexcept {
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

[[noreturn]] NTAPI_ASIDE void bad_free_tag(PoolHeader* header, Ulong tag, void* caller) noexcept {
  bug_check(kBadPoolCaller, {0x0A, reinterpret_cast<std::uintptr_t>(user_of(header)), header->tag, tag},
            "freed with tag " + tag_text(tag) + " by " + describe_address(caller) + ": the " + full_text(header));
}

[[noreturn]] NTAPI_ASIDE void damaged(PoolHeader* header, const char* where, void* caller) noexcept {
  bug_check(kDriverVerifierDetectedViolation, {0x59, reinterpret_cast<std::uintptr_t>(user_of(header)), 0, 0},
            fmt::format("memory {} the {} was overwritten; seen when {} freed it", where, full_text(header),
                        describe_address(caller)));
}

[[gnu::noinline]] NTAPI PoolHeader* find_block_aside(const void* address) noexcept {
  return find_block(address);
}

// The poisoned canary itself is looked at.
__attribute__((no_sanitize("address"))) bool has_canary(const PoolHeader* header) {
  return *const_cast<const volatile std::uint64_t*>(&header->canary_or_next) == canary_for(header);
}

// A canary tells its own address, so where there is one a block begins; what has none is looked for by geometry.
inline PoolHeader* block_of(void* block) {
  PoolHeader* const header = small_header_before(block);
  return header && has_canary(header) ? header : find_block_aside(block);
}

// Claims the block for the caller: two threads that free it at once must not both succeed.
[[gnu::always_inline]] inline PoolHeader* check_free(void* block, Ulong tag, void* caller) {
  PoolHeader* const header = block_of(block);
  std::uint32_t expected = kAllocated;
  if (!header || user_of(header) != block ||
      !std::atomic_ref(header->state).compare_exchange_strong(expected, kFreed, std::memory_order_acq_rel))
      [[unlikely]] {
    bad_free(block, header, caller);
  }
  if (tag != 0 && tag != header->tag) [[unlikely]] {
    bad_free_tag(header, tag, caller);
  }
  return header;
}

NTAPI_ASIDE void locks_go(PoolHeader* header, void* caller) noexcept {
  lock_order_forget(user_of(header), header->size);
  if (const std::string left = resource_within(user_of(header), header->size); !left.empty()) {
    bug_check(kDriverVerifierDetectedViolation, {0xD2, reinterpret_cast<std::uintptr_t>(user_of(header)), 0, 0},
              describe_address(caller) + " freed memory with an " + left + " that was not deleted, in the " +
                  full_text(header));
  }
}

NTAPI void retire(PoolHeader* header, void* caller) noexcept {
  std::byte* const user = bytes_of(header);
  const std::size_t guard = guard_size(header);
  const std::size_t size = header->size;
  unpoison(user - kPoisonedHeader, kPoisonedHeader + pool_class_capacity(header->size_class));
  if (header->canary_or_next != canary_for(header)) [[unlikely]] {
    damaged(header, "before", caller);
  }
  if (!is_guard(user + size, guard)) [[unlikely]] {
    damaged(header, "behind", caller);
  }
  if (seen_word(header->has_lock)) locks_go(header, caller);
  header->freed_at = caller;
  fill_chunks(user, size, kFreedFill);
  poison(user - kPoisonedHeader, kPoisonedHeader + pool_class_capacity(header->size_class));
  rest(header, size);
}

[[noreturn]] NTAPI_ASIDE void bad_irql(std::uint64_t rule, PoolKind kind, const char* what, void* caller) noexcept {
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

[[noreturn]] NTAPI_ASIDE void bad_tag(Ulong tag, std::size_t size, void* caller) noexcept {
  const std::uint64_t rule = tag == 0 ? 0x9B : 0x9D;
  bug_check(kBadPoolCaller, {rule, tag, size, reinterpret_cast<std::uintptr_t>(caller)},
            "pool tag " + tag_text(tag) + (tag == 0 ? " is zero" : " has no letter or digit") + ", allocated by " +
                describe_address(caller));
}

}  // namespace

NTAPI void* pool_allocate(PoolKind kind, std::size_t size, Ulong tag, void* caller, PoolFill fill) noexcept {
  if (current_thread().irql > highest_irql(kind)) [[unlikely]] {
    bad_irql(kind == PoolKind::Paged ? 0x01 : 0x02, kind, "allocating from", caller);
  }
  if (!has_letter_or_digit(tag)) [[unlikely]] {
    bad_tag(tag, size, caller);
  }
  if (fault_plan_active() && fault_plan_says_fail("ExAllocatePool", caller)) [[unlikely]] {
    return nullptr;
  }
  return allocate_block(kind, size, tag, image_containing(caller), caller, byte_of(fill));
}

NTAPI void pool_free(void* block, Ulong tag, void* caller) noexcept {
  PoolHeader* const header = check_free(block, tag, caller);
  const auto kind = static_cast<PoolKind>(header->kind);
  if (current_thread().irql > highest_irql(kind)) [[unlikely]] {
    bad_irql(kind == PoolKind::Paged ? 0x11 : 0x12, kind, "freeing to", caller);
  }
  retire(header, caller);
}

NTAPI void* pool_allocate_for_host(std::size_t size, Ulong tag, PoolFill fill) noexcept {
  return allocate_block(PoolKind::Nonpaged, size, tag, nullptr, __builtin_return_address(0), byte_of(fill));
}

NTAPI void pool_free_for_host(void* block) noexcept {
  void* const caller = __builtin_return_address(0);
  retire(check_free(block, 0, caller), caller);
}

void pool_mark_lock(const void* address) {
  if (PoolHeader* header = find_block(address)) show_word(header->has_lock, std::uint8_t{1});
}

}  // namespace wdscope::host
