// SPDX-License-Identifier: MIT
// For kernel unit tests: what a block of memory must be, byte for byte.
#pragma once

#include <new>

#include "kit/test.h"

namespace wdscope::notifier::test {

// What a structure must be: zeros but for what is put there. `any` leaves NT's own members out.
class Image {
 public:
  static constexpr std::size_t kMost = 0x1180;
  explicit Image(std::size_t size) : size_(size) {}

  template <class T>
  Image& put(std::size_t offset, T value) {
    RtlCopyMemory(bytes_ + offset, &value, sizeof(value));
    return *this;
  }
  Image& text(std::size_t offset, const char16_t* units, std::size_t size) {
    RtlCopyMemory(bytes_ + offset, units, size);
    return *this;
  }
  Image& any(std::size_t offset, std::size_t size) {
    for (std::size_t index = 0; index < size; ++index) any_[offset + index] = true;
    return *this;
  }
  // The offset of the first byte that differs; the size when none does.
  std::size_t first_difference(const void* actual) const {
    const auto* const bytes = static_cast<const std::uint8_t*>(actual);
    for (std::size_t offset = 0; offset < size_; ++offset) {
      if (!any_[offset] && bytes[offset] != bytes_[offset]) return offset;
    }
    return size_;
  }
  std::size_t size() const { return size_; }

 private:
  std::size_t size_;
  std::uint8_t bytes_[kMost] = {};
  bool any_[kMost] = {};
};

// A fresh image: the one before it is gone. Too large for a kernel stack; tests run one after the other.
inline Image& golden_image(std::size_t size) {
  alignas(Image) static std::uint8_t storage[sizeof(Image)];
  return *new (storage) Image(size);
}

}  // namespace wdscope::notifier::test

#define CHECK_IMAGE(image, actual) KERNEL_CHECK_EQUAL((image).first_difference(actual), (image).size())
