// SPDX-License-Identifier: MIT
#include "sink/sink_thread.h"

#include <utility>

namespace wdscope {

SinkThread::SinkThread(std::unique_ptr<Sink> next, std::size_t worth_waking)
    : next_(std::move(next)), worth_waking_(worth_waking), thread_([this] { work(); }) {}

SinkThread::~SinkThread() {
  hand_over();
  {
    const std::scoped_lock lock(mutex_);
    ends_ = true;
  }
  given_.notify_one();
  thread_.join();
}

Result<void> SinkThread::write(std::span<const std::byte> records) {
  {
    const std::scoped_lock lock(mutex_);
    if (!outcome_) return outcome_;
  }
  gathered_.insert(gathered_.end(), records.begin(), records.end());
  if (gathered_.size() >= worth_waking_) hand_over();
  return {};
}

void SinkThread::hand_over() {
  if (gathered_.empty()) return;
  {
    std::unique_lock lock(mutex_);
    taken_.wait(lock, [this] { return waiting_.size() < kBlocks; });
    waiting_.push_back(std::move(gathered_));
    gathered_ = {};
    if (!idle_.empty()) {
      gathered_ = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  gathered_.clear();
  given_.notify_one();
}

Result<void> SinkThread::settle() {
  hand_over();
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
