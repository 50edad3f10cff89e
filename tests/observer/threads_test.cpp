// SPDX-License-Identifier: MIT
// Everything at once: notifiers on many threads and at different IRQLs, readers that come, go and die, and a driver
// that unloads under fire.
#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "host/ke/irql.h"
#include "observer/frames.h"
#include "observer/observer_story.h"

namespace wdscope::tests {
namespace {

using defender::OperationType;

constexpr std::uint64_t kPid = 0x1234;

// A million notifications; fewer where each costs a sanitiser's bookkeeping.
constexpr int kNotifiers = 8;
#if defined(WDSCOPE_TSAN) || defined(WDSCOPE_ASAN)
constexpr std::uint64_t kNotificationsEach = 2'000;
#else
constexpr std::uint64_t kNotificationsEach = 125'000;
#endif

class Threads : public ObserverStory {
 protected:
  Threads() : ObserverStory(256), created_(start_process(kPid)) {}

  // Records of many sizes, some odd, some at DISPATCH_LEVEL. `number` goes round as member 0x08's id.
  void notify_something(std::uint64_t number) {
    PoolContext& context = *contexts_[number % 3];
    auto frame = frame_a5(kPid, number % 64 * 4, number % 5 == 0 ? OperationType::Terminate : OperationType::Create,
                          context.address());
    frame.Info.ImageName = texts_[number % 4]->address();
    if (number % 97 == 0) {
      host::Irql old = 0;
      host::KeRaiseIrql(host::kDispatchLevel, &old);
      notify(&frame.Info);
      host::KeLowerIrql(old);
    } else if (number % 89 == 0) {
      notify(reinterpret_cast<const void*>(number));
    } else {
      notify(&frame.Info);
    }
  }

  std::int64_t created_;
  std::unique_ptr<PoolText> texts_[4] = {
      std::make_unique<PoolText>(u"a"), std::make_unique<PoolText>(std::u16string(100, u'b')),
      std::make_unique<PoolText>(std::u16string(999, u'c')), std::make_unique<PoolText>(std::u16string(5000, u'd'))};
  std::unique_ptr<PoolContext> contexts_[3] = {
      std::make_unique<PoolContext>(defender::kProcessContextMagic25080, kPid, created_),
      std::make_unique<PoolContext>(defender::kProcessContextMagic25080, kPid + 4, created_),
      std::make_unique<PoolContext>(0x0003DEAD, kPid, created_)};
};

// Follows one reader's stream: nothing twice, nothing missing without a loss record.
class StreamCheck {
 public:
  explicit StreamCheck(std::uint64_t start) : next_(start) {}
  void take(const Record& record) {
    EXPECT_EQ(record.header().sequence, next_);
    if (record.is_loss()) {
      next_ += record.loss().lost_count;
      lost_ += record.loss().lost_count;
    } else {
      ++next_;
      ++delivered_;
    }
  }
  std::uint64_t next() const { return next_; }
  std::uint64_t delivered() const { return delivered_; }
  std::uint64_t lost() const { return lost_; }

 private:
  std::uint64_t next_;
  std::uint64_t delivered_ = 0;
  std::uint64_t lost_ = 0;
};

TEST_F(Threads, EveryReadersStreamIsGaplessWhileManyNotify) {
  std::atomic<bool> done{false};
  std::vector<std::jthread> readers;
  for (int index = 0; index < 3; ++index) {
    readers.emplace_back([&, index] {
      Client reader = client();
      StreamCheck check(reader.statistics().reader_start);
      bool last_round = false;
      for (;;) {
        // A waiting reader, a polling one, and one with a small buffer that falls behind.
        const std::size_t size = index == 2 ? 16384 : Client::kBufferSize;
        const Client::Batch batch = reader.read(index == 0 ? 64 : 0, index == 0 ? 10 : 0, size);
        ASSERT_EQ(batch.status, host::kStatusSuccess);
        for (const Record& record : batch.records) check.take(record);
        EXPECT_EQ(batch.reply.delivered, check.delivered());
        EXPECT_EQ(batch.reply.lost, check.lost());
        if (last_round && batch.records.empty()) break;
        last_round = done;
        if (batch.records.empty()) std::this_thread::yield();
      }
      const wire::Statistics statistics = reader.statistics();
      EXPECT_EQ(statistics.produced, check.next());
      EXPECT_EQ(statistics.produced - statistics.reader_start, check.delivered() + check.lost());
    });
  }
  {
    std::vector<std::jthread> notifiers;
    for (int index = 0; index < kNotifiers; ++index) {
      notifiers.emplace_back([&, index] {
        for (std::uint64_t number = 0; number < kNotificationsEach; ++number) {
          notify_something(number * kNotifiers + static_cast<std::uint64_t>(index));
        }
      });
    }
  }
  done = true;
  readers.clear();
  const wire::Statistics statistics = client().statistics();
  EXPECT_EQ(statistics.produced, kNotifiers * kNotificationsEach);
  EXPECT_EQ(statistics.dropped_too_large, 0u);
}

TEST_F(Threads, ReadersMayComeGoAndBeCancelledWhileManyNotify) {
  std::atomic<bool> done{false};
  std::vector<std::jthread> readers;
  for (int index = 0; index < 4; ++index) {
    readers.emplace_back([&, index] {
      while (!done) {
        Client reader = client();
        std::jthread other([&] { reader.read(1'000'000, index % 2 == 0 ? Client::kForEver : 1); });
        const Client::Batch batch = reader.read(1, 1);
        EXPECT_EQ(batch.status, host::kStatusSuccess);
        std::atomic<bool> ended{false};
        std::jthread canceller([&] {
          while (!ended) {
            reader.file().cancel();
            std::this_thread::yield();
          }
        });
        other.join();
        ended = true;
      }
    });
  }
  {
    std::vector<std::jthread> notifiers;
    for (int index = 0; index < kNotifiers; ++index) {
      notifiers.emplace_back([&] {
        for (std::uint64_t number = 0; number < kNotificationsEach; ++number) notify_something(number);
      });
    }
  }
  done = true;
  readers.clear();
  Client last = client();
  EXPECT_EQ(last.statistics().reader_count, 1u);
}

TEST_F(Threads, TheDriverUnloadsWhileManyNotify) {
  std::atomic<bool> done{false};
  std::atomic<int> running{0};
  std::vector<std::jthread> notifiers;
  for (int index = 0; index < kNotifiers; ++index) {
    notifiers.emplace_back([&] {
      ++running;
      for (std::uint64_t number = 0; !done; ++number) notify_something(number);
    });
  }
  while (running != kNotifiers) std::this_thread::yield();
  for (int round = 0; round < 5; ++round) {
    {
      Client reader = client();
      EXPECT_EQ(reader.read(10, Client::kForEver).status, host::kStatusSuccess);
    }
    unload();
    const auto loaded = load("wdscope.sys", {"wdscope", {{"RingSizeKb", 256u}}});
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
    driver_ = *loaded;
  }
  done = true;
}

}  // namespace
}  // namespace wdscope::tests
