// SPDX-License-Identifier: MIT
// What can be told of blocks: whose they are, and what a report says of them. May look at blocks that change hands.
#include <fmt/format.h>

#include <map>

#include "host/ex/pool_block.h"
#include "host/image/loaded_image.h"
#include "host/verifier/stack.h"

#ifdef WDSCOPE_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace wdscope::host {
namespace {

std::string tag_letters(Ulong tag) {
  std::string text;
  for (int i = 0; i < 4; ++i) {
    const char c = static_cast<char>(tag >> (8 * i));
    text += c >= ' ' && c < 0x7F ? c : '.';
  }
  return text;
}

bool is_paged(const PoolHeader* header) {
  return seen_word(header->kind) == static_cast<std::uint8_t>(PoolKind::Paged);
}

std::string block_text(PoolHeader* header) {
  return fmt::format("{}-byte {} block {}, tag {}, allocated at {}", seen_word(header->size),
                     is_paged(header) ? "paged" : "nonpaged", hex(user_of(header)), tag_text(seen_word(header->tag)),
                     describe_address(seen_word(header->allocated_at)));
}

}  // namespace

#ifdef WDSCOPE_ASAN
void poison(const void* start, std::size_t size) {
  __asan_poison_memory_region(start, size);
}
void unpoison(const void* start, std::size_t size) {
  __asan_unpoison_memory_region(start, size);
}
#endif

std::string tag_text(Ulong tag) {
  return "'" + tag_letters(tag) + "'";
}

[[gnu::cold, gnu::noinline]] std::string full_text(PoolHeader* header) {
  unpoison(reinterpret_cast<std::byte*>(header + 1) - kPoisonedHeader, kPoisonedHeader);
  std::string text = block_text(header);
  if (state_of(header) == kFreed) text += ", freed at " + describe_address(header->freed_at);
  return text;
}

PoolUse pool_use_of(const LoadedImage* owner) {
  struct Sum {
    const LoadedImage* owner;
    PoolUse use;
  } sum{owner, {}};
  visit_blocks(
      [](PoolHeader* header, void* context) {
        auto& s = *static_cast<Sum*>(context);
        if (state_of(header) != kAllocated || seen_word(header->owner) != s.owner) return;
        ++s.use.allocations;
        (is_paged(header) ? s.use.paged_bytes : s.use.nonpaged_bytes) += seen_word(header->size);
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
        if (state_of(header) != kAllocated || seen_word(header->owner) != l.owner || l.lines.size() == l.limit) return;
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
        if (state_of(header) != kAllocated || seen_word(header->owner) != t.owner) return;
        const bool paged = is_paged(header);
        const Ulong tag = seen_word(header->tag);
        auto& sum =
            t.all.try_emplace({tag, paged}, DriverHoldings::PoolTag{tag_letters(tag), paged, 0, 0}).first->second;
        ++sum.allocations;
        sum.bytes += seen_word(header->size);
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
                     static_cast<const std::byte*>(address) - bytes_of(header), seen_word(header->size),
                     is_paged(header) ? "paged" : "nonpaged", tag_text(seen_word(header->tag)));
}

const LoadedImage* pool_owner_of(const void* address) {
  PoolHeader* const header = find_block(address);
  return header && state_of(header) == kAllocated ? seen_word(header->owner) : nullptr;
}

void pool_disown(const LoadedImage* owner) {
  visit_blocks(
      [](PoolHeader* header, void* context) {
        if (seen_word(header->owner) == context) show_word(header->owner, static_cast<const LoadedImage*>(nullptr));
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

}  // namespace wdscope::host
