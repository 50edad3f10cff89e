// SPDX-License-Identifier: MIT
#include "cli/driver_pages.h"

#include <gtest/gtest.h>

namespace wdscope::cli {
namespace {

TEST(ReportPage, SaysNoneWhereThereIsNothing) {
  DriverReport report;
  report.name = "x.sys";
  EXPECT_EQ(report_page(report, {}),
            "\nx.sys after 0 process starts and 0 exits\n"
            "  registrations   none\n"
            "  devices         none\n"
            "  objects         none\n"
            "  pool            none\n"
            "  locks taken     none\n");
}

TEST(ReportPage, CountsPoolByTagAndLocksByPlace) {
  DriverReport report;
  report.name = "x.sys";
  report.registrations = {"one", "two"};
  report.pool = {{"Abcd", "paged", 1, 1}, {"Efgh", "nonpaged", 2, 64}};
  report.locks = {{"spin lock", "x.sys!lock", 1}, {"ERESOURCE", "there", 12}};
  FeedCounts feed;
  feed.started = 1;
  feed.exited = 2;
  EXPECT_EQ(report_page(report, feed),
            "\nx.sys after 1 process start and 2 exits\n"
            "  registrations   one\n"
            "                  two\n"
            "  devices         none\n"
            "  objects         none\n"
            "  pool            'Abcd' paged: 1 allocation, 1 byte\n"
            "                  'Efgh' nonpaged: 2 allocations, 64 bytes\n"
            "  locks taken     spin lock at x.sys!lock: taken 1 time\n"
            "                  ERESOURCE at there: taken 12 times\n");
}

TEST(CrashPage, IsWholeAndSafeForATerminal) {
  Crash crash;
  crash.code = "0x3B SYSTEM_SERVICE_EXCEPTION";
  crash.parameters = "0x1, 0x2, 0x3, 0x4";
  crash.happening = "read of 0x8 by x.sys!f\x1b[2J";
  crash.on_behalf = "somebody";
  crash.why = {"first", "second"};
  crash.advice = "do better";
  crash.stack = {"x.sys!f", "x.sys!g"};
  crash.irql = 2;
  crash.command = CommandFate::Killed;
  EXPECT_EQ(crash_page("x.sys", crash),
            "\nx.sys would stop Windows: bug check 0x3B SYSTEM_SERVICE_EXCEPTION (0x1, 0x2, 0x3, 0x4)\n"
            "  what happened   read of 0x8 by x.sys!f\u241b[2J\n"
            "  on behalf of    somebody\n"
            "  why it is fatal first\n"
            "                  second\n"
            "  what to do      do better\n"
            "  IRQL            2\n"
            "  stack           x.sys!f\n"
            "                  x.sys!g\n"
            "  the command     was told to end (SIGTERM), did not, and was killed; what it had started goes on "
            "unwatched\n");
}

TEST(CrashPage, NeedsNeitherAdviceNorStack) {
  Crash crash;
  crash.why = {"because"};
  const std::string page = crash_page("x.sys", crash);
  EXPECT_EQ(page.find("what to do"), std::string::npos);
  EXPECT_NE(page.find("  stack           none\n"), std::string::npos);
  EXPECT_NE(page.find("  the command     was not running\n"), std::string::npos);
}

}  // namespace
}  // namespace wdscope::cli
