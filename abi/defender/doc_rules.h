// SPDX-License-Identifier: MIT
// MP_DOC_OPEN_RULES and MP_DOC_OPEN_RULE: which processes open which files as documents. One root in the driver; a rule
// names one process image and lists extensions. Source: research ExecutiveCallbackObjects, WdFilter-Research (1910),
// wdfilter-research (25080); the same in every build.
#pragma once

#include "abi/defender/opaque.h"

namespace wdscope::defender {

inline constexpr std::uint32_t kDocOpenRulesMagic = magic_of(0x100, 0xDA14);
inline constexpr std::uint32_t kDocOpenRuleMagic = magic_of(0x228, 0xDA15);
inline constexpr std::uint32_t kDocRuleNameUnits = 261;

// Nonpaged pool, tag "MPdo".
struct MP_DOC_OPEN_RULES {
  std::uint32_t Magic;           // 0x00
  std::uint32_t Padding04;       // 0x04
  KernelAddress Head;            // 0x08 the +0x08 member of the first rule, or NULL; singly linked
  EresourceBytes Lock;           // 0x10 taken before the process table's
  std::uint8_t Padding78[0x08];  // 0x78
  LookasideBytes RuleLookaside;  // 0x80 paged, element 0x228, tag "MPdo"
};
static_assert(sizeof(MP_DOC_OPEN_RULES) == 0x100);
static_assert(offsetof(MP_DOC_OPEN_RULES, Head) == 0x08 && offsetof(MP_DOC_OPEN_RULES, Lock) == 0x10);
static_assert(offsetof(MP_DOC_OPEN_RULES, RuleLookaside) == 0x80);

// From the root's lookaside list, cleared.
struct MP_DOC_OPEN_RULE {
  std::uint32_t Magic;                      // 0x000
  std::int32_t RefCount;                    // 0x004 one for the list, one for each context that points to it
  KernelAddress Next;                       // 0x008 the +0x08 member of the next rule, or NULL
  char16_t ProcessName[kDocRuleNameUnits];  // 0x010 file name alone
  std::uint8_t Padding21A[0x06];            // 0x21A
  KernelAddress Extensions;                 // 0x220 multi-string in paged pool, tag "MPdo"
};
static_assert(sizeof(MP_DOC_OPEN_RULE) == 0x228);
static_assert(offsetof(MP_DOC_OPEN_RULE, RefCount) == 0x004 && offsetof(MP_DOC_OPEN_RULE, Next) == 0x008);
static_assert(offsetof(MP_DOC_OPEN_RULE, ProcessName) == 0x010);
static_assert(offsetof(MP_DOC_OPEN_RULE, Extensions) == 0x220);

}  // namespace wdscope::defender
