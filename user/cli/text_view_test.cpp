// SPDX-License-Identifier: MIT
#include "cli/text_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>

#include "abi/defender/flags.h"
#include "cli/character_width.h"
#include "cli/test_surroundings.h"
#include "event/dos_paths.h"
#include "event/record_builder.h"

namespace wdscope::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint32_t kMagic = 0x0130DA0F;

Origin lab() {
  Origin origin;
  origin.kind = Origin::Kind::Lab;
  origin.profile = "a5";
  origin.pid_factor = 4;
  return origin;
}

class TextViewTest : public testing::Test {
 protected:
  TextViewTest() : path_(fs::path(testing::TempDir()) / ("view" + std::to_string(std::random_device{}()))) {}
  ~TextViewTest() override { fs::remove(path_); }
  void SetUp() override {
    use_unicode_widths();
    if (!use_utc()) GTEST_SKIP() << "the machine's time zone is not UTC";
  }

  TextView view(TextStyle style, const std::vector<std::string>& header) const {
    auto file = OutputFile::create(path_, Overwrite::Yes);
    EXPECT_TRUE(file) << file.error().what;
    return TextView(std::move(*file), origin_, std::move(style), header);
  }

  // What the view makes of `records`, each written by itself.
  std::string shown(const std::vector<std::vector<std::byte>>& records, TextStyle style = {},
                    const std::vector<std::string>& header = {}) {
    TextView made = view(std::move(style), header);
    for (const auto& record : records) EXPECT_TRUE(made.write(record));
    EXPECT_TRUE(made.close());
    std::ifstream file(path_, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    return text;
  }

  static TextStyle terminal(std::size_t columns, Color color = Color::Off) {
    return {color, [columns] { return std::optional(columns); }};
  }

  Origin origin_ = lab();
  fs::path path_;
};

TEST_F(TextViewTest, AMachineWithDrivesHasItsDosPathsShown) {
  origin_.dos_paths = std::make_shared<const DosPaths>(DosNames{{{"C:", "\\Device\\HarddiskVolume1"}}, {}});
  const auto records = {RecordBuilder::create(400, 100).image(u"\\Device\\HarddiskVolume1\\cc").build(),
                        RecordBuilder::create(404, 100).image(u"\\Device\\HarddiskVolume2\\ld").build()};
  const std::string text = shown(records);
  EXPECT_THAT(text, HasSubstr(" C:\\cc "));
  EXPECT_THAT(text, HasSubstr(" \\Device\\HarddiskVolume2\\ld "));
}

RecordBuilder cc() {
  RecordBuilder record = RecordBuilder::create(4 * 812, 4 * 800);
  record.image(u"\\Device\\HarddiskVolume1\\usr\\bin\\cc")
      .command_line(u"cc -c main.c")
      .context(kMagic, defender::flag::NewProcess | defender::flag::Trusted);
  record.fixed().argument_bytes_1c[0] = 1;
  return record;
}

TEST_F(TextViewTest, AlignsItsColumnsAndShowsLinuxPids) {
  RecordBuilder trust = RecordBuilder::trust(4 * 812, 0);
  EXPECT_EQ(shown({cc().build(), trust.build(), RecordBuilder::terminate(4 * 812).build()}, {}, {"a replica"}),
            "# a replica\n"
            "TIME         OPERATION     PID    PPID TRUST FLAGS                           IMAGE                        "
            "            "
            "COMMAND LINE\n"
            "# 2026-11-22 (UTC+00:00)\n"
            "08:30:15.123 create        812     800 yes   new_process,trusted             "
            "\\Device\\HarddiskVolume1\\usr\\bin\\cc     "
            "  "
            "cc -c main.c\n"
            "08:30:15.123 trust         812       - no    -                               "
            "\\Device\\HarddiskVolume1\\usr\\bin\\cc     "
            "  "
            "-\n"
            "08:30:15.123 terminate     812       - -     -                               "
            "\\Device\\HarddiskVolume1\\usr\\bin\\cc     "
            "  "
            "-\n");
}

TEST_F(TextViewTest, TheImageIsForgottenWithItsProcess) {
  const auto trust = RecordBuilder::trust(4 * 812, 1).build();
  const std::string text = shown({cc().build(), RecordBuilder::terminate(4 * 812).build(), trust});
  EXPECT_THAT(text.substr(text.rfind("trust ")), Not(HasSubstr("cc")));
}

TEST_F(TextViewTest, ALossStandsWhereItHappened) {
  std::vector<std::byte> loss;
  append_loss_record(loss, 5, 10);
  EXPECT_THAT(shown({loss}), HasSubstr("loss      10 events are missing here (sequence 5 to 14)\n"));
}

TEST_F(TextViewTest, ACommandLineCannotDriveTheTerminal) {
  RecordBuilder record = cc();
  record.command_line(u"cc \x1b]0;owned\x07\n\u202E");
  EXPECT_THAT(shown({record.build()}), HasSubstr("cc ␛]0;owned␇␊<U+202E>\n"));
}

TEST_F(TextViewTest, OnATerminalEveryLineFits) {
  for (const std::size_t columns : {80, 100, 132, 200}) {
    RecordBuilder record = cc();
    record.command_line(u"cc " + std::u16string(300, u'\u65E5'));
    std::string text = shown({record.build()}, terminal(columns));
    text.pop_back();
    const std::string line = text.substr(text.rfind('\n') + 1);
    std::string scratch;
    EXPECT_LE(append_printable(scratch, line), columns);
    EXPECT_THAT(line, testing::EndsWith("…"));
  }
}

TEST_F(TextViewTest, ANarrowTerminalGetsFileNames) {
  const std::string text = shown({cc().build()}, terminal(80));
  EXPECT_THAT(text, HasSubstr(" cc "));
  EXPECT_THAT(text, Not(HasSubstr("HarddiskVolume1")));
}

TEST_F(TextViewTest, AFileGetsTheWholeCommandLine) {
  RecordBuilder record = cc();
  record.command_line(std::u16string(30'000, u'x'));
  EXPECT_THAT(shown({record.build()}), HasSubstr(std::string(30'000, 'x')));
}

TEST_F(TextViewTest, ColoursOnlyWhenTold) {
  EXPECT_THAT(shown({cc().build()}, terminal(132)), Not(HasSubstr("\x1b")));
  EXPECT_THAT(shown({cc().build()}, terminal(132, Color::On)), HasSubstr("\x1b[32mcreate"));
}

TEST_F(TextViewTest, AnomaliesAndUnknownFlagBitsAreNamed) {
  RecordBuilder record = cc();
  record.context(kMagic, 0x80000000).anomaly(wire::Anomaly::ParentMismatch);
  EXPECT_THAT(shown({record.build()}), HasSubstr("0x80000000,!parent_mismatch"));
}

TEST_F(TextViewTest, AnUnreadableArgumentIsShownAsUnknown) {
  RecordBuilder record = RecordBuilder::create(4, 0);
  record.fixed().known = 0;
  record.anomaly(wire::Anomaly::ArgumentNull);
  EXPECT_THAT(shown({record.build()}), HasSubstr("unknown         -       - -     !argument_null"));
}

TEST_F(TextViewTest, ASnapshotsMarksAreLinesOfTheirOwn) {
  const std::string text = shown({RecordBuilder::snapshot(wire::SnapshotBoundary::Begin, 0).build(),
                                  RecordBuilder::snapshot(wire::SnapshotBoundary::End, 7).build()});
  EXPECT_THAT(text, HasSubstr("snapshot  begins here"));
  EXPECT_THAT(text, HasSubstr("snapshot  ends here: 7 processes"));
}

TEST_F(TextViewTest, AMalformedRecordIsAnErrorAndAnUnknownKindIsNot) {
  TextView made = view({}, {});
  auto record = cc().build();
  const auto cut = made.write(std::span(record).first(record.size() - 8));
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, ErrorCode::InputDamaged);
  record[offsetof(wire::RecordHeader, kind)] = std::byte{99};
  EXPECT_TRUE(made.write(record));
}

}  // namespace
}  // namespace wdscope::cli
