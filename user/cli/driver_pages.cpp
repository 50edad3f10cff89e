// SPDX-License-Identifier: MIT
#include "cli/driver_pages.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "cli/printable.h"

namespace wdscope::cli {
namespace {

constexpr std::size_t kTermWidth = 16;

// "  term          first line\n                second line\n".
void add(std::string& page, std::string_view term, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    page += fmt::format("  {:<{}}", term, kTermWidth);
    append_printable(page, line);
    page += '\n';
    term = "";
  }
}

std::vector<std::string> or_none(std::vector<std::string> lines) {
  if (lines.empty()) lines.emplace_back("none");
  return lines;
}

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string fate_words(CommandFate fate) {
  switch (fate) {
    case CommandFate::NotRunning:
      break;
    case CommandFate::Ended:
      return "was told to end (SIGTERM) and did; what it had started goes on unwatched";
    case CommandFate::Killed:
      return "was told to end (SIGTERM), did not, and was killed; what it had started goes on unwatched";
    case CommandFate::Abandoned:
      return "is killed with all that it had started: the thread that follows it is stuck in the machine";
  }
  return "was not running";
}

}  // namespace

std::string report_page(const DriverReport& report, const FeedCounts& feed) {
  std::string page = fmt::format("\n{} after {}\n", report.name,
                                 fmt::format("{} and {}", counted(feed.started, "process start", "process starts"),
                                             counted(feed.exited, "exit", "exits")));
  add(page, "registrations", or_none(report.registrations));
  add(page, "devices", or_none(report.devices));
  add(page, "objects", or_none(report.objects));
  std::vector<std::string> pool;
  for (const auto& sum : report.pool) {
    pool.push_back(fmt::format("'{}' {}: {}, {}", sum.tag, sum.kind,
                               counted(sum.allocations, "allocation", "allocations"),
                               counted(sum.bytes, "byte", "bytes")));
  }
  add(page, "pool", or_none(std::move(pool)));
  std::vector<std::string> locks;
  for (const auto& lock : report.locks) {
    locks.push_back(fmt::format("{} at {}: taken {}", lock.kind, lock.place, counted(lock.taken, "time", "times")));
  }
  add(page, "locks taken", or_none(std::move(locks)));
  return page;
}

std::string crash_page(const std::string& driver, const Crash& crash) {
  std::string page = fmt::format("\n{} would stop Windows: bug check {} ({})\n", driver, crash.code, crash.parameters);
  add(page, "what happened", {crash.happening});
  add(page, "on behalf of", {crash.on_behalf});
  add(page, "why it is fatal", crash.why);
  if (!crash.advice.empty()) add(page, "what to do", {crash.advice});
  add(page, "IRQL", {std::to_string(crash.irql)});
  add(page, "stack", or_none(crash.stack));
  add(page, "the command", {fate_words(crash.command)});
  return page;
}

}  // namespace wdscope::cli
