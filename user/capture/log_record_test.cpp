// SPDX-License-Identifier: MIT
#include "capture/log_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "capture/log_text.h"
#include "event/decode.h"

namespace wdscope {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

// What a record says points into its line.
class LogRecordOf : public testing::Test {
 protected:
  LogRecord record_of(std::string_view line) {
    const auto record = read_log_record(lines_.emplace_back(line).characters());
    EXPECT_TRUE(record) << record.error().what;
    if (!record || !*record) {
      ADD_FAILURE() << "no record: " << line;
      return {};
    }
    return **record;
  }

  std::string fault_of(std::string_view line) {
    const auto record = read_log_record(lines_.emplace_back(line).characters());
    if (record) {
      ADD_FAILURE() << "was taken: " << line;
      return {};
    }
    EXPECT_EQ(record.error().code, ErrorCode::InputDamaged);
    return record.error().what;
  }

  std::deque<LogText> lines_;
};

TEST_F(LogRecordOf, ASysmonStartTellsEverything) {
  const LogRecord record = record_of(
      R"({"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Hostname":"W1","UtcTime":"2021-03-04 05:06:07.089",)"
      R"("ProcessGuid":"{AB00}","ProcessId":"4244","Image":"C:\\a.exe","CommandLine":"a \"b\" \u00e9","TerminalSessionId":"2",)"
      R"("ParentProcessGuid":"{ab01}","ParentProcessId":"800","ParentImage":"C:\\p.exe","ParentCommandLine":"p"})");
  EXPECT_EQ(record.channel, LogRecord::Channel::Sysmon);
  EXPECT_EQ(record.kind, LogRecord::Kind::Start);
  EXPECT_EQ(record.host, "W1");
  EXPECT_EQ(format_time(*record.utc_time), "2021-03-04T05:06:07.0890000Z");
  EXPECT_EQ(record.guid, "{ab00}");
  EXPECT_EQ(record.pid, 4244u);
  EXPECT_EQ(record.image, "C:\\a.exe");
  EXPECT_EQ(record.command_line, "a \"b\" \u00e9");
  EXPECT_EQ(record.session_id, 2u);
  EXPECT_EQ(record.parent_guid, "{ab01}");
  EXPECT_EQ(record.parent_pid, 800u);
  EXPECT_EQ(record.parent_image, "C:\\p.exe");
  EXPECT_EQ(record.parent_command_line, "p");
}

TEST_F(LogRecordOf, ASecurityStartNamesItsCreatorByProcessId) {
  const LogRecord record = record_of(
      R"({"Channel":"security","EventID":"4688","Hostname":"W1","@timestamp":"2021-03-04T05:06:07Z","NewProcessId":"0x1094",)"
      R"("NewProcessName":"C:\\a.exe","ProcessId":"0x320","ParentProcessName":"C:\\p.exe","CommandLine":"a"})");
  EXPECT_EQ(record.channel, LogRecord::Channel::Security);
  EXPECT_EQ(record.pid, 0x1094u);
  EXPECT_EQ(record.parent_pid, 0x320u);
  EXPECT_EQ(record.parent_image, "C:\\p.exe");
  EXPECT_EQ(record.command_line, "a");
}

TEST_F(LogRecordOf, AnEndNamesItselfByProcessId) {
  const LogRecord security = record_of(
      R"({"Channel":"Security","EventID":4689,"Computer":"W1","EventTime":"2021-03-04 05:06:07","ProcessId":"0x1094","ProcessName":"C:\\a.exe"})");
  EXPECT_EQ(security.kind, LogRecord::Kind::End);
  EXPECT_EQ(security.pid, 0x1094u);
  const LogRecord sysmon = record_of(
      R"({"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":5,"Hostname":"W1","UtcTime":"2021-03-04 05:06:07",)"
      R"("ProcessGuid":"{ab00}","Image":"C:\\a.exe"})");
  EXPECT_EQ(sysmon.kind, LogRecord::Kind::End);
  EXPECT_EQ(sysmon.pid, std::nullopt);
  EXPECT_EQ(sysmon.guid, "{ab00}");
}

TEST_F(LogRecordOf, WhatTheCollectorLostIsInTheMessage) {
  const LogRecord sysmon = record_of(
      R"({"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Hostname":"W1","UtcTime":"2021-03-04 05:06:07",)"
      R"("ProcessID":3140,"ExecutionProcessID":3140,"Image":"C:\\a.exe",)"
      R"("Message":"Process Create:\r\nProcessId: 4892\r\nImage: C:\\b.exe\r\nParentProcessId: 1444\r\nParentImage: C:\\p.exe"})");
  EXPECT_EQ(sysmon.pid, 4892u);
  EXPECT_EQ(sysmon.image, "C:\\a.exe");
  EXPECT_EQ(sysmon.parent_pid, 1444u);
  EXPECT_EQ(sysmon.parent_image, "C:\\p.exe");
  const LogRecord security = record_of(
      R"({"Channel":"Security","EventID":4688,"Hostname":"W1","@timestamp":"2021-03-04T05:06:07Z","ProcessID":4,)"
      R"("NewProcessName":"C:\\a.exe","Message":"A new process\r\n\tNew Process ID:\t\t0xef0\r\n\tCreator Process ID:\t0x828\r\n"})");
  EXPECT_EQ(security.pid, 0xef0u);
  EXPECT_EQ(security.parent_pid, 0x828u);
}

TEST_F(LogRecordOf, ADashAndTheZeroGuidAreUnknown) {
  const LogRecord record = record_of(
      R"({"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Hostname":"W1","UtcTime":"2021-03-04 05:06:07",)"
      R"("Image":"C:\\a.exe","CommandLine":"-","ProcessId":"-","ProcessGuid":"{00000000-0000-0000-0000-000000000000}"})");
  EXPECT_EQ(record.command_line, "");
  EXPECT_EQ(record.pid, std::nullopt);
  EXPECT_EQ(record.guid, "");
}

TEST_F(LogRecordOf, NestedNamesAreNotTheRecords) {
  const LogRecord record = record_of(
      R"({"Channel":"Security","EventID":4689,"Hostname":"W1","@timestamp":"2021-03-04T05:06:07Z","ProcessId":"0x10",)"
      R"("ProcessName":"C:\\a.exe","agent":{"ProcessId":"0x99","Hostname":"X","EventID":1},"tags":["ProcessId","x"]})");
  EXPECT_EQ(record.pid, 0x10u);
  EXPECT_EQ(record.host, "W1");
}

TEST_F(LogRecordOf, NumbersAreTheirDigits) {
  const std::string start =
      R"({"Channel":"Security","EventID":4689,"Hostname":"W1","@timestamp":"2021-03-04T05:06:07Z","ProcessName":"a","ProcessId":)";
  EXPECT_EQ(record_of(start + "4244}").pid, 4244u);
  EXPECT_EQ(record_of(start + "18446744073709551615}").pid, 18446744073709551615u);
  EXPECT_EQ(record_of(start + "42.5}").pid, std::nullopt);
  EXPECT_THAT(fault_of(start + "-4}"), HasSubstr("'-4' is no process id"));
}

TEST_F(LogRecordOf, OtherEventsAndChannelsAreNone) {
  for (const char* line : {"{}", R"({"Channel":"Security","EventID":4624})", R"({"Channel":"System","EventID":1})",
                           R"({"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":4688})"}) {
    const auto record = read_log_record(lines_.emplace_back(line).characters());
    ASSERT_TRUE(record) << record.error().what;
    EXPECT_FALSE(*record) << line;
  }
}

TEST_F(LogRecordOf, EachFaultSaysWhatWasExpected) {
  EXPECT_THAT(fault_of(R"({"Channel": "Security",)"), HasSubstr("24: no JSON"));
  EXPECT_THAT(fault_of("[1]"), HasSubstr("expected a JSON object"));
  EXPECT_THAT(fault_of("4688"), HasSubstr("expected a JSON object"));
  EXPECT_THAT(fault_of(std::string_view("{}\0{}", 5)), StartsWith("3: no JSON: a NUL character"));
  const std::string start = R"({"Channel":"Security","EventID":4688)";
  EXPECT_THAT(fault_of(start + "}"), AllOf(StartsWith("1: "), HasSubstr("expected Hostname")));
  EXPECT_THAT(fault_of(start + R"(,"Hostname":"W"})"), HasSubstr("expected UtcTime, TimeCreated"));
  EXPECT_THAT(fault_of(start + R"(,"Hostname":"W","@timestamp":"noon"})"),
              StartsWith(std::to_string(start.size() + sizeof(R"(,"Hostname":"W",)")) + ": 'noon' is no time"));
  EXPECT_THAT(fault_of(start + R"(,"Hostname":"W","@timestamp":"2021-03-04T05:06:07Z"})"),
              HasSubstr("expected NewProcessName"));
  EXPECT_THAT(
      fault_of(start +
               R"(,"Hostname":"W","@timestamp":"2021-03-04T05:06:07Z","NewProcessName":"a","NewProcessId":"0xg"})"),
      HasSubstr("'0xg' is no process id: expected NewProcessId"));
}

}  // namespace
}  // namespace wdscope
