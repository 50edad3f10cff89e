// SPDX-License-Identifier: MIT
// Which entries of a list can be about a name. WdFilter's own entries stand apart in the pool, a cache miss or two
// each, and every process that starts walks all of them. So each list in force has one block beside it with a small
// number for each entry, its mark, in the list's order: texts that are equal without case have the same mark. The walk
// reads marks, and an entry only when a text of the name has its mark, one in a hundred besides those that fit. It
// finds what a walk of the list itself would find first.
#pragma once

#include <cstdint>

#include "abi/defender/opaque.h"
#include "kit/nt.h"

namespace wdscope::notifier {

using NameMark = std::uint16_t;
inline constexpr std::uint32_t kNameMarkCount = 1024;

// PASSIVE_LEVEL. Below kNameMarkCount.
NameMark mark_of(const UNICODE_STRING& text);

// The marks of all texts by which entries may name one process.
class NameMarks {
 public:
  // PASSIVE_LEVEL. The text itself.
  void add(const UNICODE_STRING& text);
  // PASSIVE_LEVEL. The path itself and all that it begins with up to a backslash, that included.
  void add_with_folders(const UNICODE_STRING& path);

  bool contains(NameMark mark) const { return words_[mark / kBits] >> mark % kBits & 1; }

 private:
  static constexpr std::uint32_t kBits = 64;
  void add(NameMark mark) { words_[mark / kBits] |= std::uint64_t{1} << mark % kBits; }

  std::uint64_t words_[kNameMarkCount / kBits] = {};
};

// The entries of one list with their marks. A block that somebody must release(): it may be a global, which drivers
// cannot destroy. <= APC_LEVEL.
class MarkedEntries {
 public:
  // While there are none. STATUS_INSUFFICIENT_RESOURCES.
  [[nodiscard]] NTSTATUS allocate(std::uint32_t capacity);
  // At the end, within the capacity.
  void add(NameMark mark, defender::KernelAddress entry);
  void release();

  bool empty() const { return count_ == 0; }

  // The first entry that has one of `marks` and of which `is_it` is true; else 0.
  template <class IsIt>
  defender::KernelAddress first(const NameMarks& marks, IsIt is_it) const {
    for (std::uint32_t index = 0; index < count_; ++index) {
      if (marks.contains(marks_[index]) && is_it(entries_[index])) return entries_[index];
    }
    return 0;
  }

 private:
  defender::KernelAddress* entries_ = nullptr;
  NameMark* marks_ = nullptr;  // behind the entries, in their block
  std::uint32_t count_ = 0;
};

}  // namespace wdscope::notifier
