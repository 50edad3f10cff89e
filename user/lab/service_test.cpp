// SPDX-License-Identifier: MIT
#include "lab/service.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "lab/prompt_service.h"

namespace wdscope {
namespace {

// What a device that two services share counts; it outlives them.
struct Traffic {
  std::mutex mutex;
  std::condition_variable changed;
  int asked = 0;
  int answered = 0;
  bool cancelled = false;

  void wait_until_asked(int times) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return asked >= times; });
  }
};

// A notifier's device that delivers bytes which are no message, once, and then nothing any more.
class BrokenNotifier : public host::DeviceFile {
 public:
  explicit BrokenNotifier(Traffic& traffic) : traffic_(traffic) {}

  Completion control(std::uint32_t code, std::span<const std::byte>, std::span<std::byte> output) override {
    std::unique_lock lock(traffic_.mutex);
    if (code != wire::kEngineGetMessage) {
      ++traffic_.answered;
      return {host::kStatusSuccess, 0};
    }
    ++traffic_.asked;
    traffic_.changed.notify_all();
    if (traffic_.asked == 1) return deliver(output);
    traffic_.changed.wait(lock, [&] { return traffic_.cancelled; });
    return {host::kStatusCancelled, 0};
  }
  void submit(std::uint32_t code, std::span<const std::byte>, std::span<std::byte> output,
              Completed completed) override {
    if (code == wire::kEngineGetMessage && ++traffic_.asked == 1) completed(deliver(output));
  }
  void cancel() override {
    const std::scoped_lock lock(traffic_.mutex);
    traffic_.cancelled = true;
    traffic_.changed.notify_all();
  }

 private:
  static Completion deliver(std::span<std::byte> output) {
    constexpr std::size_t kBytes = sizeof(wire::EngineMessage) + 100;
    std::ranges::fill(output.first(kBytes), std::byte{0xEE});
    return {host::kStatusSuccess, kBytes};
  }

  Traffic& traffic_;
};

Decision no_decision(const CreateMessage&) {
  ADD_FAILURE() << "nothing was asked";
  return {};
}

TEST(Service, AMessageThatCannotBeReadIsCountedAndNotAnswered) {
  Traffic traffic;
  const Service service(std::make_unique<BrokenNotifier>(traffic), no_decision);
  traffic.wait_until_asked(2);
  EXPECT_EQ(service.unreadable(), 1u);
  EXPECT_EQ(traffic.answered, 0);
}

TEST(PromptService, AMessageThatCannotBeReadIsCountedAndNotAnswered) {
  Traffic traffic;
  VirtualClock clock(0);
  const PromptService service(std::make_unique<BrokenNotifier>(traffic), clock, 100, no_decision);
  EXPECT_EQ(traffic.asked, 2);
  EXPECT_EQ(service.unreadable(), 1u);
  EXPECT_EQ(traffic.answered, 0);
}

}  // namespace
}  // namespace wdscope
