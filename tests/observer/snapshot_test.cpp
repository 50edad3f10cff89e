// SPDX-License-Identifier: MIT
// The snapshot: when the observer asks for it, and what marks it in the stream.
#include <thread>
#include <vector>

#include "observer/frames.h"
#include "observer/observer_story.h"

namespace wdscope::tests {
namespace {

using defender::OperationType;

constexpr host::NtStatus kDeviceBusy = static_cast<host::NtStatus>(0x80000011);

// A notifier that answers each refresh with two processes, and keeps what it was asked with.
class Answering {
 public:
  Answering(OwnedCallback& nri, OwnedCallback& process) : process_(process.get()) {
    registration_ = host::ExRegisterCallback(nri.get(), answer, this);
  }
  ~Answering() { host::ExUnregisterCallback(registration_); }
  Answering(const Answering&) = delete;
  Answering& operator=(const Answering&) = delete;

  std::atomic<int> asked{0};

 private:
  static void answer(void* self, void*, void*) __attribute__((ms_abi)) {
    auto& answering = *static_cast<Answering*>(self);
    ++answering.asked;
    for (const std::uint64_t process_id : {4, 8}) {
      const auto frame = frame_a5(process_id, 0, OperationType::Trust, 0);
      host::ExNotifyCallback(answering.process_, const_cast<defender::WD_PS_NOTIFY_INFO*>(&frame.Info), nullptr);
    }
  }

  host::CallbackObject* process_;
  host::CallbackRegistration* registration_ = nullptr;
};

class SnapshotOf : public MachineStory {
 protected:
  host::LoadedDriver* load_observer(std::map<std::string, host::RegistryValue> parameters,
                                    std::string name = "wdscope") {
    const auto loaded = load("wdscope.sys", {std::move(name), std::move(parameters)});
    return loaded ? *loaded : nullptr;
  }
  std::vector<Record> records() {
    Client reader(std::move(*machine_->open(wire::kUserDeviceName, host::Access::Read)));
    return reader.drain();
  }

  OwnedCallback process_callback_{defender::kWdProcessNotificationCallback};
  OwnedCallback nri_callback_{defender::kWdNriNotificationCallback};
};

TEST_F(SnapshotOf, AnAttachBeginsAndEndsWithMarks) {
  Answering notifier(nri_callback_, process_callback_);
  host::LoadedDriver* const driver = load_observer({});
  ASSERT_NE(driver, nullptr) << debug_output();
  const std::vector<Record> all = records();
  ASSERT_EQ(all.size(), 4u);
  EXPECT_TRUE(all[0].is_mark() && all[3].is_mark());
  EXPECT_FALSE(all[1].is_mark() || all[2].is_mark());
  EXPECT_EQ(all[0].process().snapshot_boundary, static_cast<std::uint8_t>(wire::SnapshotBoundary::Begin));
  EXPECT_EQ(all[3].process().snapshot_boundary, static_cast<std::uint8_t>(wire::SnapshotBoundary::End));
  for (const Record* mark : {&all[0], &all[3]}) {
    EXPECT_EQ(mark->process().snapshot_trigger, static_cast<std::uint8_t>(wire::SnapshotTrigger::Attach));
    EXPECT_EQ(mark->process().snapshot_number, 1u);
    EXPECT_EQ(mark->process().anomalies, 0u);
  }
  EXPECT_EQ(all[3].process().snapshot_answered, 2u);
  EXPECT_EQ(all[1].process().notifier_thread_id, all[0].process().notifier_thread_id);
  Client reader(std::move(*machine_->open(wire::kUserDeviceName, host::Access::Read)));
  EXPECT_EQ(reader.statistics().notifications, 2u);
  EXPECT_EQ(reader.statistics().produced, 4u);
  reader.close();
  EXPECT_TRUE(machine_->unload(driver).has_value());
}

TEST_F(SnapshotOf, AParameterTurnsItOff) {
  Answering notifier(nri_callback_, process_callback_);
  host::LoadedDriver* const driver = load_observer({{"SnapshotOnAttach", 0u}});
  ASSERT_NE(driver, nullptr);
  EXPECT_EQ(notifier.asked, 0);
  EXPECT_TRUE(records().empty());
  EXPECT_TRUE(machine_->unload(driver).has_value());
}

TEST_F(SnapshotOf, AStormOfRequestsBringsOneSnapshotAnInterval) {
  Answering notifier(nri_callback_, process_callback_);
  host::LoadedDriver* const driver = load_observer({});
  ASSERT_NE(driver, nullptr);
  const int before = notifier.asked;
  std::atomic<int> taken{0};
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        Client reader(std::move(*machine_->open(wire::kUserDeviceName, host::Access::Read)));
        for (int request = 0; request < 200; ++request) {
          const host::NtStatus status = reader.refresh();
          if (status == host::kStatusSuccess) ++taken;
          EXPECT_TRUE(status == host::kStatusSuccess || status == kDeviceBusy) << std::hex << status;
        }
      });
    }
  }
  EXPECT_EQ(notifier.asked - before, taken);
  int open = 0;
  std::uint32_t number = 0;
  for (const Record& record : records()) {
    if (!record.is_mark()) continue;
    const auto boundary = static_cast<wire::SnapshotBoundary>(record.process().snapshot_boundary);
    open += boundary == wire::SnapshotBoundary::Begin ? 1 : -1;
    EXPECT_TRUE(open == 0 || open == 1);
    if (open == 1) {
      EXPECT_EQ(record.process().snapshot_number, ++number);
    } else {
      EXPECT_EQ(record.process().snapshot_answered, 2u);
    }
  }
  EXPECT_EQ(open, 0);
  EXPECT_TRUE(machine_->unload(driver).has_value());
}

TEST_F(SnapshotOf, AStormOfSomebodyElsesRefreshesIsJustNotifications) {
  Answering notifier(nri_callback_, process_callback_);
  host::LoadedDriver* const driver = load_observer({{"SnapshotOnAttach", 0u}});
  ASSERT_NE(driver, nullptr);
  constexpr std::uint64_t kThreads = 4;
  constexpr std::uint64_t kRefreshes = 250;
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&] {
        std::uint64_t zero = 0;
        for (std::uint64_t refresh = 0; refresh < kRefreshes; ++refresh) {
          host::ExNotifyCallback(nri_callback_.get(), &zero, nullptr);
        }
      });
    }
  }
  Client reader(std::move(*machine_->open(wire::kUserDeviceName, host::Access::Read)));
  EXPECT_EQ(reader.statistics().notifications, kThreads * kRefreshes * 2);
  reader.close();
  EXPECT_TRUE(machine_->unload(driver).has_value());
}

TEST_F(SnapshotOf, ASecondObserverIsRefusedInWordsAndTheFirstGoesOn) {
  Answering notifier(nri_callback_, process_callback_);
  host::LoadedDriver* const first = load_observer({{"SnapshotOnAttach", 0u}});
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(load_observer({}, "wdscope2"), nullptr);
  EXPECT_NE(debug_output().find("another observer is loaded"), std::string::npos) << debug_output();
  EXPECT_EQ(notifier.asked, 0) << "it asked before it was sure to stay";
  const auto frame = frame_a5(4, 0, OperationType::Trust, 0);
  host::ExNotifyCallback(process_callback_.get(), const_cast<defender::WD_PS_NOTIFY_INFO*>(&frame.Info), nullptr);
  EXPECT_EQ(records().size(), 1u);
  EXPECT_TRUE(machine_->unload(first).has_value());
}

}  // namespace
}  // namespace wdscope::tests
