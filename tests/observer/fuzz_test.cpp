// SPDX-License-Identifier: MIT
// Random frames, contexts, strings and doc rules by the hundred thousand, in the form of each generation and of none,
// beside the notifier of each profile, which announces true processes between them, while another thread changes and
// takes away what the observer is reading. Seeded: a failure comes again. The verifier watches the driver; under
// AddressSanitizer the driver itself is instrumented.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <random>
#include <thread>

#include "abi/defender/flags.h"
#include "observer/cliff_pages.h"
#include "observer/frames.h"
#include "observer/observer_story.h"

namespace wdscope::tests {
namespace {

using defender::OperationType;

// The rate that is promised is ten thousand a second for a minute: that many, shared by the profiles.
#if defined(WDSCOPE_ASAN)
constexpr std::uint64_t kInputs = 150'000;
#elif defined(WDSCOPE_TSAN)
constexpr std::uint64_t kInputs = 1'500;
#else
constexpr std::uint64_t kInputs = 25'000;
#endif
constexpr std::uint64_t kSeed = 0x5EED'0B5E'12FE'0001;

constexpr std::uint64_t kProcesses[] = {4, 0x1234, 0x4000};
constexpr std::uint32_t kMagics[] = {defender::kProcessContextMagic1910, defender::kProcessContextMagic20H1,
                                     defender::kProcessContextMagic25080};

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t word() { return engine_(); }
  std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
  bool one_in(std::uint64_t count) { return below(count) == 0; }
  template <class T, std::size_t kCount>
  const T& of(const T (&values)[kCount]) {
    return values[below(kCount)];
  }

 private:
  std::mt19937_64 engine_;
};

// What a stranger's notification may lead to. Everything lies in memory that stays mapped or in pages that come and go.
class World {
 public:
  explicit World(const std::int64_t (&created)[std::size(kProcesses)]) {
    std::copy(std::begin(created), std::end(created), created_);
  }

  // Makes a new world of the same blocks.
  void shuffle(Random& random) {
    for (auto& text : texts_) shuffle_header(random, text.as<defender::CountedString>());
    for (auto& rule : rules_) shuffle_rule(random, rule.as<defender::MP_DOC_OPEN_RULE>());
    for (auto& context : contexts_) shuffle_context(random, context.as<defender::MP_PROCESS_CONTEXT_25080>());
  }
  // The context on the pages that come and go: only for who makes them do so.
  void shuffle_cliff(Random& random) { shuffle_context(random, cliff_.last<defender::MP_PROCESS_CONTEXT_25080>()); }

  // Somewhere in one of the blocks, at its begin most of the time; or nowhere.
  std::uint64_t address_in(Random& random, const PoolBlock (&blocks)[8]) {
    switch (random.below(16)) {
      case 0:
        return wild(random);
      case 1:
        return blocks[random.below(8)].address() + random.below(64);
      default:
        return blocks[random.below(8)].address();
    }
  }
  std::uint64_t context(Random& random) {
    if (random.one_in(8)) return reinterpret_cast<std::uint64_t>(cliff_.last<defender::MP_PROCESS_CONTEXT_25080>());
    return address_in(random, contexts_);
  }
  std::uint64_t text(Random& random) { return address_in(random, texts_); }

  std::uint64_t wild(Random& random) {
    switch (random.below(8)) {
      case 0:
        return 0;
      case 1:
        return random.below(0x1'0000);
      case 2:
        return cliff_.unreadable() - random.below(16) * 8;
      case 3:
        return ~random.below(0x1000);
      case 4:
        return 0x8000'0000'0000'0000 + random.below(0x10000);
      case 5:
        return reinterpret_cast<std::uint64_t>(&random) - random.below(64) * 8;
      default:
        return random.word();
    }
  }

  // What another thread does to it meanwhile: the pages go and come, contexts and strings become something else.
  void meddle(Random& random) {
    switch (random.below(4)) {
      case 0:
        ASSERT_TRUE(cliff_.hide() && cliff_.show());
        shuffle_cliff(random);
        break;
      case 1:
        contexts_[random.below(8)].as<volatile std::uint32_t>()[0] = static_cast<std::uint32_t>(random.word());
        break;
      case 2:
        contexts_[random.below(8)].as<volatile std::uint64_t>()[3] = random.of(kProcesses);
        break;
      default:
        texts_[random.below(8)].as<volatile std::uint16_t>()[0] = static_cast<std::uint16_t>(random.word());
        break;
    }
  }

 private:
  void shuffle_header(Random& random, defender::CountedString* header) {
    const auto length = static_cast<std::uint16_t>(random.one_in(64) ? random.word() : random.below(kTextSize));
    const auto maximum = random.one_in(16) ? static_cast<std::uint16_t>(random.word()) : length;
    const std::uint64_t buffer = random.one_in(16) ? wild(random) : characters_.address() + random.below(64);
    *header = {length, maximum, 0, buffer};
  }
  void shuffle_rule(Random& random, defender::MP_DOC_OPEN_RULE* rule) {
    rule->Magic = random.one_in(8) ? static_cast<std::uint32_t>(random.word()) : defender::kDocOpenRuleMagic;
    for (char16_t& unit : rule->ProcessName) unit = static_cast<char16_t>(random.word());
    if (!random.one_in(8)) rule->ProcessName[random.below(defender::kDocRuleNameUnits)] = 0;
    rule->Extensions = random.one_in(8) ? wild(random) : characters_.address() + random.below(kTextSize);
  }
  void shuffle_context(Random& random, defender::MP_PROCESS_CONTEXT_25080* context) {
    const std::size_t process = random.below(std::size(kProcesses));
    defender::MP_PROCESS_CONTEXT& common = context->Common;
    common.Magic = random.one_in(8) ? static_cast<std::uint32_t>(random.word()) : random.of(kMagics);
    common.ProcessId = random.one_in(8) ? random.word() : kProcesses[process];
    common.CreateTime = random.one_in(8) ? static_cast<std::int64_t>(random.word()) : created_[process];
    common.CommandLine = text(random);
    common.ImageName = text(random);
    common.ProcessFlags = static_cast<std::uint32_t>(random.word());
    common.DocRule = random.one_in(2) ? 0 : address_in(random, rules_);
    common.Protection = static_cast<std::uint8_t>(random.word());
    context->State = static_cast<std::uint32_t>(random.word());
  }

  static constexpr std::size_t kTextSize = 2048;

  std::int64_t created_[std::size(kProcesses)]{};
  PoolBlock contexts_[8]{PoolBlock(0x130), PoolBlock(0x130), PoolBlock(0x130), PoolBlock(0x130),
                         PoolBlock(0x130), PoolBlock(0x130), PoolBlock(0x130), PoolBlock(0x130)};
  PoolBlock texts_[8]{PoolBlock(16), PoolBlock(16), PoolBlock(16), PoolBlock(16),
                      PoolBlock(16), PoolBlock(16), PoolBlock(16), PoolBlock(16)};
  PoolBlock rules_[8]{PoolBlock(0x228), PoolBlock(0x228), PoolBlock(0x228), PoolBlock(0x228),
                      PoolBlock(0x228), PoolBlock(0x228), PoolBlock(0x228), PoolBlock(0x228)};
  PoolBlock characters_{0x10000 + 2 * kTextSize};
  CliffPages cliff_;
};

class Fuzz : public ObserverStory, public testing::WithParamInterface<wire::NotifierProfile> {
 protected:
  Fuzz() : ObserverStory(4096) {
    load_notifier(GetParam());
    created_[0] = 0;
    for (std::size_t index = 1; index < std::size(kProcesses); ++index)
      created_[index] = start_process(kProcesses[index]);
    world_ = std::make_unique<World>(created_);
  }

  // A process lives and the notifier says so: the strangers have taken nothing from the observer.
  void check_true_process(Client& reader) {
    live_announced(kAnnounced);
    const std::vector<Record> records = reader.drain();
    ASSERT_EQ(records.size(), 2u);
    const bool shows_contexts = GetParam() != wire::NotifierProfile::Wd25080;
    for (const Record& record : records) {
      ASSERT_EQ(record.header().sequence, next_++);
      ASSERT_EQ(record.process().process_id, kAnnounced);
      ASSERT_EQ(record.knows(wire::known::Context), shows_contexts);
    }
    ASSERT_EQ(records[0].text(records[0].process().argument_image), kAnnouncedImage);
    ++true_processes_;
  }

  // One notification in the form of 2019, of 2025 with and without a context nearby, or of no build.
  void notify_random(Random& random) {
    // Both frames and more: wherever the argument lies in it, its neighbours are there.
    struct {
      std::uint64_t before[8];
      defender::WD_PS_NOTIFY_INFO info;
      std::uint64_t behind[20];
    } frame;
    for (std::uint64_t& word : frame.before) word = random.one_in(4) ? world_->context(random) : random.below(0x8000);
    for (std::uint64_t& word : frame.behind) word = random.one_in(4) ? world_->context(random) : random.below(0x8000);
    defender::WD_PS_NOTIFY_INFO& info = frame.info;
    const std::uint64_t process_id = random.one_in(16) ? random.word() : random.of(kProcesses);
    info.ProcessId = process_id;
    info.OperationType =
        random.one_in(16) ? static_cast<std::uint32_t>(random.word()) : static_cast<std::uint32_t>(1 + random.below(3));
    info.ImageName = world_->text(random);
    info.Trusted = static_cast<std::uint8_t>(random.word());
    switch (random.below(5)) {
      case 0:  // 2019
        info.ParentProcessId = reinterpret_cast<std::uint64_t>(&frame.before[7]);
        frame.before[7] = 4;
        frame.before[6] = world_->context(random);
        break;
      case 1:  // the newest
      case 2:
        info.ParentProcessId = 4;
        frame.before[7] = world_->context(random);
        frame.before[6] = world_->wild(random);
        break;
      case 3:  // 25080: nothing around it
        info.ParentProcessId = 4;
        std::fill(std::begin(frame.before), std::end(frame.before), 0);
        std::fill(std::begin(frame.behind), std::end(frame.behind), 0);
        break;
      default:
        info.ParentProcessId = world_->wild(random);
        break;
    }
    const auto* argument = reinterpret_cast<const std::byte*>(&info);
    if (random.one_in(32)) argument += random.below(64);
    if (random.one_in(64)) return notify(reinterpret_cast<const void*>(world_->wild(random)));
    notify(argument, random.one_in(64) ? argument : nullptr);
  }

  // Every record in form, none missing; what claims to be a context is of the process that NT knows.
  void check(Client& reader) {
    for (const Record& record : reader.drain()) {
      ASSERT_FALSE(record.is_loss());
      ASSERT_EQ(record.header().sequence, next_++);
      if (!record.knows(wire::known::Context)) continue;
      ++recognised_;
      ASSERT_TRUE(record.knows(wire::known::NtProcess));
      ASSERT_EQ(record.process().context_created_100ns, record.process().nt_created_100ns);
    }
  }

  std::int64_t created_[std::size(kProcesses)]{};
  std::unique_ptr<World> world_;
  std::uint64_t next_ = 0;
  std::uint64_t recognised_ = 0;
  std::uint64_t true_processes_ = 0;
};

TEST_P(Fuzz, NothingThatIsNotifiedHurts) {
  Random random(kSeed + static_cast<std::uint64_t>(GetParam()));
  Client reader = client();
  reader.drain();
  const wire::Statistics before = reader.statistics();
  next_ = before.produced;
  world_->shuffle_cliff(random);
#if !defined(WDSCOPE_TSAN)
  std::jthread meddler([this](const std::stop_token& stop) {
    Random own(kSeed + 1);
    while (!stop.stop_requested()) {
      world_->meddle(own);
      std::this_thread::yield();
    }
  });
#endif
  constexpr std::uint64_t kRound = 500;
  const auto began = std::chrono::steady_clock::now();
  for (std::uint64_t input = 0; input < kInputs; ++input) {
    if (input % 16 == 0) world_->shuffle(random);
    notify_random(random);
    if (input % kRound != kRound - 1) continue;
    check(reader);
    check_true_process(reader);
    if (HasFatalFailure()) return;
  }
  static_assert(kInputs % kRound == 0);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf("%llu notifications, %llu with a context, %.0f a second\n", static_cast<unsigned long long>(kInputs),
              static_cast<unsigned long long>(recognised_), static_cast<double>(kInputs) / took.count());
  EXPECT_EQ(true_processes_, kInputs / kRound);
  EXPECT_GT(recognised_, kInputs / 50) << "too few get as far as a context to be worth it";
  const wire::Statistics statistics = reader.statistics();
  EXPECT_EQ(statistics.notifications - before.notifications, kInputs + 2 * true_processes_) << "each becomes a record";
  EXPECT_EQ(statistics.dropped_too_large, 0u);
}

INSTANTIATE_TEST_SUITE_P(Profiles, Fuzz, testing::ValuesIn(kAllProfiles),
                         [](const auto& profile) { return name_of(profile.param); });

}  // namespace
}  // namespace wdscope::tests
