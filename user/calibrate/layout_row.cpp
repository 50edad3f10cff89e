// SPDX-License-Identifier: MIT
#include "calibrate/layout_row.h"

#include <fmt/format.h>

#include <iterator>
#include <map>

namespace wdscope::calibrate {
namespace {

using wire::LayoutMember;

struct MemberWords {
  std::string_view type;
  std::string_view name;
  std::string_view field_type;  // of abi/defender/layouts.h
};

MemberWords words_of(LayoutMember member) {
  switch (member) {
    case LayoutMember::ProcessId:
      return {"std::uint64_t", "ProcessId", "Handle"};
    case LayoutMember::CreateTime:
      return {"std::int64_t", "CreateTime", "FileTime"};
    case LayoutMember::ParentProcessId:
      return {"std::uint64_t", "ParentProcessId", "Handle"};
    case LayoutMember::CommandLine:
      return {"KernelAddress", "CommandLine", "StringPointer"};
    case LayoutMember::ImageName:
      return {"KernelAddress", "ImageName", "StringPointer"};
    case LayoutMember::Flags:
    case LayoutMember::Trust:
      return {"std::uint32_t", "ProcessFlags", "Unsigned"};
    case LayoutMember::Protection:
      return {"std::uint8_t", "Protection", "Unsigned"};
    case LayoutMember::SessionId:
      return {"std::uint32_t", "SessionId", "Unsigned"};
    case LayoutMember::Count:
      break;
  }
  return {};
}

}  // namespace

std::string catalogue_row(const LayoutFile& file) {
  const wire::ContextLayout& layout = file.layout;
  std::map<std::uint32_t, LayoutMember> by_offset;
  for (std::uint32_t index = 0; index < wire::kLayoutMemberCount; ++index) {
    if (layout.offsets[index] != wire::kNoMember) {
      by_offset.emplace(layout.offsets[index], static_cast<LayoutMember>(index));
    }
  }
  const std::string name = fmt::format("MP_PROCESS_CONTEXT_{:04X}", layout.magic >> 16);
  std::string members;
  std::string rows;
  std::uint32_t end = 0;
  const auto put = [&](std::uint32_t offset, std::uint32_t size, std::string_view type, std::string_view member,
                       std::string_view suffix, std::string_view field_type, std::string_view confidence) {
    fmt::format_to(std::back_inserter(members), "  {} {}{};  // {:#05x}\n", type, member, suffix, offset);
    fmt::format_to(std::back_inserter(rows), "    WD_LAYOUT_FIELD({}, {}, {}, {}, \"C\", \"\"),\n", name, member,
                   field_type, confidence);
    end = offset + size;
  };
  const auto gap = [&](std::uint32_t to) {
    if (to > end) {
      const std::uint32_t from = end;
      put(from, to - from, "std::uint8_t", fmt::format("Unknown{:02X}", from), fmt::format("[{:#x}]", to - from),
          "Bytes", "Assumed");
    }
  };
  put(0, sizeof layout.magic, "std::uint32_t", "Magic", "", "Unsigned", "Single");
  for (const auto& [offset, member] : by_offset) {
    gap(offset);
    const MemberWords words = words_of(member);
    put(offset, wire::kLayoutMemberRules[static_cast<std::uint32_t>(member)].size, words.type, words.name, "",
        words.field_type, "Single");
  }
  gap(layout.magic >> 16);
  return fmt::format(
      "// {}: {}\nstruct {} {{\n{}}};\nstatic_assert(sizeof({}) == {:#x});\n\ninline constexpr Field k{:04X}Fields[] = "
      "{{\n{}}};\n\n    {{\"{}\", \"{}\", sizeof({}), {:#010x}, \"tag MPpX\", list_of(k{:04X}Fields), {{}}}},\n",
      file.build, file.source, name, members, name, layout.magic >> 16, layout.magic >> 16, rows, name, file.build,
      name, layout.magic, layout.magic >> 16);
}

}  // namespace wdscope::calibrate
