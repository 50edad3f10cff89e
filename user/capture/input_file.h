// SPDX-License-Identifier: MIT
// A file that is read at any offset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "event/result.h"

namespace wdscope {

class InputFile {
 public:
  // InputUnreadable when it cannot be opened, or is neither a file nor a disk.
  static Result<InputFile> open(const std::filesystem::path& path);

  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&& other) noexcept;
  ~InputFile();

  // As many bytes as there are, fewer only at the end of the file. InputUnreadable.
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out);

  const std::string& name() const { return name_; }

 private:
  InputFile(std::intptr_t handle, std::string name) : handle_(handle), name_(std::move(name)) {}

  std::intptr_t handle_;  // a descriptor, on Windows a HANDLE; -1: none
  std::string name_;
};

}  // namespace wdscope
