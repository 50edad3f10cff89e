// SPDX-License-Identifier: MIT
// Frames from one process to another through memory that both have: what a child tells its parent. Made before the
// fork; then the child calls become_writer() and the parent become_reader().
//
// A frame is read where it was written. The writer waits for room while the reader is behind; the end of either process
// wakes the other, whatever ended it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>

#include "event/result.h"

namespace wdscope {

class SharedStream {
 public:
  struct Frame {
    std::uint32_t kind = 0;
    std::span<const std::byte> bytes;  // until the next call
  };

  // `capacity`: bytes that may lie unread, a power of two of whole pages; used up only as it fills. SourceUnavailable.
  static Result<SharedStream> create(std::size_t capacity);
  SharedStream(SharedStream&&) noexcept;
  SharedStream& operator=(SharedStream&&) = delete;
  ~SharedStream();

  void become_writer();
  // Appends the parts as one frame of at most half the capacity; any kind but ~0. False when the reader is gone.
  bool write(std::uint32_t kind, std::initializer_list<std::span<const std::byte>> parts);

  void become_reader();
  // The next frame; waits for it. Nothing when the writer is gone and all was read.
  std::optional<Frame> read();

 private:
  struct Shared;

  SharedStream() = default;
  void tell_reader();
  void release_last();
  std::uint64_t after_turn(std::uint64_t position) const;
  void close_end(int which);

  Shared* shared_ = nullptr;
  std::byte* data_ = nullptr;  // `capacity_` bytes, mapped twice in a row: no frame is broken
  std::size_t capacity_ = 0;
  int ends_[2] = {-1, -1};  // of a socket: the reader's, the writer's. A byte: look again
  std::size_t untold_ = 0;  // writer: bytes that the reader was not woken for
  std::uint64_t last_ = 0;  // reader: how far the frame handed out reaches
};

}  // namespace wdscope
