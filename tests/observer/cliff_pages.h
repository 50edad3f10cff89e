// SPDX-License-Identifier: MIT
// Two pages, the second of which cannot be read.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <new>

namespace wdscope::tests {

class CliffPages {
 public:
  static constexpr std::size_t kPage = 4096;

  CliffPages()
      : memory_(static_cast<std::byte*>(
            mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    if (memory_ == MAP_FAILED || mprotect(memory_ + kPage, kPage, PROT_NONE) != 0) throw std::bad_alloc();
  }
  ~CliffPages() { munmap(memory_, 2 * kPage); }
  CliffPages(const CliffPages&) = delete;
  CliffPages& operator=(const CliffPages&) = delete;
  // The last `size` readable bytes.
  template <class T>
  T* last(std::size_t size = sizeof(T)) {
    return reinterpret_cast<T*>(memory_ + kPage - size);
  }
  std::uint64_t unreadable() const { return reinterpret_cast<std::uint64_t>(memory_ + kPage); }
  // The first page goes, as when pool is freed, or comes back with what it held.
  bool hide() { return mprotect(memory_, kPage, PROT_NONE) == 0; }
  bool show() { return mprotect(memory_, kPage, PROT_READ | PROT_WRITE) == 0; }

 private:
  std::byte* memory_;
};

}  // namespace wdscope::tests
