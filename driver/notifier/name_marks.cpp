// SPDX-License-Identifier: MIT
#include "notifier/name_marks.h"

#include <cstddef>

#include "kit/pool.h"
#include "notifier/file_name.h"

namespace wdscope::notifier {
namespace {

// A running hash over upper-case units, of which the highest bits are the mark.
class Mark {
 public:
  void add(WCHAR unit) { hash_ = (hash_ ^ unit) * kMultiplier; }
  NameMark value() const { return static_cast<NameMark>(hash_ >> kShift); }

 private:
  static constexpr std::uint64_t kMultiplier = 0x9E3779B97F4A7C15;  // odd, its bits well mixed: 2^64 / golden ratio
  static constexpr std::uint32_t kShift = 54;
  static_assert(std::uint64_t{1} << (64 - kShift) == kNameMarkCount);

  std::uint64_t hash_ = 0;
};

}  // namespace

NameMark mark_of(const UNICODE_STRING& text) {
  Mark mark;
  for (std::uint32_t unit = 0; unit < text.Length / sizeof(WCHAR); ++unit) mark.add(upcase(text.Buffer[unit]));
  return mark.value();
}

void NameMarks::add(const UNICODE_STRING& text) {
  add(mark_of(text));
}

void NameMarks::add_with_folders(const UNICODE_STRING& path) {
  Mark mark;
  for (std::uint32_t index = 0; index < path.Length / sizeof(WCHAR); ++index) {
    const WCHAR unit = upcase(path.Buffer[index]);
    mark.add(unit);
    if (unit == L'\\') add(mark.value());
  }
  add(mark.value());
}

NTSTATUS MarkedEntries::allocate(std::uint32_t capacity) {
  if (capacity == 0) return STATUS_SUCCESS;
  void* const block = kit::allocate_zeroed(
      kit::Pool::Paged, std::size_t{capacity} * (sizeof(*entries_) + sizeof(*marks_)), kit::tag::NameMarks);
  if (!block) return STATUS_INSUFFICIENT_RESOURCES;
  entries_ = static_cast<defender::KernelAddress*>(block);
  marks_ = reinterpret_cast<NameMark*>(entries_ + capacity);
  return STATUS_SUCCESS;
}

void MarkedEntries::add(NameMark mark, defender::KernelAddress entry) {
  entries_[count_] = entry;
  marks_[count_] = mark;
  ++count_;
}

void MarkedEntries::release() {
  if (entries_) ExFreePoolWithTag(entries_, kit::tag::NameMarks);
  *this = {};
}

}  // namespace wdscope::notifier
