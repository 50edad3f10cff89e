// SPDX-License-Identifier: MIT
// A layout of a process context that is not in the catalogue, as it is given to the observer for this boot; and the one
// set of rules that a layout must keep, checked by the tool that reads a layout file and again by the driver.
//
// A loaded layout is believed as the catalogue is: only for a context whose magic is the layout's and whose process id
// and creation time are those that NT has. So a wrong layout costs events nothing but what it was loaded for.
#pragma once

#include <cstddef>
#include <cstdint>

#include "abi/wire/raw_capture.h"

namespace wdscope::wire {

// In: ContextLayout; nothing takes the loaded one away. Out: nothing. Replaces what was loaded; a magic of the
// catalogue is then decoded by the loaded layout. STATUS_INFO_LENGTH_MISMATCH for a wrong size or version,
// STATUS_NOT_SUPPORTED for another architecture, STATUS_INVALID_PARAMETER for a layout that breaks a rule below.
// Needs write access.
inline constexpr std::uint32_t kControlLoadLayout = control_code(0x80B, Method::Buffered, ControlAccess::Write);

inline constexpr std::uint32_t kLayoutVersion = 1;
inline constexpr std::uint32_t kMachineAmd64 = 0x8664;  // IMAGE_FILE_MACHINE_AMD64

enum class LayoutMember : std::uint32_t {
  ProcessId,
  CreateTime,
  ParentProcessId,
  CommandLine,
  ImageName,
  Flags,
  Trust,  // the word that holds the trust bit: Flags as a rule
  Protection,
  SessionId,
  Count
};
inline constexpr std::uint32_t kLayoutMemberCount = static_cast<std::uint32_t>(LayoutMember::Count);

struct LayoutMemberRule {
  const char* name;  // in layout files and reports
  std::uint32_t size;
  bool required;
};
inline constexpr LayoutMemberRule kLayoutMemberRules[kLayoutMemberCount] = {
    {"process_id", 8, true},    {"create_time", 8, true}, {"parent_process_id", 8, false},
    {"command_line", 8, false},  // UNICODE_STRING*
    {"image_name", 8, false},    // UNICODE_STRING*
    {"flags", 4, false},        {"trust", 4, false},      {"protection", 1, false},
    {"session_id", 4, false},
};

inline constexpr std::uint32_t kNoMember = 0;  // where the magic stands, nothing else can

struct ContextLayout {
  std::uint32_t size;                         // sizeof(ContextLayout)
  std::uint32_t version;                      // kLayoutVersion
  std::uint32_t machine;                      // kMachineAmd64
  std::uint32_t magic;                        // the context's first word: size in the upper half, type in the lower
  std::int32_t slot_offset;                   // where the pointer to the context stands, from Argument1
  std::uint32_t trust_mask;                   // one bit; 0 without Trust
  std::uint32_t reserved;                     // 0
  std::uint32_t offsets[kLayoutMemberCount];  // of the members, each aligned to its size; kNoMember: unknown

  constexpr std::uint32_t offset(LayoutMember member) const { return offsets[static_cast<std::uint32_t>(member)]; }
  constexpr bool has(LayoutMember member) const { return offset(member) != kNoMember; }
  // Bytes that have to be read.
  constexpr std::uint32_t context_size() const {
    return magic >> 16 < kMaximumRawContextSize ? magic >> 16 : kMaximumRawContextSize;
  }
};
static_assert(sizeof(ContextLayout) == 64);

enum class LayoutFault : std::uint32_t {
  None,
  Size,
  Version,
  Machine,
  Magic,      // type not 0xDA.., or a size half that is no multiple of 8 or below kMinimumRawContextSize
  Slot,       // not a multiple of 8, outside the neighbourhood, or inside the argument
  Reserved,   // not 0
  TrustMask,  // not one bit, or without its word
  Missing,    // a required member
  Misaligned,
  OutOfBounds,  // beyond the size that the magic tells, or beyond what is read
  Overlap,      // with `other`, or with the magic when both are the same
};

struct LayoutVerdict {
  LayoutFault fault = LayoutFault::None;
  LayoutMember member = LayoutMember::Count;
  LayoutMember other = LayoutMember::Count;
  constexpr bool right() const { return fault == LayoutFault::None; }
};

constexpr bool is_plausible_context_magic(std::uint32_t magic) {
  const std::uint32_t size = magic >> 16;
  return (magic & 0xFF00) == 0xDA00 && size % 8 == 0 && size >= kMinimumRawContextSize;
}

constexpr bool is_slot(std::int32_t offset) {
  constexpr std::int32_t kArgumentSize = 0x20;
  return offset % 8 == 0 && offset >= kFirstRawSlot && offset <= kLastRawSlot &&
         (offset < 0 || offset >= kArgumentSize);
}

// Every rule, in the order of LayoutFault.
constexpr LayoutVerdict check_layout(const ContextLayout& layout) {
  if (layout.size != sizeof(ContextLayout)) return {LayoutFault::Size};
  if (layout.version != kLayoutVersion) return {LayoutFault::Version};
  if (layout.machine != kMachineAmd64) return {LayoutFault::Machine};
  if (!is_plausible_context_magic(layout.magic)) return {LayoutFault::Magic};
  if (!is_slot(layout.slot_offset)) return {LayoutFault::Slot};
  if (layout.reserved != 0) return {LayoutFault::Reserved};
  const bool one_bit = layout.trust_mask != 0 && (layout.trust_mask & (layout.trust_mask - 1)) == 0;
  if (layout.has(LayoutMember::Trust) ? !one_bit : layout.trust_mask != 0) {
    return {LayoutFault::TrustMask, LayoutMember::Trust};
  }
  for (std::uint32_t index = 0; index < kLayoutMemberCount; ++index) {
    const auto member = static_cast<LayoutMember>(index);
    const LayoutMemberRule& rule = kLayoutMemberRules[index];
    const std::uint32_t offset = layout.offsets[index];
    if (offset == kNoMember) {
      if (rule.required) return {LayoutFault::Missing, member};
      continue;
    }
    if (offset % rule.size != 0) return {LayoutFault::Misaligned, member};
    if (offset > layout.context_size() || rule.size > layout.context_size() - offset) {
      return {LayoutFault::OutOfBounds, member};
    }
    if (offset < sizeof(layout.magic)) return {LayoutFault::Overlap, member, member};
    for (std::uint32_t before = 0; before < index; ++before) {
      const std::uint32_t other = layout.offsets[before];
      if (other == kNoMember || offset >= other + kLayoutMemberRules[before].size || other >= offset + rule.size) {
        continue;
      }
      const auto other_member = static_cast<LayoutMember>(before);
      // The trust bit is one of the flags, as a rule.
      if (member == LayoutMember::Trust && other_member == LayoutMember::Flags && offset == other) continue;
      return {LayoutFault::Overlap, member, other_member};
    }
  }
  return {};
}

}  // namespace wdscope::wire
