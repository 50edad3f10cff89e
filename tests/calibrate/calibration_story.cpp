// SPDX-License-Identifier: MIT
#include "calibrate/calibration_story.h"

#include <fmt/format.h>

#include "abi/defender/flags.h"
#include "calibrate/observations.h"
#include "event/decode.h"

namespace wdscope::tests {
namespace {

using wire::LayoutMember;

constexpr std::int64_t kMorning = 0x01DA'0000'0000'0000;  // FILETIME
constexpr std::uint8_t kProtections[] = {0, 0, 0, 0x31, 0x51, 0x61, 0x62, 0x72};
constexpr std::uint32_t kFlags[] = {0, defender::flag::NewProcess, defender::flag::ThreadExCheckPending,
                                    defender::flag::Excluded, defender::flag::NewProcess | defender::flag::Excluded};
const std::u16string kNames[] = {u"notepad.exe", u"svchost.exe", u"cmd.exe",    u"conhost.exe",
                                 u"msedge.exe",  u"cl.exe",      u"python.exe", u"git.exe"};

std::u16string number_text(std::uint64_t number) {
  const std::string text = std::to_string(number);
  return {text.begin(), text.end()};
}

}  // namespace

AnnouncedProcess CalibrationStory::make_process(Random& random, const Population& population) {
  AnnouncedProcess process;
  next_process_id_ += 4 + 4 * (random() % 7);
  process.start.process_id = next_process_id_;
  process.start.parent_process_id = 4 + 4 * (random() % 40);
  process.start.created_100ns = kMorning + static_cast<std::int64_t>(next_process_id_ * 1'000'003 + random() % 1000);
  const std::u16string& name = kNames[random() % std::size(kNames)];
  process.start.image = u"\\Device\\HarddiskVolume3\\Windows\\System32\\" + name;
  process.start.command_line = u"\"C:\\Windows\\System32\\" + name + u"\" /id " + number_text(random() % 100'000);
  process.start.session_id = static_cast<std::uint32_t>(random() % 3);
  process.start.protection = population.all_unprotected ? 0 : kProtections[random() % std::size(kProtections)];
  process.flags = kFlags[random() % std::size(kFlags)];
  process.trusted = !population.all_untrusted && random() % 2 == 0;
  return process;
}

calibrate::Observations CalibrationStory::observe(const Variant& variant, Random& random,
                                                  const Population& population) {
  RawClient client(*machine_);
  EXPECT_EQ(client.start(), host::kStatusSuccess);
  Announcer announcer(variant, random, [this](const void* argument) { notify(argument); });
  calibrate::Collector collector;
  std::size_t unread = 0;
  // Before the ring of raw records could overflow.
  const auto take = [&](std::size_t at_most) {
    if (++unread < at_most) return;
    unread = 0;
    const RawClient::Read read = client.read();
    EXPECT_EQ(read.status, host::kStatusSuccess);
    EXPECT_EQ(read.reply.lost, 0u);
    const auto walked =
        for_each_record(read.records, [&](std::span<const std::byte> record) { return collector.add(record); });
    EXPECT_TRUE(walked.has_value()) << walked.error().what;
  };
  constexpr std::size_t kManyUnread = 200;
  std::vector<AnnouncedProcess> processes;
  for (std::size_t count = 0; count < population.count; ++count) {
    processes.push_back(make_process(random, population));
    EXPECT_EQ(machine_->start_process(processes.back().start), host::kStatusSuccess);
    announcer.create(processes.back());
    take(kManyUnread);
  }
  for (AnnouncedProcess& process : processes) {
    if (!population.all_untrusted && random() % 2 == 0) announcer.set_trust(process, !process.trusted);
    take(kManyUnread);
  }
  for (const AnnouncedProcess& process : processes) {
    announcer.exit(process);
    EXPECT_EQ(machine_->exit_process(process.start.process_id), host::kStatusSuccess);
    take(kManyUnread);
  }
  take(0);
  const RawClient::Stopped stopped = client.stop();
  EXPECT_EQ(stopped.totals.dropped_busy, 0u);
  EXPECT_EQ(stopped.totals.starts, population.count);
  return collector.finish();
}

std::string CalibrationStory::wrong_in(const calibrate::Calibration& calibration, const Variant& variant) {
  std::string wrong;
  if (calibration.magic != variant.layout.magic) wrong += "magic; ";
  if (calibration.slot_offset != variant.layout.slot_offset) wrong += "slot; ";
  for (std::uint32_t index = 0; index < wire::kLayoutMemberCount; ++index) {
    const auto member = static_cast<LayoutMember>(index);
    const calibrate::Finding& finding = calibration.member(member);
    if (finding.sureness != calibrate::Sureness::Certain) continue;
    const bool right = finding.places.size() == 1 && finding.places.front() == variant.layout.offset(member) &&
                       (member != LayoutMember::Trust || finding.trust_mask == variant.layout.trust_mask);
    if (!right) {
      wrong += fmt::format("{} at {:#x} and not at {:#x}; ", wire::kLayoutMemberRules[index].name,
                           finding.places.front(), variant.layout.offset(member));
    }
  }
  return wrong;
}

}  // namespace wdscope::tests
