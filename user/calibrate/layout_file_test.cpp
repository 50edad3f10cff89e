// SPDX-License-Identifier: MIT
#include "calibrate/layout_file.h"

#include <gtest/gtest.h>

#include "calibrate/layout_row.h"

namespace wdscope::calibrate {
namespace {

using wire::LayoutMember;

constexpr std::string_view kGood = R"(version = 1
architecture = "x64"
build = "4.18.26010.1"
magic = 0x0148DA0F
size = 0x148
slot = -8

[members]
process_id = 0x18
create_time = 0x20
command_line = 0x28
flags = 0x34
trust = { offset = 0x34, bit = 6 }
protection = 0xB9
)";

std::string with(std::string_view old_text, std::string_view new_text) {
  std::string text(kGood);
  const auto at = text.find(old_text);
  EXPECT_NE(at, std::string::npos) << old_text;
  text.replace(at, old_text.size(), new_text);
  return text;
}

std::string fault_of(const std::string& text) {
  const auto file = parse_layout_file(text, "a.toml");
  if (file) return "none";
  EXPECT_EQ(file.error().code, ErrorCode::InputDamaged);
  return file.error().what;
}

TEST(LayoutFile, HoldsALayout) {
  const auto file = parse_layout_file(kGood, "a.toml");
  ASSERT_TRUE(file.has_value()) << file.error().what;
  EXPECT_EQ(file->build, "4.18.26010.1");
  EXPECT_EQ(file->layout.magic, 0x0148DA0Fu);
  EXPECT_EQ(file->layout.slot_offset, -8);
  EXPECT_EQ(file->layout.offset(LayoutMember::Protection), 0xB9u);
  EXPECT_EQ(file->layout.trust_mask, 0x40u);
  EXPECT_FALSE(file->layout.has(LayoutMember::SessionId));
  EXPECT_TRUE(wire::check_layout(file->layout).right());
}

TEST(LayoutFile, NamesLineAndColumnOfWhatIsWrong) {
  const std::tuple<std::string_view, std::string_view, std::string_view> kFaults[] = {
      {"version = 1", "version = 2", "layout a.toml:1:11: version must be 1"},
      {"\"x64\"", "\"arm64\"", "layout a.toml:2:16: the architecture must be \"x64\": no other is decoded"},
      {"size = 0x148", "size = 0x140", "layout a.toml:5:8: the size is 0x140, but the magic 0x0148da0f says 0x148"},
      {"magic = 0x0148DA0F\nsize = 0x148", "magic = 0x01481234\nsize = 0x148",
       "layout a.toml:4:9: 0x01481234 is no context's magic: expected a type of 0xda00 to 0xdaff below a size that is "
       "a multiple of 8, at least 0x40"},
      {"slot = -8", "slot = 16",
       "layout a.toml:6:8: 16 is no slot beside the argument: expected a multiple of 8 from -64 to -8, or from 32 to "
       "56"},
      {"process_id = 0x18", "process_id = 0x1C", "layout a.toml:9:14: 'process_id' must be aligned to its 8 bytes"},
      {"command_line = 0x28", "command_line = 0x20", "layout a.toml:11:16: 'command_line' overlaps 'create_time'"},
      {"command_line = 0x28", "command_line = 0x148",
       "layout a.toml:11:16: 'command_line' ends behind the 0x148 bytes of the context that are read"},
      {"protection = 0xB9", "protection = 0x2", "layout a.toml:14:14: 'protection' overlaps the magic"},
      {"protection = 0xB9", "protection = 0x36", "layout a.toml:14:14: 'protection' overlaps 'flags'"},
      {"protection = 0xB9", "protection = -1",
       "layout a.toml:14:14: 'protection' must be a whole number from 1 to 65535"},
      {"create_time = 0x20\n", "",
       "layout a.toml:8:1: member 'create_time' is missing: without it no context is recognised"},
      {"bit = 6", "bit = 32", "layout a.toml:13:32: 'bit' must be a whole number from 0 to 31"},
      {", bit = 6", "", "layout a.toml:13:9: 'trust' needs both offset and bit"},
      {"flags = ", "flag = ",
       "layout a.toml:12:1: unknown member 'flag': expected one of process_id, create_time, parent_process_id, "
       "command_line, image_name, flags, trust, protection, session_id"},
      {"slot = -8", "slot = ", "layout a.toml:6:8: "},
  };
  for (const auto& [old_text, new_text, expected] : kFaults) {
    const std::string fault = fault_of(with(old_text, new_text));
    EXPECT_EQ(fault.substr(0, expected.size()), expected);
  }
  EXPECT_EQ(fault_of(with("slot = -8\n", "")), "layout a.toml:1:1: 'slot' is missing");
  EXPECT_EQ(fault_of("x = 1"),
            "layout a.toml:1:1: unknown key 'x': expected one of version, architecture, magic, size, slot, build, "
            "source, members");
}

TEST(LayoutFile, OfACalibrationIsReadAsItWasInferred) {
  Calibration calibration;
  calibration.magic = 0x0148DA0F;
  calibration.slot_offset = 0x20;
  const auto set = [&](LayoutMember member, Sureness sureness, std::uint32_t place) {
    Finding& finding = calibration.members[static_cast<std::uint32_t>(member)];
    finding.sureness = sureness;
    finding.places = {place};
  };
  set(LayoutMember::ProcessId, Sureness::Certain, 0x10);
  set(LayoutMember::CreateTime, Sureness::Certain, 0x40);
  set(LayoutMember::Trust, Sureness::Certain, 0x64);
  calibration.members[static_cast<std::uint32_t>(LayoutMember::Trust)].trust_mask = 0x40;
  set(LayoutMember::Flags, Sureness::Likely, 0x64);
  const std::string text = write_layout_file(calibration, "a \"build\"\n\\", "a test");
  const auto file = parse_layout_file(text, "written");
  ASSERT_TRUE(file.has_value()) << file.error().what << '\n' << text;
  EXPECT_EQ(file->layout.offset(LayoutMember::CreateTime), 0x40u);
  EXPECT_EQ(file->layout.offset(LayoutMember::Trust), 0x64u);
  EXPECT_FALSE(file->layout.has(LayoutMember::Flags));
  EXPECT_EQ(file->build, "a \"build\" \\");
  EXPECT_NE(text.find("# flags = 0x64  # not certain"), std::string::npos) << text;
}

TEST(LayoutFile, BecomesARowOfTheCatalogueWithoutGap) {
  const auto file = parse_layout_file(kGood, "a.toml");
  ASSERT_TRUE(file.has_value());
  const std::string row = catalogue_row(*file);
  for (const std::string_view line :
       {"struct MP_PROCESS_CONTEXT_0148 {\n  std::uint32_t Magic;  // 0x000\n",
        "  std::uint8_t Unknown04[0x14];  // 0x004", "  std::uint64_t ProcessId;  // 0x018",
        "  std::uint8_t Unknown30[0x4];  // 0x030", "  std::uint32_t ProcessFlags;  // 0x034",
        "  std::uint8_t Protection;  // 0x0b9", "  std::uint8_t UnknownBA[0x8e];  // 0x0ba",
        "static_assert(sizeof(MP_PROCESS_CONTEXT_0148) == 0x148);",
        "    WD_LAYOUT_FIELD(MP_PROCESS_CONTEXT_0148, CommandLine, StringPointer, Single, \"C\", \"\"),"}) {
    EXPECT_NE(row.find(line), std::string::npos) << line << "\nin\n" << row;
  }
}

}  // namespace
}  // namespace wdscope::calibrate
