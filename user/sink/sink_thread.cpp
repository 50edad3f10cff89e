// SPDX-License-Identifier: MIT
#include "sink/sink_thread.h"

#include <utility>

namespace wdscope {

SinkThread::SinkThread(std::unique_ptr<Sink> next) : next_(std::move(next)), thread_([this] { work(); }) {}

SinkThread::~SinkThread() {
  {
    const std::scoped_lock lock(mutex_);
    ends_ = true;
  }
  given_.notify_one();
  thread_.join();
}

Result<void> SinkThread::write(std::span<const std::byte> records) {
  Block block;
  {
    std::unique_lock lock(mutex_);
    taken_.wait(lock, [this] { return waiting_.size() < kBlocks; });
    if (!outcome_) return outcome_;
    if (!idle_.empty()) {
      block = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  block.assign(records.begin(), records.end());
  {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(std::move(block));
  }
  given_.notify_one();
  return {};
}

Result<void> SinkThread::settle() {
  std::unique_lock lock(mutex_);
  taken_.wait(lock, [this] { return waiting_.empty(); });
  return outcome_;
}

Result<void> SinkThread::flush() {
  auto written = settle();
  auto flushed = next_->flush();
  return written ? flushed : written;
}

void SinkThread::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    given_.wait(lock, [this] { return !waiting_.empty() || ends_; });
    if (waiting_.empty()) return;
    if (outcome_) {
      const Block& block = waiting_.front();
      lock.unlock();
      auto written = next_->write(block);
      lock.lock();
      if (!written) outcome_ = std::move(written);
    }
    idle_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    taken_.notify_all();
  }
}

}  // namespace wdscope
