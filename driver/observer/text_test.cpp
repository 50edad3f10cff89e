// SPDX-License-Identifier: MIT
#include "observer/text.h"

#include "kit/test.h"

namespace wdscope::observer {
namespace {

using State = ForeignText::State;

ForeignText read(const defender::CountedString& header) {
  return read_text_header(reinterpret_cast<std::uint64_t>(&header));
}

constexpr char16_t kText[] = u"\\Device\\HarddiskVolume1\\Windows\\notepad.exe";
const std::uint64_t kBuffer = reinterpret_cast<std::uint64_t>(kText);

KERNEL_TEST("Text: a NULL string is absent, not invalid") {
  KERNEL_CHECK_EQUAL(read_text_header(0).state, State::Absent);
}

KERNEL_TEST("Text: a counted string is taken as it counts itself") {
  const ForeignText text = read({20, 40, 0, kBuffer});
  KERNEL_CHECK_EQUAL(text.state, State::Present);
  KERNEL_CHECK_EQUAL(text.length, 20u);
  KERNEL_CHECK(!text.odd);
}

KERNEL_TEST("Text: the longest string is taken") {
  const ForeignText text = read({0xFFFE, 0xFFFE, 0, kBuffer});
  KERNEL_CHECK_EQUAL(text.state, State::Present);
  KERNEL_CHECK_EQUAL(text.length, 0xFFFEu);
}

KERNEL_TEST("Text: an odd length loses its odd byte and says so") {
  const ForeignText text = read({21, 40, 0, kBuffer});
  KERNEL_CHECK_EQUAL(text.state, State::Present);
  KERNEL_CHECK_EQUAL(text.length, 20u);
  KERNEL_CHECK(text.odd);
}

KERNEL_TEST("Text: an empty string needs no buffer") {
  const ForeignText text = read({0, 0, 0, 0});
  KERNEL_CHECK_EQUAL(text.state, State::Present);
  KERNEL_CHECK_EQUAL(text.length, 0u);
}

KERNEL_TEST("Text: a length above the maximum is invalid") {
  KERNEL_CHECK_EQUAL(read({42, 40, 0, kBuffer}).state, State::Invalid);
}

KERNEL_TEST("Text: a buffer that cannot be text is invalid") {
  KERNEL_CHECK_EQUAL(read({2, 2, 0, kBuffer + 1}).state, State::Invalid);
  KERNEL_CHECK_EQUAL(read({2, 2, 0, 0}).state, State::Invalid);
  KERNEL_CHECK_EQUAL(read({2, 2, 0, 0x1000}).state, State::Invalid);
  KERNEL_CHECK_EQUAL(read({0xFFFE, 0xFFFE, 0, ~std::uint64_t{0xFF}}).state, State::Invalid);
}

KERNEL_TEST("Text: a header that cannot be read is invalid") {
  KERNEL_CHECK_EQUAL(read_text_header(0x1000).state, State::Invalid);
  KERNEL_CHECK_EQUAL(read_text_header(~std::uint64_t{0xFFF}).state, State::Invalid);
  const defender::CountedString header{2, 2, 0, kBuffer};
  KERNEL_CHECK_EQUAL(read_text_header(reinterpret_cast<std::uint64_t>(&header) + 2).state, State::Invalid);
}

}  // namespace
}  // namespace wdscope::observer
