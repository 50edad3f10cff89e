// SPDX-License-Identifier: MIT
#include "calibrate/layout_file.h"

#include <fmt/format.h>

#include <bit>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

#include "toml/toml_reader.h"

namespace wdscope::calibrate {
namespace {

using wire::LayoutFault;
using wire::LayoutMember;

constexpr std::string_view kArchitecture = "x64";
constexpr std::uintmax_t kLargestFile = 64 * 1024;
constexpr std::size_t kLongestText = 256;

const wire::LayoutMemberRule& rule_of(LayoutMember member) {
  return wire::kLayoutMemberRules[static_cast<std::uint32_t>(member)];
}

class LayoutReader : public TomlReader {
 public:
  explicit LayoutReader(std::string_view name) : TomlReader("layout", name, "docs/calibrate.md has every key") {}

  Result<LayoutFile> read(const toml::table& root) {
    layout_.size = sizeof layout_;
    layout_.version = wire::kLayoutVersion;
    layout_.machine = wire::kMachineAmd64;
    auto done = read_keys(
        root, "",
        {{"version", [&](const Node& value) { return read_version(value); }},
         {"architecture", [&](const Node& value) { return read_architecture(value); }},
         {"magic", [&](const Node& value) { return read_number(value, "magic", 0, UINT32_MAX, layout_.magic); }},
         {"size", [&](const Node& value) { return read_number(value, "size", 0, UINT16_MAX, size_); }},
         {"slot",
          [&](const Node& value) { return read_number(value, "slot", INT16_MIN, INT16_MAX, layout_.slot_offset); }},
         {"build", [&](const Node& value) { return read_text(value, "build", file_.build); }},
         {"source", [&](const Node& value) { return read_text(value, "source", file_.source); }},
         {"members", [&](const Node& value) { return read_members(value); }}});
    if (!done) return tl::unexpected(done.error());
    for (const std::string_view needed : {"version", "architecture", "magic", "size", "slot", "members"}) {
      if (root.get(needed) == nullptr) return fault(root, fmt::format("'{}' is missing", needed));
    }
    if (size_ != layout_.magic >> 16) {
      return fault(*root.get("size"), fmt::format("the size is {:#x}, but the magic {:#010x} says {:#x}", size_,
                                                  layout_.magic, layout_.magic >> 16));
    }
    if (const auto verdict = wire::check_layout(layout_); !verdict.right()) return broken(root, verdict);
    file_.layout = layout_;
    return std::move(file_);
  }

 private:
  Result<void> read_version(const Node& value) const {
    if (value.value_exact<std::int64_t>() != wire::kLayoutVersion) return fault(value, "version must be 1");
    return {};
  }

  Result<void> read_architecture(const Node& value) const {
    if (value.value_exact<std::string>() == kArchitecture) return {};
    return fault(value, "the architecture must be \"x64\": no other is decoded");
  }

  template <class Number>
  Result<void> read_number(const Node& value, std::string_view name, std::int64_t least, std::int64_t most,
                           Number& out) const {
    const auto number = value.value_exact<std::int64_t>();
    if (!number || *number < least || *number > most) {
      return fault(value, fmt::format("'{}' must be a whole number from {} to {}", name, least, most));
    }
    out = static_cast<Number>(*number);
    return {};
  }

  Result<void> read_text(const Node& value, std::string_view name, std::string& out) const {
    const auto text = value.value_exact<std::string>();
    if (!text || text->size() > kLongestText) {
      return fault(value, fmt::format("'{}' must be text of at most {} bytes", name, kLongestText));
    }
    out = *text;
    return {};
  }

  Result<void> read_members(const Node& value) {
    const toml::table* const table = value.as_table();
    if (table == nullptr) return fault(value, "'members' must be a table: expected [members]");
    for (const auto& [key, place] : *table) {
      std::uint32_t index = 0;
      while (index < wire::kLayoutMemberCount && key.str() != wire::kLayoutMemberRules[index].name) ++index;
      if (index == wire::kLayoutMemberCount) {
        std::string expected;
        for (const auto& rule : wire::kLayoutMemberRules)
          expected += (expected.empty() ? "" : ", ") + std::string(rule.name);
        return fault(key, fmt::format("unknown member '{}': expected one of {}", key.str(), expected));
      }
      where_[index] = place.source().begin;
      const auto member = static_cast<LayoutMember>(index);
      auto done = member == LayoutMember::Trust ? read_trust(place) : read_offset(place, member);
      if (!done) return done;
    }
    return {};
  }

  Result<void> read_offset(const Node& value, LayoutMember member) {
    // 0 is the magic's; a layout keeps it for members that are not known.
    return read_number(value, rule_of(member).name, 1, UINT16_MAX, layout_.offsets[static_cast<std::uint32_t>(member)]);
  }

  Result<void> read_trust(const Node& value) {
    const toml::table* const table = value.as_table();
    if (table == nullptr) return fault(value, "'trust' must say word and bit: expected { offset = 0x34, bit = 6 }");
    std::uint32_t bit = 0;
    auto done = read_keys(*table, "trust.",
                          {{"offset", [&](const Node& node) { return read_offset(node, LayoutMember::Trust); }},
                           {"bit", [&](const Node& node) { return read_number(node, "bit", 0, 31, bit); }}});
    if (!done) return done;
    if (table->get("offset") == nullptr || table->get("bit") == nullptr) {
      return fault(value, "'trust' needs both offset and bit");
    }
    layout_.trust_mask = 1u << bit;
    return {};
  }

  // A broken rule, told where the file breaks it.
  tl::unexpected<Error> broken(const toml::table& root, const wire::LayoutVerdict& verdict) const {
    const bool has_member = verdict.member != LayoutMember::Count;
    const std::string name = has_member ? rule_of(verdict.member).name : "";
    const auto at = [&] { return where_[static_cast<std::uint32_t>(verdict.member)]; };
    switch (verdict.fault) {
      case LayoutFault::Magic:
        return fault(
            *root.get("magic"),
            fmt::format("{:#010x} is no context's magic: expected a type of 0xda00 to 0xdaff below a size that "
                        "is a multiple of 8, at least {:#x}",
                        layout_.magic, wire::kMinimumRawContextSize));
      case LayoutFault::Slot:
        return fault(*root.get("slot"), fmt::format("{} is no slot beside the argument: expected a multiple of 8 from "
                                                    "{} to -8, or from 32 to {}",
                                                    layout_.slot_offset, wire::kFirstRawSlot, wire::kLastRawSlot));
      case LayoutFault::Missing:
        return fault(*root.get("members"),
                     fmt::format("member '{}' is missing: without it no context is recognised", name));
      case LayoutFault::Misaligned:
        return fault(at(), fmt::format("'{}' must be aligned to its {} bytes", name, rule_of(verdict.member).size));
      case LayoutFault::OutOfBounds:
        return fault(at(), fmt::format("'{}' ends behind the {:#x} bytes of the context that are read", name,
                                       layout_.context_size()));
      case LayoutFault::Overlap:
        return fault(at(),
                     fmt::format("'{}' overlaps {}", name,
                                 verdict.other == verdict.member ? "the magic"
                                                                 : fmt::format("'{}'", rule_of(verdict.other).name)));
      default:
        return fault(root, "it breaks a rule of layouts");
    }
  }

  LayoutFile file_;
  wire::ContextLayout layout_{};
  std::uint32_t size_ = 0;
  toml::source_position where_[wire::kLayoutMemberCount]{};
};

std::string toml_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\';
    if (byte < 0x20 || byte == 0x7F) {
      out += ' ';
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string member_line(const Calibration& calibration, LayoutMember member) {
  const Finding& finding = calibration.member(member);
  const std::string_view name = rule_of(member).name;
  std::string value;
  if (finding.places.size() == 1) {
    value = member == LayoutMember::Trust ? fmt::format("{{ offset = {:#x}, bit = {} }}", finding.places.front(),
                                                        std::countr_zero(finding.trust_mask))
                                          : fmt::format("{:#x}", finding.places.front());
  }
  if (finding.sureness == Sureness::Certain) return fmt::format("{} = {}\n", name, value);
  return fmt::format("# {} = {}  # not certain: {}\n", name, value.empty() ? "?" : value, finding.why);
}

}  // namespace

Result<LayoutFile> parse_layout_file(std::string_view text, std::string_view name) {
  const toml::parse_result parsed = toml::parse(text);
  LayoutReader reader(name);
  if (parsed) return reader.read(parsed.table());
  const toml::parse_error& error = parsed.error();
  return reader.fault(error.source().begin, std::string(error.description()));
}

Result<LayoutFile> load_layout_file(const std::filesystem::path& path) {
  std::error_code no_size;
  const auto size = std::filesystem::file_size(path, no_size);
  if (!no_size && size > kLargestFile) {
    return failure(ErrorCode::InputDamaged,
                   fmt::format("layout {} is larger than {} bytes", path.string(), kLargestFile),
                   "name a layout file, as wdscope calibrate writes it");
  }
  std::ifstream file(path);
  std::ostringstream content;
  if (!file || !(content << file.rdbuf())) {
    return failure(ErrorCode::InputUnreadable, "cannot read the layout " + path.string(),
                   "name a readable layout file");
  }
  return parse_layout_file(content.str(), path.string());
}

std::string write_layout_file(const Calibration& calibration, std::string_view build, std::string_view source) {
  std::string out = "# The layout of a process context, for wdscope (docs/calibrate.md).\n";
  const auto add = [&out](fmt::string_view format, auto&&... values) {
    fmt::vformat_to(std::back_inserter(out), format, fmt::make_format_args(values...));
  };
  add("version = {}\narchitecture = \"{}\"\n", wire::kLayoutVersion, kArchitecture);
  add("build = {}\nsource = {}\n", toml_text(build), toml_text(source));
  add("magic = {:#010x}\nsize = {:#x}\n", calibration.magic, calibration.magic >> 16);
  add("slot = {}  # where the pointer to the context stands, from Argument1\n\n[members]\n", calibration.slot_offset);
  for (std::uint32_t index = 0; index < wire::kLayoutMemberCount; ++index) {
    out += member_line(calibration, static_cast<LayoutMember>(index));
  }
  return out;
}

}  // namespace wdscope::calibrate
