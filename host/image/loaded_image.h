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

  // "wdscope.sys!observe_notification+0x42", with " (file:line)" when debug information can be read (addr2line of
  // mingw-w64 or binutils on PATH). `address` is a return address, or exactly the instruction meant.
  enum class CodeAddress : std::uint8_t { Return, Exact };
  std::string describe(const void* address, CodeAddress kind = CodeAddress::Return) const;
  std::string describe_symbol(const void* address) const;  // the same without the line: no other program is run

  LoadedImage(const LoadedImage&) = delete;
  LoadedImage& operator=(const LoadedImage&) = delete;

 private:
  LoadedImage();

  std::string name_;
  std::byte* base_ = nullptr;
  std::size_t size_ = 0;
  void* entry_point_ = nullptr;
  std::uint16_t dll_characteristics_ = 0;
  struct Symbols;
  std::unique_ptr<Symbols> symbols_;
};

// If an image that is no longer loaded was there: "inside the unloaded driver x.sys (x.sys+0x1040)", else empty.
std::string describe_unloaded(const void* address);

// The loaded image that contains `address`, or null. Lock-free; callable from a signal handler.
NTAPI const LoadedImage* image_containing(const void* address);

}  // namespace wdscope::host
