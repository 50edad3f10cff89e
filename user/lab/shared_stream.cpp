// SPDX-License-Identifier: MIT
//
// Invariant: what lies between `read` and `written` is whole frames and the reader's; the rest is the writer's. Each
// end looks at the other's position before it waits, and the byte that wakes it stays in its socket until it does: no
// change is missed. A full socket wakes as well as one more byte would. Waking costs more than a frame: the reader is
// woken for many frames at once, and surely before the writer waits or goes; the writer only if it says that it waits.
#include "lab/shared_stream.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace wdscope {
namespace {

constexpr std::size_t kAlignment = 8;
constexpr std::uint32_t kTurn = ~0U;              // kind of what is no frame: go on where the memory begins
constexpr std::size_t kWorthWaking = 512 * 1024;  // written, and the reader not told
constexpr std::size_t kTurnAfter = 1 << 20;       // while the reader keeps up, this much memory is used again and again

struct FrameHeader {
  std::uint32_t kind;
  std::uint32_t size;
};
static_assert(sizeof(FrameHeader) == kAlignment);

std::size_t frame_size(std::size_t bytes) {
  return sizeof(FrameHeader) + (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

constexpr int kReader = 0, kWriter = 1;

void wake(int own_end) {
  const char byte = 0;
  // A full socket, or one whose other end is gone: nobody is there to be woken.
  [[maybe_unused]] const ssize_t sent = ::send(own_end, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// Until the other wakes us; false when it is gone.
bool wait_for_other(int own_end) {
  char bytes[256];
  ssize_t got;
  do got = ::recv(own_end, bytes, sizeof bytes, 0);
  while (got < 0 && errno == EINTR);
  return got > 0;
}

// The same pages twice in a row, with one more before them.
void* map_twice(std::size_t before, std::size_t capacity) {
  const int memory = ::memfd_create("wdscope-stream", MFD_CLOEXEC);
  if (memory < 0) return MAP_FAILED;
  const int both = PROT_READ | PROT_WRITE;
  void* place = MAP_FAILED;
  if (::ftruncate(memory, static_cast<off_t>(before + capacity)) == 0)
    place = ::mmap(nullptr, before + 2 * capacity, both, MAP_SHARED, memory, 0);
  if (place != MAP_FAILED) {
    void* const again = static_cast<std::byte*>(place) + before + capacity;
    if (::mmap(again, capacity, both, MAP_SHARED | MAP_FIXED, memory, static_cast<off_t>(before)) == MAP_FAILED) {
      ::munmap(place, before + 2 * capacity);
      place = MAP_FAILED;
    }
  }
  ::close(memory);
  return place;
}

}  // namespace

struct SharedStream::Shared {
  static constexpr std::size_t kSize = 4096;  // whole pages, so that the data behind can be mapped again

  alignas(64) std::atomic<std::uint64_t> written = 0;
  alignas(64) std::atomic<std::uint64_t> read = 0;
  std::atomic<bool> writer_waits = false;
};

Result<SharedStream> SharedStream::create(std::size_t capacity) {
  const auto cannot = [] {
    return failure(ErrorCode::SourceUnavailable,
                   std::string("cannot share memory with another process: ") + std::strerror(errno), {}, errno);
  };
  SharedStream stream;
  void* const place = map_twice(Shared::kSize, capacity);
  if (place == MAP_FAILED) return cannot();
  stream.shared_ = new (place) Shared;
  stream.data_ = static_cast<std::byte*>(place) + Shared::kSize;
  stream.capacity_ = capacity;
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream.ends_) != 0) return cannot();
  return stream;
}

SharedStream::SharedStream(SharedStream&& other) noexcept
    : shared_(std::exchange(other.shared_, nullptr)),
      data_(std::exchange(other.data_, nullptr)),
      capacity_(other.capacity_),
      ends_{std::exchange(other.ends_[0], -1), std::exchange(other.ends_[1], -1)},
      untold_(other.untold_),
      last_(other.last_) {}

SharedStream::~SharedStream() {
  close_end(kReader);
  close_end(kWriter);
  if (shared_ != nullptr) ::munmap(shared_, Shared::kSize + 2 * capacity_);
}

void SharedStream::close_end(int which) {
  if (const int end = std::exchange(ends_[which], -1); end >= 0) ::close(end);
}

void SharedStream::become_writer() {
  close_end(kReader);
}

void SharedStream::become_reader() {
  close_end(kWriter);
}

bool SharedStream::write(std::uint32_t kind, std::initializer_list<std::span<const std::byte>> parts) {
  std::size_t size = 0;
  for (const auto& part : parts) size += part.size();
  const std::size_t needed = frame_size(size);
  std::uint64_t start = shared_->written.load(std::memory_order_relaxed);
  if (start % capacity_ >= kTurnAfter && shared_->read.load(std::memory_order_acquire) == start) {
    const FrameHeader turn{kTurn, 0};
    std::memcpy(data_ + start % capacity_, &turn, sizeof turn);
    start = after_turn(start);
    shared_->written.store(start, std::memory_order_release);
  }
  const auto has_room = [&] { return capacity_ - (start - shared_->read.load()) >= needed; };
  while (!has_room()) {
    tell_reader();
    shared_->writer_waits.store(true);
    if (!has_room() && !wait_for_other(ends_[kWriter])) return false;
  }
  std::byte* place = data_ + start % capacity_;
  const FrameHeader header{kind, static_cast<std::uint32_t>(size)};
  std::memcpy(place, &header, sizeof header);
  place += sizeof header;
  for (const auto& part : parts) {
    if (!part.empty()) std::memcpy(place, part.data(), part.size());
    place += part.size();
  }
  shared_->written.store(start + needed, std::memory_order_release);
  untold_ += needed;
  if (untold_ >= std::min(kWorthWaking, capacity_ / 4)) tell_reader();
  return true;
}

void SharedStream::tell_reader() {
  wake(ends_[kWriter]);
  untold_ = 0;
}

void SharedStream::release_last() {
  if (shared_->read.load(std::memory_order_relaxed) == last_) return;
  shared_->read.store(last_);
  if (shared_->writer_waits.exchange(false)) wake(ends_[kReader]);
}

std::uint64_t SharedStream::after_turn(std::uint64_t position) const {
  return (position / capacity_ + 1) * capacity_;
}

std::optional<SharedStream::Frame> SharedStream::read() {
  for (;;) {
    release_last();
    while (shared_->written.load(std::memory_order_acquire) == last_) {
      // What was written before the writer went is still there.
      if (!wait_for_other(ends_[kReader]) && shared_->written.load(std::memory_order_acquire) == last_)
        return std::nullopt;
    }
    const std::byte* const place = data_ + last_ % capacity_;
    FrameHeader header;
    std::memcpy(&header, place, sizeof header);
    if (header.kind == kTurn) {
      last_ = after_turn(last_);
      continue;
    }
    last_ += frame_size(header.size);
    return Frame{header.kind, {place + sizeof header, header.size}};
  }
}

}  // namespace wdscope
