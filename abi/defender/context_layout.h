// SPDX-License-Identifier: MIT
// What is decoded of a process context, and where each layout has it: the catalogue's rows without its texts, in a form
// that a driver can follow. Whoever decodes goes by this table, so a layout that was learnt on a machine needs no code.
//
// In every layout the context begins with its magic, and ProcessId and CreateTime must be there: they are the key by
// which a context is recognised.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "abi/defender/layouts.h"

namespace wdscope::defender {

// In records a set of these is a word with one bit each: this order never changes, new ones come behind.
enum class ContextMember : std::uint8_t {
  ProcessId,
  CreateTime,
  CommandLine,
  ProcessFlags,
  ProcessRules,
  ProcessRules2,
  CodeInjectionTargetMask,
  CodeInjectionRequestMask,
  DocRule,
  SubsystemInformation,
  ImageName,
  Protection,
  KnownProcessType,
  SessionId,
  ProcessRules3,
  State,
  SendResult,
  InfoApplications,
  Count
};
inline constexpr std::size_t kContextMemberCount = static_cast<std::size_t>(ContextMember::Count);
static_assert(kContextMemberCount <= 32, "a set of members is a word");

constexpr std::uint32_t member_bit(ContextMember member) {
  return 1u << static_cast<std::uint32_t>(member);
}

// As the catalogue names them, in the order of ContextMember, and how wide each is wherever it is.
struct ContextMemberForm {
  std::string_view name;
  std::uint16_t size;
};
inline constexpr ContextMemberForm kContextMemberForms[] = {
    {"ProcessId", 8},
    {"CreateTime", 8},
    {"CommandLine", 8},
    {"ProcessFlags", 4},
    {"ProcessRules", 4},
    {"ProcessRules2", 4},
    {"CodeInjectionTargetMask", 8},
    {"CodeInjectionRequestMask", 8},
    {"DocRule", 8},
    {"SubsystemInformation", 4},
    {"ImageName", 8},
    {"Protection", 1},
    {"KnownProcessType", 4},
    {"SessionId", 4},
    {"ProcessRules3", 4},
    {"State", 4},
    {"SendResult", 4},
    {"InfoApplications", 4},
};
static_assert(std::size(kContextMemberForms) == kContextMemberCount);
constexpr std::uint16_t size_of(ContextMember member) {
  return kContextMemberForms[static_cast<std::size_t>(member)].size;
}

// No layout's last member ends farther from its begin: what a decoder must have room for.
inline constexpr std::uint32_t kMaximumContextSpan = 0x400;

struct ContextLayout {
  std::uint32_t magic;
  std::uint32_t members;  // member_bit()s of those that it has
  std::uint32_t span;     // bytes from the begin to the end of the last of them
  std::uint16_t offsets[kContextMemberCount];

  constexpr bool has(ContextMember member) const { return (members & member_bit(member)) != 0; }
  constexpr std::uint16_t offset_of(ContextMember member) const { return offsets[static_cast<std::size_t>(member)]; }

  constexpr void add(ContextMember member, std::uint16_t offset) {
    members |= member_bit(member);
    offsets[static_cast<std::size_t>(member)] = offset;
    const std::uint32_t end = std::uint32_t{offset} + size_of(member);
    if (end > span) span = end;
  }
};

// A catalogued structure's; `sound` turns false when a member is narrower or wider there than everywhere.
constexpr ContextLayout context_layout_of(const layout::Structure& structure, bool& sound) {
  ContextLayout result{structure.magic, 0, sizeof(std::uint32_t), {}};
  for (const layout::FieldList* list : {&structure.head, &structure.tail}) {
    for (const layout::Field& field : *list) {
      for (std::size_t index = 0; index < kContextMemberCount; ++index) {
        if (field.name != kContextMemberForms[index].name) continue;
        if (field.size != kContextMemberForms[index].size) sound = false;
        result.add(static_cast<ContextMember>(index), static_cast<std::uint16_t>(field.offset));
      }
    }
  }
  return result;
}

struct CataloguedContexts {
  ContextLayout layouts[layout::kProcessContextMagics.count];
  bool sound;
};
constexpr CataloguedContexts catalogued_contexts() {
  CataloguedContexts result{};
  result.sound = true;
  std::size_t count = 0;
  for (const layout::Structure& structure : layout::kStructures) {
    if (!layout::kProcessContextMagics.contain(structure.magic)) continue;
    ContextLayout& layout = result.layouts[count++];
    layout = context_layout_of(structure, result.sound);
    result.sound = result.sound && layout.has(ContextMember::ProcessId) && layout.has(ContextMember::CreateTime) &&
                   layout.span <= kMaximumContextSpan;
  }
  return result;
}
inline constexpr CataloguedContexts kCataloguedContexts = catalogued_contexts();
static_assert(kCataloguedContexts.sound);

// The catalogued layout of that magic, or null.
constexpr const ContextLayout* catalogued_context(std::uint32_t magic) {
  for (const ContextLayout& layout : kCataloguedContexts.layouts) {
    if (layout.magic == magic) return &layout;
  }
  return nullptr;
}

}  // namespace wdscope::defender
