// SPDX-License-Identifier: MIT
#include "calibrate/layout_file.h"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
// The parser asserts what a bad file breaks, right before it reports it: let it report.
#define TOML_ASSERT(expression) static_assert(true)
#include <fmt/format.h>
#include <toml++/toml.h>

#include <bit>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

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

class LayoutReader {
 public:
  explicit LayoutReader(std::string_view name) : name_(name) {}

  Result<LayoutFile> read(const toml::table& root) {
    layout_.size = sizeof layout_;
    layout_.version = wire::kLayoutVersion;
    layout_.machine = wire::kMachineAmd64;
    for (const auto& [key, value] : root) {
      if (auto done = read_key(key, value); !done) return tl::unexpected(done.error());
    }
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

  tl::unexpected<Error> fault(const toml::source_position& at, const std::string& what) const {
    return failure(ErrorCode::InputDamaged, fmt::format("layout {}:{}:{}: {}", name_, at.line, at.column, what),
                   "docs/calibrate.md has every key");
  }

 private:
  template <class Located>
  tl::unexpected<Error> fault(const Located& where, const std::string& what) const {
    return fault(where.source().begin, what);
  }

  Result<void> read_key(const toml::key& key, const toml::node& value) {
    const std::string_view name = key.str();
    if (name == "version") {
      if (value.value_exact<std::int64_t>() != wire::kLayoutVersion) return fault(value, "version must be 1");
      return {};
    }
    if (name == "architecture") {
      const auto text = value.value_exact<std::string>();
      if (text == kArchitecture) return {};
      return fault(value, "the architecture must be \"x64\": no other is decoded");
    }
    if (name == "magic") return read_number(value, "magic", 0, UINT32_MAX).map([&](auto n) { set(layout_.magic, n); });
    if (name == "size") return read_number(value, "size", 0, UINT16_MAX).map([&](auto n) { set(size_, n); });
    if (name == "slot") {
      return read_number(value, "slot", INT16_MIN, INT16_MAX).map([&](auto n) {
        layout_.slot_offset = static_cast<std::int32_t>(n);
      });
    }
    if (name == "build") return read_text(value, "build", file_.build);
    if (name == "source") return read_text(value, "source", file_.source);
    if (name == "members") return read_members(value);
    return fault(key, fmt::format("unknown key '{}': expected one of version, architecture, magic, size, slot, build, "
                                  "source, members",
                                  name));
  }

  static void set(std::uint32_t& target, std::int64_t number) { target = static_cast<std::uint32_t>(number); }

  Result<std::int64_t> read_number(const toml::node& value, std::string_view name, std::int64_t least,
                                   std::int64_t most) const {
    const auto number = value.value_exact<std::int64_t>();
    if (number && *number >= least && *number <= most) return *number;
    return fault(value, fmt::format("'{}' must be a whole number from {} to {}", name, least, most));
  }

  Result<void> read_text(const toml::node& value, std::string_view name, std::string& out) const {
    const auto text = value.value_exact<std::string>();
    if (!text || text->size() > kLongestText) {
      return fault(value, fmt::format("'{}' must be text of at most {} bytes", name, kLongestText));
    }
    out = *text;
    return {};
  }

  Result<void> read_members(const toml::node& value) {
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

  Result<void> read_offset(const toml::node& value, LayoutMember member) {
    // 0 is the magic's; a layout keeps it for members that are not known.
    return read_number(value, rule_of(member).name, 1, UINT16_MAX).map([&](std::int64_t number) {
      set(layout_.offsets[static_cast<std::uint32_t>(member)], number);
    });
  }

  Result<void> read_trust(const toml::node& value) {
    const toml::table* const table = value.as_table();
    if (table == nullptr) return fault(value, "'trust' must say word and bit: expected { offset = 0x34, bit = 6 }");
    for (const auto& [key, number] : *table) {
      if (key.str() == "offset") {
        if (auto done = read_offset(number, LayoutMember::Trust); !done) return done;
      } else if (key.str() == "bit") {
        const auto bit = read_number(number, "bit", 0, 31);
        if (!bit) return tl::unexpected(bit.error());
        layout_.trust_mask = 1u << *bit;
      } else {
        return fault(key, fmt::format("unknown key '{}' of 'trust': expected offset and bit", key.str()));
      }
    }
    if (table->get("offset") == nullptr || table->get("bit") == nullptr) {
      return fault(value, "'trust' needs both offset and bit");
    }
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

  std::string name_;
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
