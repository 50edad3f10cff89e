// SPDX-License-Identifier: MIT
#include "cli/summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/plural.h"
#include "event/decode.h"

namespace wdscope::cli {
namespace {

// "3 create, 2 terminate"; empty when all are zero.
template <std::size_t N, class Name>
std::string listing(const std::array<std::uint64_t, N>& counts, Name name) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < N; ++i) {
    if (counts[i] != 0) parts.push_back(fmt::format("{} {}", counts[i], name(i)));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

// Where the feed cannot stop a process, it ran on although NT has it no more.
std::string denied_line(const FeedCounts& feed) {
  std::string line = fmt::format("denied by the policy: {}", plural(feed.denied, "process", "processes"));
  if (feed.enforced != 0) {
    line += fmt::format("; {} ended before the first instruction, with exit code 126", feed.enforced);
  }
  if (feed.denied != feed.enforced) {
    line += fmt::format("; {} not enforced: what already runs, or ran, is only seen", feed.denied - feed.enforced);
  }
  return line;
}

}  // namespace

bool Account::lost_anything() const {
  return counts.lost != 0 || without_record != 0 ||
         (feed && (feed->lost != 0 || feed->refused != 0 || feed->unreadable != 0));
}

std::vector<std::string> loss_lines(const Account& account) {
  std::vector<std::string> lines;
  if (account.counts.lost != 0) {
    lines.push_back(fmt::format("LOST {}: the reader was too slow; loss records stand where they are missing",
                                plural(account.counts.lost, "event", "events")));
  }
  if (account.without_record != 0) {
    lines.push_back(fmt::format("LOST {}: too large for the observer's ring",
                                plural(account.without_record, "notification", "notifications")));
  }
  if (account.feed && account.feed->lost != 0) {
    lines.push_back(fmt::format("LOST {}: Linux dropped them before they could be read, so processes are missing",
                                plural(account.feed->lost, "message", "messages")));
  }
  if (account.feed && account.feed->refused != 0) {
    lines.push_back(fmt::format("LOST {}: the NT host would not start them",
                                plural(account.feed->refused, "process", "processes")));
  }
  if (account.feed && account.feed->unreadable != 0) {
    lines.push_back(fmt::format("LOST {} of the notifier: the service could not read them and answered nothing",
                                plural(account.feed->unreadable, "message", "messages")));
  }
  return lines;
}

std::vector<std::string> summary_lines(const Account& account) {
  std::vector<std::string> lines;
  const std::string operations =
      listing(account.tally.by_operation, [](std::size_t i) { return operation_name(static_cast<Operation>(i)); });
  std::string line = plural(account.tally.events(), "event", "events");
  if (!operations.empty()) line += fmt::format(" ({})", operations);
  line += fmt::format("; produced {} = delivered {} + lost {}", account.counts.delivered + account.counts.lost,
                      account.counts.delivered, account.counts.lost);
  if (account.duration) line += fmt::format("; {:.1f} s", static_cast<double>(account.duration->count()) / 1000);
  lines.push_back(std::move(line));
  if (account.filter) {
    line = fmt::format("filter: {} shown, {} hidden", account.filter->shown, account.filter->hidden);
    if (account.filter->hidden_unknown_flags != 0) {
      line +=
          fmt::format(" ({} because the flags of their process are not known)", account.filter->hidden_unknown_flags);
    }
    lines.push_back(std::move(line));
  }
  if (account.feed) {
    line = fmt::format("processes: {} started, {} ended, {} messages lost", account.feed->started, account.feed->exited,
                       account.feed->lost);
    if (account.feed->incomplete != 0) {
      line += fmt::format(", {} gone before their image or command line could be read", account.feed->incomplete);
    }
    if (account.feed->clipped != 0) {
      line += fmt::format(", {} longer than NT allows and announced as a prefix",
                          plural(account.feed->clipped, "command line", "command lines"));
    }
    lines.push_back(std::move(line));
  }
  if (account.feed && account.feed->denied != 0) lines.push_back(denied_line(*account.feed));
  const std::string anomalies =
      listing(account.tally.by_anomaly, [](std::size_t i) { return anomaly_name(static_cast<wire::Anomaly>(i)); });
  if (!anomalies.empty()) lines.push_back("odd notifications: " + anomalies);
  if (account.tally.raw_records != 0) {
    lines.push_back(fmt::format("{} of a raw capture, for wdscope calibrate",
                                plural(account.tally.raw_records, "record", "records")));
  }
  if (account.tally.unknown_kinds != 0) {
    lines.push_back(fmt::format("{} of a kind this version does not know were skipped",
                                plural(account.tally.unknown_kinds, "record", "records")));
  }
  return lines;
}

}  // namespace wdscope::cli
