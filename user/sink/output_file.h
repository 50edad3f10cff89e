// SPDX-License-Identifier: MIT
// A file descriptor that bytes are written to, whole or not at all from the caller's view. The process must ignore
// SIGPIPE, else a closed pipe ends it before it can be reported.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "event/result.h"

namespace wdscope {

enum class Overwrite : std::uint8_t { No, Yes };

class OutputFile {
 public:
  // OutputFailed when it cannot be made; with Overwrite::No also when it exists (the advice names --force).
  static Result<OutputFile> create(const std::filesystem::path& path, Overwrite overwrite);
  // Uses a descriptor that someone else closes; `name` is for messages: "standard output".
  static OutputFile borrow(int descriptor, std::string name);

  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&& other) noexcept;
  ~OutputFile();

  // Writes everything, however many calls it takes. BrokenPipe when the reader is gone, OutputFailed otherwise.
  Result<void> write(std::span<const std::byte> bytes);
  // Onto the medium, as far as the system goes; nothing for pipes and terminals.
  Result<void> sync();
  // Closes an owned descriptor and reports what only close() tells. Further calls do nothing.
  Result<void> close();

  const std::string& name() const { return name_; }

 private:
  enum class Ownership : std::uint8_t { Owned, Borrowed };
  OutputFile(int descriptor, Ownership ownership, std::string name);

  int descriptor_ = -1;
  Ownership ownership_ = Ownership::Borrowed;
  std::string name_;
};

}  // namespace wdscope
