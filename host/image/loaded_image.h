// SPDX-License-Identifier: MIT
// A PE image mapped into this process: sections with their own protection, relocations applied, imports bound, its
// symbols readable for reports.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/machine.h"
#include "host/nt/base.h"

namespace wdscope::host {

class LoadedImage {
 public:
  // `exports` is everything drivers may import, whatever module they name. See Machine::load for the errors.
  static HostResult<std::unique_ptr<LoadedImage>> map(std::span<const std::byte> file, std::string name,
                                                      std::span<const std::span<const Export>> exports);
  ~LoadedImage();

  const std::string& name() const { return name_; }  // "wdscope.sys"
  std::byte* base() const { return base_; }
  std::size_t size() const { return size_; }
  void* entry_point() const { return entry_point_; }
  std::uint16_t dll_characteristics() const { return dll_characteristics_; }
  bool contains(const void* address) const;
  void* find_export(std::string_view name) const;  // null if the image does not export it

  // "wdscope.sys!observe_notification+0x42", with " (file:line)" when debug information can be read.
  std::string describe(const void* address) const;

 private:
  LoadedImage() = default;

  std::string name_;
  std::byte* base_ = nullptr;
  std::size_t size_ = 0;
  void* entry_point_ = nullptr;
  std::uint16_t dll_characteristics_ = 0;
  struct Symbols;
  std::unique_ptr<Symbols> symbols_;
};

// The loaded image that contains `address`, or null. Lock-free; callable from a signal handler.
const LoadedImage* image_containing(const void* address);

}  // namespace wdscope::host
