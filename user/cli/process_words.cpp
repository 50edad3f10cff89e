// SPDX-License-Identifier: MIT
#include "cli/process_words.h"

#include "event/decode.h"
#include "event/names.h"

namespace wdscope::cli {
namespace {

std::string_view date_of(const LocalClock::Moment& moment) {
  return std::string_view(moment.day).substr(0, moment.day.find(' '));
}

}  // namespace

std::string protection_words(std::uint8_t protection) {
  constexpr std::uint8_t kAudit = 0x08;
  if (protection == 0) return "none";
  const std::string_view type = protection_type_name(protection);
  const std::string_view signer = protection_signer_name(protection);
  if (type.empty() || signer.empty() || (protection & kAudit) != 0) return fmt::format("{:#04x}", protection);
  return fmt::format("{}:{}", type, signer);
}

std::string_view voice_words(Voice voice) {
  switch (voice) {
    case Voice::Notifier:
      return "notifier";
    case Voice::Nt:
      return "NT";
    case Voice::Nobody:
      break;
  }
  return "nobody";
}

SinceWords::SinceWords(FileTime now) : today_(date_of(clock_.at(now))) {}

std::string_view SinceWords::of(FileTime time) {
  const LocalClock::Moment moment = clock_.at(time);
  const std::string_view day = date_of(moment);
  return day == today_ ? std::string_view(moment.time_of_day) : day;
}

std::string moment_words(LocalClock& clock, FileTime time) {
  const LocalClock::Moment moment = clock.at(time);
  return fmt::format("{} {}.{:03}", date_of(moment), moment.time_of_day, moment.milliseconds);
}

std::string notification_words(const Learnt& learnt) {
  return fmt::format("{}, event {}", operation_name(learnt.operation()), std::uint64_t{learnt.sequence});
}

}  // namespace wdscope::cli
