// SPDX-License-Identifier: MIT
// Everything at once from sixteen threads: lives over shared ids, trust flips, lists that change, refreshes. Under
// ThreadSanitizer this is the proof that the driver has no race; in every build it is that no notification is lost or
// invented, counted exactly:
//   - each brief process is created and terminated once, by id as often as it lived, and never changes its trust;
//   - each resident is named once by each refresh, and its changes of trust add up to the state it ends in.
// The host stops the test at the first inversion of locks, and at what is left in the end.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <map>
#include <thread>
#include <vector>

#include "abi/defender/callback_names.h"
#include "abi/defender/flags.h"
#include "commands.h"
#include "engine.h"
#include "host/ob/object.h"
#include "notifications.h"
#include "notifier_machine.h"

namespace wdscope::test {
namespace {

using defender::OperationType;
using wire::NotifierProfile;

constexpr int kCreators = 10;
constexpr int kFlippers = 2;
constexpr int kRefreshers = 2;  // and one thread for lists, one for the rest: sixteen
constexpr int kLivesEach = 40;
constexpr int kFlipsEach = 60;
constexpr int kRefreshesEach = 12;
constexpr int kCommandRounds = 12;
constexpr std::uint64_t kResidents = 6;
constexpr std::uint64_t kFirstResident = 2000;
constexpr std::uint64_t kBriefIds = 16;  // more threads than that would always find one free
constexpr std::uint64_t kFirstBrief = 10000;
constexpr std::int64_t kResidentCreated = 133'000'000'000'000'000;
// What the driver may hold at any time: the queue of messages that nobody has fetched yet, and little besides.
constexpr std::size_t kMostPool = 2 * 1024 * 1024;

// Ids that several threads use, one at a time each.
class SharedIds {
 public:
  std::uint64_t take(std::size_t first) {
    for (std::size_t index = first;; ++index) {
      std::atomic<bool>& used = used_[index % kBriefIds];
      if (!used.exchange(true)) return kFirstBrief + 4 * (index % kBriefIds);
    }
  }
  void give_back(std::uint64_t process_id) { used_[(process_id - kFirstBrief) / 4] = false; }

 private:
  std::array<std::atomic<bool>, kBriefIds> used_{};
};

struct Tally {
  int creates = 0, terminates = 0, refreshes = 0, trusted = 0, untrusted = 0;
};

std::map<std::uint64_t, Tally> tally(const std::vector<Notification>& notifications) {
  std::map<std::uint64_t, Tally> by_id;
  for (const Notification& notification : notifications) {
    Tally& of = by_id[notification.info.ProcessId];
    switch (notification.operation()) {
      case OperationType::Create:
        ++of.creates;
        break;
      case OperationType::Terminate:
        ++of.terminates;
        break;
      case OperationType::Trust:
        ++(notification.image ? of.refreshes : notification.info.Trusted ? of.trusted : of.untrusted);
    }
  }
  return by_id;
}

class Sixteen : public testing::TestWithParam<NotifierProfile> {
 protected:
  Sixteen() {
    for (std::uint64_t index = 0; index < kResidents; ++index) {
      auto start = NotifierMachine::describe(kFirstResident + 4 * index, 4, u"resident.exe");
      start.created_100ns = kResidentCreated;
      EXPECT_EQ(machine_.machine().adopt_process(start), 0);
    }
    machine_.load(GetParam());
  }

  void refresh() {
    host::CallbackObject* const nri = open_callback(defender::kWdNriNotificationCallback);
    std::uint64_t zero = 0;
    host::ExNotifyCallback(nri, &zero, nullptr);
    host::ObfDereferenceObject(nri);
    EXPECT_LT(machine_.machine().pool_use(machine_.driver()).paged_bytes, kMostPool);
  }

  void live(int creator) {
    for (int life = 0; life < kLivesEach; ++life) {
      const std::uint64_t process_id = ids_.take(static_cast<std::size_t>(creator + life));
      EXPECT_EQ(machine_.start(process_id, kFirstResident, u"brief.exe"), 0);
      EXPECT_EQ(machine_.exit(process_id), 0);
      ++lives_[(process_id - kFirstBrief) / 4];
      ids_.give_back(process_id);
    }
  }

  void flip(Engine& engine, int flipper) {
    for (int round = 0; round < kFlipsEach; ++round) {
      defender::PROCESS_INFO_25080 info{};
      info.ProcessId =
          static_cast<std::uint32_t>(kFirstResident + 4 * (static_cast<std::uint64_t>(round) % kResidents));
      info.CreateTime = kResidentCreated;
      info.Rules = (round / static_cast<int>(kResidents) + flipper) % 2 ? defender::rule::ForceTrusted : 0;
      EXPECT_EQ(send(engine.file(), process_info_command(GetParam(), {info})), 0);
    }
  }

  void change_lists(Engine& engine) {
    for (int round = 0; round < kCommandRounds; ++round) {
      const std::u16string excluded = round % 2 ? u"resident.exe" : u"nobody.exe";
      EXPECT_EQ(send(engine.file(), exclusion_command(GetParam(), {excluded, u"\\Device\\Nowhere\\*"})), 0);
      EXPECT_EQ(send(engine.file(), doc_rule_command(GetParam(), {{u"brief.exe", {u"pdf"}}, {excluded, {u"doc"}}})), 0);
    }
  }

  void judge_single_processes(Engine& engine) {
    for (int round = 0; round < kCommandRounds; ++round) {
      EXPECT_EQ(send(engine.file(), friendly_command(GetParam(), kFirstResident)), 0);
      EXPECT_LE(query_counts(engine.file(), GetParam()).TrustedCount, 1 + kResidents);
      if (!protocol_of(GetParam()).Taint) continue;
      EXPECT_EQ(send(engine.file(), taint_command(GetParam(), kFirstResident + 4, kResidentCreated)), 0);
      EXPECT_EQ(send(engine.file(), reset_hardening_command(GetParam())), 0);
      EXPECT_EQ(send(engine.file(), trusted_installer_command(GetParam(), static_cast<std::uint32_t>(round % 8))), 0);
    }
  }

  NotifierMachine machine_;
  SharedIds ids_;
  std::array<std::atomic<int>, kBriefIds> lives_{};
};
INSTANTIATE_TEST_SUITE_P(Profiles, Sixteen, testing::ValuesIn(kAllProfiles), profile_name);

TEST_P(Sixteen, NothingIsLostOrInvented) {
  Notifications seen(GetParam());
  std::atomic<int> asked{0};
  {
    Engine engine(machine_.machine(), [&](const Message&) {
      ++asked;
      return allow(GetParam(), 0);
    });
    std::vector<std::thread> threads;
    for (int creator = 0; creator < kCreators; ++creator) threads.emplace_back([this, creator] { live(creator); });
    for (int flipper = 0; flipper < kFlippers; ++flipper) {
      threads.emplace_back([this, &engine, flipper] { flip(engine, flipper); });
    }
    for (int refresher = 0; refresher < kRefreshers; ++refresher) {
      threads.emplace_back([this] {
        for (int round = 0; round < kRefreshesEach; ++round) refresh();
      });
    }
    threads.emplace_back([this, &engine] { change_lists(engine); });
    threads.emplace_back([this, &engine] { judge_single_processes(engine); });
    ASSERT_EQ(threads.size(), 16u);
    for (std::thread& thread : threads) thread.join();
    const auto counts = query_counts(engine.file(), GetParam());
    EXPECT_EQ(counts.TrustedCount + counts.UntrustedCount, 1 + kResidents);
  }
  EXPECT_EQ(asked, kCreators * kLivesEach);

  const auto by_id = tally(seen.all());
  for (std::uint64_t index = 0; index < kBriefIds; ++index) {
    const int lives = lives_[index];
    if (lives == 0) continue;
    const Tally& brief = by_id.at(kFirstBrief + 4 * index);
    EXPECT_EQ(brief.creates, lives);
    EXPECT_EQ(brief.terminates, lives);
    EXPECT_EQ(brief.trusted + brief.untrusted, 0);
  }
  seen.clear();
  refresh();
  const auto last = seen.all();
  EXPECT_EQ(last.size(), 1 + kResidents);  // nobody but them and System is known any more
  for (const Notification& notification : last) {
    if (notification.info.ProcessId == 4) continue;
    const Tally& resident = by_id.at(notification.info.ProcessId);
    EXPECT_EQ(resident.refreshes, kRefreshers * kRefreshesEach);
    EXPECT_EQ(resident.trusted - resident.untrusted, notification.info.Trusted != 0);
    EXPECT_EQ(resident.creates + resident.terminates, 0);
  }
}

// What many lives leave in pool is what few leave: the lookaside lists and nothing besides.
TEST_P(Sixteen, MemoryIsBounded) {
  constexpr int kRounds = 3;
  std::size_t after_first = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::thread> threads;
    for (int creator = 0; creator < kCreators; ++creator) threads.emplace_back([this, creator] { live(creator); });
    for (std::thread& thread : threads) thread.join();
    const std::size_t now = machine_.machine().pool_use(machine_.driver()).allocations;
    if (round == 0) after_first = now;
    EXPECT_LE(now, after_first + kCreators);  // as many as were freed at once may lie in a list
  }
}

}  // namespace
}  // namespace wdscope::test
