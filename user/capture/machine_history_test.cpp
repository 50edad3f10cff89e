// SPDX-License-Identifier: MIT
// Small made-up logs, each line written as a collector would.
#include "capture/machine_history.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "event/decode.h"

namespace wdscope {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Seconds (with a fraction) after 05:00 of one day.
std::string sysmon_time(double seconds) {
  return fmt::format("2021-03-04 05:{:02}:{:06.3f}", static_cast<int>(seconds) / 60,
                     seconds - 60 * (static_cast<int>(seconds) / 60));
}

std::string sysmon_start(double time, int pid, std::string_view image, int parent, std::string_view more = {}) {
  return fmt::format(
      R"({{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Hostname":"W1","UtcTime":"{}","ProcessId":"{}",)"
      R"("Image":"C:\\{}","CommandLine":"{}","ParentProcessId":"{}","ParentImage":"C:\\parent.exe","ParentCommandLine":"parent"{}}})"
      "\n",
      sysmon_time(time), pid, image, image, parent, more);
}
std::string sysmon_end(double time, std::string_view pid, std::string_view image, std::string_view more = {}) {
  return fmt::format(
      R"({{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":5,"Hostname":"W1","UtcTime":"{}","ProcessId":"{}",)"
      R"("Image":"C:\\{}"{}}})"
      "\n",
      sysmon_time(time), pid, image, more);
}
std::string security_start(std::string_view event_time, int pid, std::string_view image, int parent,
                           std::string_view host = "W1") {
  return fmt::format(R"({{"Channel":"Security","EventID":4688,"Hostname":"{}","EventTime":"{}","NewProcessId":"{:#x}",)"
                     R"("NewProcessName":"C:\\{}","ProcessId":"{:#x}","CommandLine":"{} "}})"
                     "\n",
                     host, event_time, pid, image, parent, image);
}
std::string security_end(std::string_view event_time, int pid, std::string_view image) {
  return fmt::format(
      R"({{"Channel":"Security","EventID":4689,"Hostname":"W1","EventTime":"{}","ProcessId":"{:#x}","ProcessName":"C:\\{}"}})"
      "\n",
      event_time, pid, image);
}
std::string guid(std::string_view own) {
  return fmt::format(R"(,"ProcessGuid":"{{{}}}")", own);
}

ProcessHistory history_of(const std::string& text) {
  auto log = parse_process_log(LogText(text), "log");
  EXPECT_TRUE(log) << log.error().what;
  return log ? make_history(*log) : ProcessHistory();
}

// "+100 a.exe" for a start, "-" for an end, "!" for a missing end.
std::vector<std::string> told(const MachineHistory& machine) {
  std::vector<std::string> lines;
  for (const HistoryStep& step : machine.steps) {
    const HistoryProcess& process = machine.processes[step.process];
    lines.push_back(fmt::format("{}{} {}", "+-!"[static_cast<int>(step.kind)], process.pid, process.image));
  }
  return lines;
}
std::vector<std::string> told(const ProcessHistory& history) {
  EXPECT_EQ(history.machines.size(), 1u);
  return history.machines.empty() ? std::vector<std::string>() : told(history.machines.front());
}

TEST(MachineHistory, WhatBothChannelsTellIsToldOnce) {
  const auto history =
      history_of(sysmon_start(1.5, 100, "a.exe", 8) + security_start("2021-03-04 05:00:01", 100, "a.exe", 8) +
                 security_end("2021-03-04 05:00:03", 100, "a.exe") + sysmon_end(3.25, "100", "a.exe"));
  EXPECT_THAT(told(history), ElementsAre("+100 C:\\a.exe", "-100 C:\\a.exe"));
  EXPECT_EQ(history.counts.told_again, 2u);
  EXPECT_THAT(history.unplaced, IsEmpty());
  const HistoryProcess& process = history.machines[0].processes[0];
  EXPECT_EQ(format_time(process.created), "2021-03-04T05:00:01.5000000Z");
  EXPECT_EQ(process.command_line, "a.exe");
  EXPECT_EQ(process.parent_pid, 8u);
  EXPECT_EQ(format_time(history.machines[0].steps[1].time), "2021-03-04T05:00:03.2500000Z");
}

TEST(MachineHistory, OneChannelIsEnough) {
  EXPECT_THAT(told(history_of(security_start("2021-03-04 05:00:01", 100, "a.exe", 8) +
                              security_end("2021-03-04 05:00:03", 100, "a.exe"))),
              ElementsAre("+100 C:\\a.exe", "-100 C:\\a.exe"));
}

TEST(MachineHistory, WhatACollectorSendsTwiceIsToldOnce) {
  const std::string twice = sysmon_start(1, 100, "a.exe", 8) + security_end("2021-03-04 05:00:03", 100, "a.exe");
  const auto history = history_of(twice + twice);
  EXPECT_THAT(told(history), ElementsAre("+100 C:\\a.exe", "-100 C:\\a.exe"));
  EXPECT_EQ(history.counts.told_again, 2u);
}

TEST(MachineHistory, AnIdThatOneChannelLostIsTheOthers) {
  const std::string no_pid = sysmon_start(1, 100, "a.exe", 8, guid("aa"));
  std::string start = no_pid;
  start.replace(start.find("\"ProcessId\":\"100\","), 18, "");
  const auto history = history_of(start + security_start("2021-03-04 05:00:01", 100, "a.exe", 8) +
                                  sysmon_end(3, "-", "a.exe", guid("aa")));
  EXPECT_THAT(told(history), ElementsAre("+100 C:\\a.exe", "-100 C:\\a.exe"));
}

TEST(MachineHistory, TwinsAreTwoProcesses) {
  EXPECT_THAT(told(history_of(sysmon_start(1, 100, "a.exe", 8) + sysmon_start(1.01, 104, "a.exe", 8) +
                              security_start("2021-03-04 05:00:01", 104, "a.exe", 8) +
                              security_start("2021-03-04 05:00:01", 100, "a.exe", 8))),
              ElementsAre("+100 C:\\a.exe", "+104 C:\\a.exe"));
}

TEST(MachineHistory, LinesOutOfOrderAreSortedByTime) {
  EXPECT_THAT(told(history_of(sysmon_end(9, "100", "a.exe") + sysmon_start(5, 104, "b.exe", 100) +
                              sysmon_start(1, 100, "a.exe", 8))),
              ElementsAre("+100 C:\\a.exe", "+104 C:\\b.exe", "-100 C:\\a.exe"));
}

TEST(MachineHistory, LocalTimesAreCorrectedBySysmons) {
  const auto history = history_of(sysmon_start(1, 100, "a.exe", 8, R"(,"EventTime":"2021-03-04 01:30:01")") +
                                  security_end("2021-03-04 01:30:02", 100, "a.exe"));
  EXPECT_THAT(told(history), ElementsAre("+100 C:\\a.exe", "-100 C:\\a.exe"));
  EXPECT_EQ(format_time(history.machines[0].steps[1].time), "2021-03-04T05:00:02.0000000Z");
  EXPECT_THAT(history.notes, ElementsAre(HasSubstr("W1: EventTime is 3:30 h behind UTC")));
}

TEST(MachineHistory, ParentsAndEndsWithoutAStartRanBefore) {
  const auto history = history_of(sysmon_start(1, 100, "a.exe", 8) + sysmon_end(2, "300", "old.exe"));
  EXPECT_THAT(told(history), ElementsAre("+100 C:\\a.exe", "-300 C:\\old.exe"));
  const MachineHistory& machine = history.machines[0];
  ASSERT_EQ(machine.running_before.size(), 2u);
  EXPECT_EQ(machine.processes[machine.running_before[0]].pid, 300u);
  EXPECT_EQ(machine.processes[machine.running_before[1]].pid, 8u);
  EXPECT_EQ(machine.processes[machine.running_before[1]].image, "C:\\parent.exe");
  EXPECT_EQ(machine.processes[machine.running_before[1]].command_line, "parent");
}

TEST(MachineHistory, AReusedIdIsAnotherProcess) {
  EXPECT_THAT(told(history_of(sysmon_start(1, 100, "a.exe", 8) + sysmon_end(2, "100", "a.exe") +
                              sysmon_start(3, 100, "b.exe", 8) + sysmon_end(4, "100", "b.exe"))),
              ElementsAre("+100 C:\\a.exe", "-100 C:\\a.exe", "+100 C:\\b.exe", "-100 C:\\b.exe"));
}

TEST(MachineHistory, AnIdGivenAwayAgainEndsItsProcess) {
  const auto history = history_of(sysmon_start(1, 100, "a.exe", 8) + sysmon_start(3, 100, "b.exe", 8));
  EXPECT_THAT(told(history), ElementsAre("+100 C:\\a.exe", "!100 C:\\a.exe", "+100 C:\\b.exe"));
  EXPECT_EQ(history.counts.missing_ends, 1u);
}

TEST(MachineHistory, AnEndToldTooLateIsBeforeTheNextStart) {
  const auto history =
      history_of(sysmon_start(1, 100, "a.exe", 8, guid("aa")) + sysmon_start(3, 100, "b.exe", 8, guid("bb")) +
                 sysmon_end(3.5, "100", "a.exe", guid("aa")));
  EXPECT_THAT(told(history), ElementsAre("+100 C:\\a.exe", "-100 C:\\a.exe", "+100 C:\\b.exe"));
  EXPECT_EQ(history.counts.missing_ends, 0u);
}

TEST(MachineHistory, WhatFitsNowhereIsListedWithItsLine) {
  const auto history = history_of(sysmon_start(1, 101, "odd.exe", 8) + sysmon_end(2, "-", "lost.exe", guid("cc")) +
                                  sysmon_start(3, 100, "a.exe", 8) + sysmon_end(4, "100", "other.exe"));
  EXPECT_THAT(told(history), ElementsAre("+100 C:\\a.exe"));
  ASSERT_EQ(history.unplaced.size(), 3u);
  EXPECT_EQ(history.unplaced[0].line, 1u);
  EXPECT_THAT(history.unplaced[0].what, HasSubstr("the start of C:\\odd.exe on W1: its process id is none"));
  EXPECT_EQ(history.unplaced[1].line, 2u);
  EXPECT_THAT(history.unplaced[1].what, HasSubstr("nowhere in the log"));
  EXPECT_EQ(history.unplaced[2].line, 4u);
  EXPECT_THAT(history.unplaced[2].what, HasSubstr("another process"));
}

TEST(MachineHistory, EveryRecordIsCountedOnce) {
  const auto history =
      history_of(sysmon_start(1, 100, "a.exe", 8) + security_start("2021-03-04 05:00:01", 100, "a.exe", 8) +
                 sysmon_end(2, "-", "lost.exe") + sysmon_end(4, "100", "a.exe"));
  const HistoryCounts& counts = history.counts;
  EXPECT_EQ(counts.start_records + counts.end_records,
            counts.starts + counts.ends + counts.told_again + history.unplaced.size());
}

TEST(MachineHistory, EachHostIsAMachine) {
  const auto history = history_of(security_start("2021-03-04 05:00:01", 100, "a.exe", 8, "W1.example") +
                                  security_start("2021-03-04 05:00:02", 100, "a.exe", 8, "W2.example") +
                                  security_start("2021-03-04 05:00:03", 104, "b.exe", 100, "w1.EXAMPLE"));
  ASSERT_EQ(history.machines.size(), 2u);
  EXPECT_EQ(history.machines[0].host, "W1.example");
  EXPECT_THAT(told(history.machines[0]), ElementsAre("+100 C:\\a.exe", "+104 C:\\b.exe"));
  EXPECT_THAT(told(history.machines[1]), ElementsAre("+100 C:\\a.exe"));
}

TEST(ProcessLog, AFaultIsNamedWithFileLineAndColumn) {
  const auto log = parse_process_log(LogText("{}\n\n{\"a\" 1}\n"), "x.ndjson");
  ASSERT_FALSE(log);
  EXPECT_THAT(log.error().what, HasSubstr("x.ndjson:3:6: no JSON"));
  const auto missing =
      parse_process_log(LogText("\xEF\xBB\xBF{\"Channel\":\"Security\",\"EventID\":4688}"), "x.ndjson");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().what, HasSubstr("x.ndjson:1:1: a process event without the name of its machine"));
}

// Long enough for a thread of its own on every processor, so that lines are counted across the parts.
std::string long_log(int lines, int fault_in_line) {
  const std::string filling(4096, 'x');
  std::string text;
  for (int line = 1; line <= lines; ++line) {
    text += line == fault_in_line ? "{\n"
            : line % 2 == 0       ? sysmon_start(line, 4 * line + 8, "a.exe", 8)
                                  : fmt::format("{{\"Channel\":\"System\",\"Message\":\"{}\"}}\n", filling);
  }
  return text;
}

TEST(ProcessLog, ALongLogIsTheSameInParts) {
  constexpr int kLines = 1500;
  const auto log = parse_process_log(LogText(long_log(kLines, 0)), "x.ndjson");
  ASSERT_TRUE(log) << log.error().what;
  EXPECT_EQ(log->lines, 1500u);
  EXPECT_EQ(log->other_records, 750u);
  ASSERT_EQ(log->records.size(), 750u);
  for (std::size_t i = 0; i < log->records.size(); ++i) {
    EXPECT_EQ(log->records[i].line, 2 * i + 2);
    EXPECT_EQ(log->records[i].pid, 8 * i + 16);
  }
  for (const int line : {1, 749, 751, 1499}) {
    const auto damaged = parse_process_log(LogText(long_log(kLines, line)), "x.ndjson");
    ASSERT_FALSE(damaged);
    EXPECT_THAT(damaged.error().what, HasSubstr(fmt::format("x.ndjson:{}:2: no JSON", line)));
  }
}

TEST(ProcessLog, AMissingFileIsUnreadable) {
  EXPECT_EQ(load_process_log("/nonexistent/x.ndjson").error().code, ErrorCode::InputUnreadable);
  EXPECT_EQ(load_process_log("/tmp").error().code, ErrorCode::InputUnreadable);
}

}  // namespace
}  // namespace wdscope
