// SPDX-License-Identifier: MIT
// A sink that writes on a thread of its own, in the order in which it was given, so that who makes the records need not
// wait while they are decoded and written. To wake a sleeping processor is dear, so small batches are gathered until
// they are worth it. It holds a few blocks at most; then its writer waits.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "event/source.h"

namespace wdscope {

class SinkThread final : public Sink {
 public:
  static constexpr std::size_t kWorthWaking = 512 * 1024;  // bytes

  explicit SinkThread(std::unique_ptr<Sink> next, std::size_t worth_waking = kWorthWaking);
  ~SinkThread() override;  // writes what it was given; an error is told by flush() alone

  // Copies the records. One thread at a time. An error is that of an earlier batch; nothing is written after it.
  Result<void> write(std::span<const std::byte> records) override;
  // Waits until all is written, then flushes.
  Result<void> flush() override;
  // Waits until all is written: until the next write() the other sink belongs to the caller. The error, if there was.
  Result<void> settle();

 private:
  using Block = std::vector<std::byte>;

  void work();
  void hand_over();

  static constexpr std::size_t kBlocks = 4;

  const std::unique_ptr<Sink> next_;
  const std::size_t worth_waking_;
  Block gathered_;  // the writer's own
  std::mutex mutex_;
  std::condition_variable given_;  // a block, or the end
  std::condition_variable taken_;  // a block was written
  std::deque<Block> waiting_;      // the first is being written
  std::vector<Block> idle_;        // written: their memory is used again
  Result<void> outcome_;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace wdscope
