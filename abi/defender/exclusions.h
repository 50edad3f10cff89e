// SPDX-License-Identifier: MIT
// Exclusions and what belongs to them: MP_PROCESS_EXCLUSION, its entries, the hardening-exclusion data and csrss's.
// Source: research WdFilter-Research (1910), wdfilter-research (25080). None of these has a magic.
#pragma once

#include "abi/defender/opaque.h"

namespace wdscope::defender {

// Nonpaged pool, tag "MPps".
struct MP_PROCESS_EXCLUSION {
  EresourceBytes Lock;          // 0x00
  KernelAddress Head;           // 0x68 first MP_PROCESS_EXCLUDED; singly linked
  KernelAddress HardeningData;  // 0x70 HARDENING_EXCLUSION_DATA, made at first need
};
static_assert(sizeof(MP_PROCESS_EXCLUSION) == 0x78);
static_assert(offsetof(MP_PROCESS_EXCLUSION, Head) == 0x68 && offsetof(MP_PROCESS_EXCLUSION, HardeningData) == 0x70);

// Paged pool, tag "MPnd"; the text is paged, tag "MPpn", two bytes longer than its length.
struct MP_PROCESS_EXCLUDED {
  KernelAddress Next;        // 0x00
  CountedString Path;        // 0x08
  std::uint8_t NoBackslash;  // 0x18 a bare file name
  std::uint8_t Wildcard;     // 0x19 ended in "\*": the asterisk is cut off, the backslash stays
  std::uint8_t Padding1A[6];
};
static_assert(sizeof(MP_PROCESS_EXCLUDED) == 0x20);
static_assert(offsetof(MP_PROCESS_EXCLUDED, Path) == 0x08 && offsetof(MP_PROCESS_EXCLUDED, NoBackslash) == 0x18);

inline constexpr std::uint32_t kMinimumWildcardSize = 8;  // bytes: shorter texts are no wildcards

// Paged pool, tag "MPps"; entries are pushed at the front. 1910: assumed the same shape.
struct HARDENING_EXCLUSION_DATA {
  ListLinks Entries;       // 0x00
  KernelAddress MpCmdRun;  // 0x10 UNICODE_STRING*: full path, string tag "MPvn"
};
static_assert(sizeof(HARDENING_EXCLUSION_DATA) == 0x18);

// Paged pool, tag "MPat".
struct HARDENING_EXCLUSION {
  ListLinks Links;     // 0x00
  KernelAddress Path;  // 0x10 UNICODE_STRING*, string tag "MBOe"
  union {
    std::uint32_t Mask;  // 0x18 1910: or'ed into ProcessFlags
    struct {
      std::uint8_t Registry;  // 0x18 later: excluded from registry, file, object hardening
      std::uint8_t File;      // 0x19
      std::uint8_t Object;    // 0x1A
    } Kinds;
  };
  std::uint32_t Padding1C;
};
static_assert(sizeof(HARDENING_EXCLUSION) == 0x20);
static_assert(offsetof(HARDENING_EXCLUSION, Path) == 0x10 && offsetof(HARDENING_EXCLUSION, Mask) == 0x18);

// Paged pool, tag "MPps"; three UNICODE_STRING*.
struct CSRSS_HOOK_DATA {
  KernelAddress SystemRoot;  // 0x00
  KernelAddress WinSxS;      // 0x08
  KernelAddress CsrssPath;   // 0x10
  std::uint8_t HookSet;      // 0x18
  std::uint8_t Padding19[7];
};
static_assert(sizeof(CSRSS_HOOK_DATA) == 0x20 && offsetof(CSRSS_HOOK_DATA, HookSet) == 0x18);

// The images that WdFilter itself excludes from hardening, under System32.
struct HardeningName {
  const char16_t* name;
  std::uint8_t selector;  // assumed meaning: 4 every system, 2 Windows 10 and later, 1 older ones
  std::uint32_t mask;     // ProcessFlags
};
inline constexpr HardeningName kHardeningNames1910[] = {
    {u"lsass.exe", 4, 0x20},    {u"csrss.exe", 4, 0x20},   {u"services.exe", 4, 0x20},
    {u"msiexec.exe", 1, 0x20},  {u"poqexec.exe", 2, 0x20}, {u"Register-CimProvider.exe", 1, 0x20},
    {u"svchost.exe", 4, 0x100}, {u"setupcl.exe", 2, 0x20},
};

// The 2025 table's names and triples are not published. assumed: the 1910 names, each excluded from all three kinds; a
// registry parameter of the notifier replaces it.
inline constexpr char16_t kAssumedHardeningTable[] =
    u"lsass.exe=7,csrss.exe=7,services.exe=7,msiexec.exe=7,poqexec.exe=7,Register-CimProvider.exe=7,svchost.exe=7,"
    u"setupcl.exe=7";

}  // namespace wdscope::defender
