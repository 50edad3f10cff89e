// SPDX-License-Identifier: MIT
// The writer is a forked child, as it will be.
#include "lab/shared_stream.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <random>
#include <vector>

namespace wdscope {
namespace {

constexpr std::size_t kCapacity = 64 * 1024;

class SharedStreamTo : public testing::Test {
 protected:
  // `write` runs in a child, which then ends; its exit code is what it returns.
  void fork_writer(const std::function<int(SharedStream&)>& write, std::size_t capacity = kCapacity) {
    auto made = SharedStream::create(capacity);
    ASSERT_TRUE(made) << made.error().what;
    stream_.emplace(std::move(*made));
    child_ = fork();
    ASSERT_GE(child_, 0);
    if (child_ == 0) {
      stream_->become_writer();
      _exit(write(*stream_));
    }
    stream_->become_reader();
  }

  int status_of_child() const {
    int status = 0;
    EXPECT_EQ(waitpid(child_, &status, 0), child_);
    return status;
  }

  std::optional<SharedStream> stream_;
  pid_t child_ = -1;
};

std::vector<std::byte> bytes_of(std::uint32_t index) {
  std::mt19937 random(index);
  std::vector<std::byte> bytes(random() % (kCapacity / 4));
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

// The larger one also begins again at its front, when the reader has kept up.
TEST_F(SharedStreamTo, FramesComeOutAsTheyWentInManyTimesAround) {
  constexpr std::uint32_t kFrames = 500;
  for (const std::size_t capacity : {kCapacity, 32 * kCapacity}) {
    fork_writer(
        [](SharedStream& stream) {
          for (std::uint32_t i = 0; i < kFrames; ++i) {
            const auto bytes = bytes_of(i);
            const auto half = std::span(bytes).first(bytes.size() / 2);
            if (!stream.write(i, {half, std::span(bytes).subspan(half.size())})) return 1;
          }
          return 0;
        },
        capacity);
    for (std::uint32_t i = 0; i < kFrames; ++i) {
      const auto frame = stream_->read();
      ASSERT_TRUE(frame);
      EXPECT_EQ(frame->kind, i);
      EXPECT_TRUE(std::ranges::equal(frame->bytes, bytes_of(i))) << i;
    }
    EXPECT_FALSE(stream_->read());
    EXPECT_EQ(status_of_child(), 0);
  }
}

TEST_F(SharedStreamTo, WhatWasWrittenBeforeTheWriterDiedIsRead) {
  fork_writer([](SharedStream& stream) -> int {
    stream.write(7, {});
    abort();
  });
  const auto frame = stream_->read();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->kind, 7u);
  EXPECT_TRUE(frame->bytes.empty());
  EXPECT_FALSE(stream_->read());
  EXPECT_FALSE(stream_->read());
  EXPECT_TRUE(WIFSIGNALED(status_of_child()));
}

TEST_F(SharedStreamTo, AWriterWithoutAReaderIsTold) {
  fork_writer([](SharedStream& stream) {
    const std::vector<std::byte> bytes(kCapacity / 2 - 64);
    for (int i = 0; i < 3; ++i)
      if (!stream.write(0, {bytes})) return 23;
    return 0;
  });
  stream_.reset();
  const int status = status_of_child();
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 23);
}

}  // namespace
}  // namespace wdscope
