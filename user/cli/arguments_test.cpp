// SPDX-License-Identifier: MIT
#include "cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/test_surroundings.h"

namespace wdscope::cli {
namespace {

using testing::HasSubstr;

Arguments understood(std::vector<std::string> words) {
  const auto request = parse_arguments(std::move(words));
  if (!request) {
    ADD_FAILURE() << request.error().what;
    return {};
  }
  return std::get<Arguments>(*request);
}

std::string printed(std::vector<std::string> words) {
  const auto request = parse_arguments(std::move(words));
  if (!request) {
    ADD_FAILURE() << request.error().what;
    return {};
  }
  return std::get<Printout>(*request).text;
}

Error refused(std::vector<std::string> words) {
  const auto request = parse_arguments(std::move(words));
  if (request) {
    ADD_FAILURE() << "was understood";
    return {};
  }
  EXPECT_EQ(request.error().code, ErrorCode::Usage);
  return request.error();
}

bool has_lab() {
  return parse_arguments({"watch", "--profile", "a5"}).has_value();
}
constexpr char kNoLab[] = "labs are of Linux";

TEST(Arguments, EveryOptionOfWatchArrives) {
  if (!has_lab()) GTEST_SKIP() << kNoLab;
  const Arguments arguments =
      understood({"watch", "--profile", "1910", "--for", "10s", "--format=ndjson", "-o", "out.ndjson", "--force",
                  "--drivers", "dir", "--policy", "p.toml", "--color", "never", "--verbose", "--quiet"});
  EXPECT_EQ(arguments.verb, Verb::Watch);
  EXPECT_EQ(arguments.profile, Profile::Wd1910);
  EXPECT_EQ(arguments.duration, std::chrono::seconds(10));
  EXPECT_EQ(arguments.format, Format::Ndjson);
  EXPECT_EQ(arguments.output, "out.ndjson");
  EXPECT_EQ(arguments.overwrite, Overwrite::Yes);
  EXPECT_EQ(arguments.drivers, "dir");
  EXPECT_EQ(arguments.policy, "p.toml");
  EXPECT_EQ(arguments.color, ColorChoice::Never);
  EXPECT_EQ(arguments.driver_output, DriverOutput::Shown);
  EXPECT_EQ(arguments.talk, Talk::Quiet);
}

TEST(Arguments, TheFilterWordsAreTheSameInEveryVerbThatShowsProcesses) {
  for (const char* verb : {"watch", "ps", "tree"}) {
    const Arguments arguments =
        understood({verb, "--untrusted", "--excluded", "--flag", "service_host", "--flag=protection_valid", "--pid",
                    "7", "--pid", "8", "--image", "a*", "--image", "b"});
    EXPECT_TRUE(arguments.filter.untrusted && arguments.filter.excluded) << verb;
    EXPECT_EQ(arguments.filter.flags, 0x100u);
    EXPECT_EQ(arguments.filter.state, 0x01u);
    EXPECT_EQ(arguments.filter.pids, (std::vector<std::uint64_t>{7, 8}));
    EXPECT_EQ(arguments.filter.patterns, (std::vector<std::string>{"a*", "b"}));
  }
  EXPECT_TRUE(understood({"replay", "x"}).filter.empty());
}

TEST(Arguments, AWrongFilterWordIsSaidExactly) {
  EXPECT_THAT(refused({"ps", "--flag", "service_hots"}).what, HasSubstr("did you mean 'service_host'?"));
  EXPECT_THAT(refused({"ps", "--pid", "12x"}).what, HasSubstr("'12x' is no process id"));
  EXPECT_THAT(refused({"ps", "--pid", "-1"}).what, HasSubstr("-1"));
  refused({"record", "--untrusted"});
}

TEST(Arguments, ExplainHasATargetAndMayHaveARecording) {
  const Arguments arguments = understood({"explain", "--from", "x.wdrec", "cc"});
  EXPECT_EQ(arguments.verb, Verb::Explain);
  EXPECT_EQ(arguments.target, "cc");
  EXPECT_EQ(arguments.file, "x.wdrec");
  refused({"explain"});
}

TEST(Arguments, LayoutsIsPrintedInItsOwnFormats) {
  set_variable("WDSCOPE_FORMAT", "ndjson");
  EXPECT_THAT(printed({"layouts"}), HasSubstr("MP_PROCESS_CONTEXT_25080"));
  set_variable("WDSCOPE_FORMAT", nullptr);
  EXPECT_THAT(printed({"layouts", "--format", "c"}), HasSubstr("#define MP_PROCESS_TABLE_MAGIC 0x01c0da13u"));
}

TEST(Arguments, TheNewestProfileIsTheDefault) {
  const Arguments arguments = understood({"watch"});
  EXPECT_EQ(arguments.profile, Profile::WdA5);
  EXPECT_EQ(arguments.overwrite, Overwrite::No);
  EXPECT_FALSE(arguments.duration);
}

TEST(Arguments, WhatStandsBehindTheSeparatorBelongsToTheCommand) {
  const Arguments arguments = understood({"run", "-o", "x", "--", "watch", "--help", "--", "-o"});
  EXPECT_EQ(arguments.verb, Verb::Run);
  EXPECT_EQ(arguments.output, "x");
  EXPECT_THAT(arguments.command, testing::ElementsAre("watch", "--help", "--", "-o"));
}

TEST(Arguments, LabLoadTakesADriverAndPerhapsACommand) {
  if (!has_lab()) GTEST_SKIP() << kNoLab;
  const Arguments alone = understood({"lab", "load", "x.sys"});
  EXPECT_EQ(alone.verb, Verb::LabLoad);
  EXPECT_EQ(alone.file, "x.sys");
  EXPECT_EQ(alone.observer, ObserverChoice::Beside);
  EXPECT_TRUE(alone.command.empty());
  const Arguments whole = understood({"lab", "load", "--without-observer", "x.sys", "--profile", "25080", "-o", "page",
                                      "--force", "--", "make", "-j"});
  EXPECT_EQ(whole.observer, ObserverChoice::Absent);
  EXPECT_EQ(whole.profile, Profile::Wd25080);
  EXPECT_EQ(whole.output, "page");
  EXPECT_EQ(whole.overwrite, Overwrite::Yes);
  EXPECT_EQ(whole.command, (std::vector<std::string>{"make", "-j"}));
  EXPECT_THAT(refused({"lab", "unload", "x.sys"}).what, HasSubstr("lab load"));
  EXPECT_THAT(refused({"lab", "load"}).what, HasSubstr("FILE"));
}

TEST(Arguments, AVerbMayHaveTwoWords) {
  if (!has_lab()) GTEST_SKIP() << kNoLab;
  const Arguments play = understood({"lab", "play", "--profile", "1910", "log.ndjson"});
  EXPECT_EQ(play.verb, Verb::LabPlay);
  EXPECT_EQ(play.profile, Profile::Wd1910);
  EXPECT_EQ(play.file, "log.ndjson");
  const Arguments check = understood({"policy", "check", "p.toml"});
  EXPECT_EQ(check.verb, Verb::PolicyCheck);
  EXPECT_EQ(check.file, "p.toml");
  const Arguments apply = understood({"policy", "apply", "--lab", "4711", "p.toml"});
  EXPECT_EQ(apply.verb, Verb::PolicyApply);
  EXPECT_EQ(apply.file, "p.toml");
  EXPECT_EQ(apply.lab, "4711");
  EXPECT_THAT(refused({"lab"}).what, HasSubstr("'lab' needs another word: lab play"));
  EXPECT_THAT(refused({"policy", "chekc", "x"}).what, HasSubstr("policy check"));
  EXPECT_THAT(printed({"lab", "play", "--help"}), HasSubstr("Usage: wdscope lab play [OPTIONS] FILE"));
  refused({"lab", "play"});
  refused({"policy", "check", "a", "b"});
}

TEST(Arguments, AMistypedVerbOrOptionIsAnsweredWithTheNearest) {
  EXPECT_THAT(refused({"wathc"}).what, HasSubstr("did you mean 'watch'"));
  EXPECT_THAT(refused({"run", "--fromat", "text", "--", "ls"}).what, HasSubstr("did you mean '--format'"));
  EXPECT_THAT(refused({"watch", "--outptu=x"}).what, HasSubstr("did you mean '--output'"));
}

TEST(Arguments, ACommandWithoutTheSeparatorIsExplained) {
  EXPECT_THAT(refused({"run", "make"}).advice, HasSubstr("wdscope run -- make"));
}

TEST(Arguments, WhatMakesNoSenseIsRefused) {
  refused({});
  refused({"run"});
  refused({"run", "--"});
  refused({"watch", "--"});
  refused({"watch", "run"});
  refused({"watch", "--for", "soon"});
  refused({"watch", "--for"});
  refused({"replay"});
  refused({"replay", "a", "b"});
  refused({"replay", "a", "--", "ls"});
  refused({"completion", "tcsh"});
  EXPECT_THAT(refused({"watch", "--format", "9"}).what, HasSubstr("text,ndjson"));
  refused({"watch", "--profile", "9"});
}

TEST(Arguments, ARefusedProfileIsToldWithThoseThatThereAre) {
  if (!has_lab()) GTEST_SKIP() << kNoLab;
  EXPECT_THAT(refused({"watch", "--profile", "9"}).what, HasSubstr("1910,20h1,25080,a5"));
}

TEST(Arguments, AVariableStandsInForAnOptionAndTheOptionWins) {
  set_variable("WDSCOPE_COLOR", "never");
  EXPECT_EQ(understood({"watch"}).color, ColorChoice::Never);
  EXPECT_EQ(understood({"watch", "--color", "always"}).color, ColorChoice::Always);
  set_variable("WDSCOPE_COLOR", nullptr);
}

TEST(Arguments, HelpComesWithExamplesBeforeOptions) {
  for (const char* verb : {"watch", "run", "record", "replay"}) {
    const std::string help = printed({verb, "--help"});
    const std::size_t examples = help.find("Examples:");
    const std::size_t options = help.find("Options:");
    ASSERT_NE(examples, std::string::npos) << verb;
    ASSERT_NE(options, std::string::npos) << verb;
    EXPECT_LT(examples, options) << verb;
    EXPECT_THAT(help, HasSubstr(std::string("Usage: wdscope ") + verb));
  }
  EXPECT_THAT(printed({"--help"}), HasSubstr("Verbs:"));
}

TEST(Arguments, TheVersionNamesProgramProtocolAndSchema) {
  const std::string version = printed({"--version"});
  EXPECT_THAT(version, HasSubstr("wdscope " WDSCOPE_VERSION));
  EXPECT_THAT(version, HasSubstr("protocol with the driver: 1"));
  EXPECT_THAT(version, HasSubstr("wdscope.event/1"));
}

TEST(Arguments, CompletionAndManualKnowEveryVerbAndOption) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = printed({"completion", shell});
    for (const char* word : {"watch", "run", "record", "replay", "format", "ndjson", "drivers"}) {
      EXPECT_THAT(script, HasSubstr(word)) << shell;
    }
  }
  const std::string manual = printed({"manual"});
  EXPECT_THAT(manual, HasSubstr(".TH WDSCOPE 1"));
  EXPECT_THAT(manual, HasSubstr("\\-\\-format"));
}

}  // namespace
}  // namespace wdscope::cli
