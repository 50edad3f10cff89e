// SPDX-License-Identifier: MIT
#include "calibrate/observations.h"

#include <algorithm>
#include <utility>

#include "event/facts.h"

namespace wdscope::calibrate {
namespace {

constexpr std::size_t kTrustedByte = 0;  // of ProcessRecord::argument_bytes_1c

}  // namespace

const RawString* Observation::text_at(std::uint32_t offset) const {
  const auto found = std::find_if(texts.begin(), texts.end(),
                                  [offset](const PointedText& text) { return text.pointer_offset == offset; });
  return found == texts.end() ? nullptr : &found->string;
}

Result<void> Collector::add(std::span<const std::byte> record) {
  if (is_raw_start(record)) {
    auto start = read_raw_start(record);
    if (!start) return tl::make_unexpected(start.error());
    ++counts_.starts;
    starts_.insert_or_assign(Key{start->process_id, start->created}, std::move(*start));
  } else if (is_raw_notification(record)) {
    auto notification = read_raw_notification(record);
    if (!notification) return tl::make_unexpected(notification.error());
    add_notification(std::move(*notification));
  }
  return {};
}

void Collector::add_notification(RawNotification notification) {
  ++counts_.notifications;
  const wire::ProcessRecord& event = notification.event;
  const Operation operation = operation_of(event);
  if (operation == Operation::Unknown) return;
  if ((event.known & wire::known::NtProcess) == 0) {
    ++counts_.unknown_to_nt;
    return;
  }
  const Key key{event.process_id, event.nt_created_100ns};
  if (operation != Operation::Terminate) trust_[key] = event.argument_bytes_1c[kTrustedByte] != 0;
  if (operation != Operation::Create && operation != Operation::Terminate) return;
  if (notification.slot_offset == 0) {
    ++counts_.without_candidate;
    return;
  }
  Observation seen;
  seen.magic = notification.magic;
  seen.slot_offset = notification.slot_offset;
  seen.context = std::move(notification.context);
  seen.texts = std::move(notification.texts);
  seen.process_id = key.process_id;
  seen.created = key.created;
  if ((event.known & wire::known::NtParent) != 0) {
    seen.parent_process_id = event.nt_parent_process_id;
  } else if ((event.known & wire::known::ArgumentParent) != 0) {
    seen.parent_process_id = event.argument_parent_process_id;
  }
  if ((event.known & wire::known::NtSession) != 0) seen.session_id = event.nt_session_id;
  if ((event.known & wire::known::NtProtection) != 0) seen.protection = event.nt_protection;
  seen.image = std::move(notification.image);
  if (const auto trust = trust_.find(key); trust != trust_.end()) seen.trusted = trust->second;
  seen_.push_back(std::move(seen));
}

Observations Collector::finish() {
  std::map<std::pair<std::uint32_t, std::int32_t>, std::size_t> groups;
  for (const Observation& seen : seen_) ++groups[{seen.magic, seen.slot_offset}];
  const auto most = std::max_element(groups.begin(), groups.end(),
                                     [](const auto& one, const auto& other) { return one.second < other.second; });
  Observations out = counts_;
  for (Observation& seen : seen_) {
    if (std::pair(seen.magic, seen.slot_offset) != most->first) {
      ++out.of_other_magic;
      continue;
    }
    // NT tells of a start when the notifier has told already: only now all of them are known.
    if (const auto start = starts_.find({seen.process_id, seen.created}); start != starts_.end()) {
      seen.command_line = start->second.command_line;
    }
    out.contexts.push_back(std::move(seen));
  }
  seen_.clear();
  return out;
}

}  // namespace wdscope::calibrate
