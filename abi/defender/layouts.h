// SPDX-License-Identifier: MIT
// The layout catalogue: every structure of WdFilter that this project knows, field by field, with how sure that is and
// who said so. Compiled into the driver and the tools; the C header, NatVis, ISF, WinDbg script and docs/layouts.md are
// made from it. Offsets and sizes are taken from the structures that the code reads through, so there is one truth;
// the checks at the end hold for every structure: no gap, no overlap, nothing beyond its size, which its magic repeats.
//
// Sources: S ExecutiveCallbackObjects (2019), N WdFilter-Research (1910), A wdfilter-research (25080), D public
// listings of the build with message version 0xA5, I inferred.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "abi/defender/doc_rules.h"
#include "abi/defender/notify_info.h"
#include "abi/defender/process_context.h"
#include "abi/defender/process_table.h"

namespace wdscope::defender::layout {

enum class FieldType : std::uint8_t {
  Unsigned,       // of 1, 2, 4 or 8 bytes
  Signed,         // 4 bytes
  FileTime,       // 8 bytes, 100 ns since 1601
  Handle,         // a process id in 8 bytes
  Pointer,        // 8 bytes
  StringPointer,  // UNICODE_STRING*
  ListEntry,      // LIST_ENTRY
  PushLock,       // EX_PUSH_LOCK
  Resource,       // ERESOURCE
  Event,          // KEVENT
  Lookaside,      // PAGED_LOOKASIDE_LIST
  Text,           // UTF-16 units
  Bytes,          // meaning per field
  Padding,        // not to be read
};

enum class Confidence : std::uint8_t {
  Agreed,    // two or more independent sources
  Single,    // one source
  Inferred,  // from sizes, alignment or one neighbour
  Assumed,   // nobody has said it
};

struct Field {
  std::string_view name;
  std::uint32_t offset;
  std::uint32_t size;
  FieldType type;
  Confidence confidence;
  std::string_view source;  // letters of the list above
  std::string_view meaning;
};

struct FieldList {
  const Field* fields;
  std::size_t count;
  constexpr const Field* begin() const { return fields; }
  constexpr const Field* end() const { return fields + count; }
};

template <std::size_t kCount>
constexpr FieldList list_of(const Field (&fields)[kCount]) {
  return {fields, kCount};
}

struct Structure {
  std::string_view name;    // as the C header spells it
  std::string_view builds;  // which builds have it
  std::uint32_t size;
  std::uint32_t magic;  // 0: none
  std::string_view where;
  FieldList head;  // fields in the order of their offsets: those shared with other builds,
  FieldList tail;  // then this build's own
};

// A field of a structure that the code reads through: name, offset and size are the structure's own.
#define WD_LAYOUT_FIELD(STRUCT, MEMBER, TYPE, CONFIDENCE, SOURCE, MEANING)                                             \
  Field {                                                                                                              \
#MEMBER, static_cast < std::uint32_t>(offsetof(STRUCT, MEMBER)),                                                   \
        static_cast < std::uint32_t>(sizeof(STRUCT::MEMBER)), FieldType::TYPE, Confidence::CONFIDENCE, SOURCE, MEANING \
  }

#define WD_CONTEXT_FIELD(MEMBER, ...) WD_LAYOUT_FIELD(MP_PROCESS_CONTEXT, MEMBER, __VA_ARGS__)
inline constexpr Field kProcessContextFields[] = {
    WD_CONTEXT_FIELD(Magic, Unsigned, Agreed, "SNAD", "size in the upper half, type 0xDA0F in the lower"),
    WD_CONTEXT_FIELD(Padding04, Padding, Inferred, "I", ""),
    WD_CONTEXT_FIELD(TableLinks, ListEntry, Agreed, "SNAD", "bucket of the process table; threads through this member"),
    WD_CONTEXT_FIELD(ProcessId, Handle, Agreed, "SNAD", "first half of the key"),
    WD_CONTEXT_FIELD(CreateTime, FileTime, Agreed, "SNAD", "second half of the key"),
    WD_CONTEXT_FIELD(CommandLine, StringPointer, Agreed, "SNAD", "may be NULL"),
    WD_CONTEXT_FIELD(RefCount, Signed, Agreed, "NAD", "table, lookups and list entries each hold one"),
    WD_CONTEXT_FIELD(ProcessFlags, Unsigned, Agreed, "SNAD", "docs/glossary.md has the bits"),
    WD_CONTEXT_FIELD(ProcessRules, Unsigned, Agreed, "NAD", "set by the service's process info"),
    WD_CONTEXT_FIELD(ProcessRules2, Unsigned, Agreed, "AD", "1910: meaning unknown; 25080: second rule word"),
    WD_CONTEXT_FIELD(CodeInjectionTargetMask, Unsigned, Agreed, "NA", "exchanged atomically"),
    WD_CONTEXT_FIELD(CodeInjectionRequestMask, Unsigned, Agreed, "NA", "all ones at creation: unrestricted"),
    WD_CONTEXT_FIELD(DocRule, Pointer, Agreed, "SNA", "MP_DOC_OPEN_RULE or NULL; holds one reference"),
    WD_CONTEXT_FIELD(PreScanHook, Pointer, Agreed, "SNA", "routine, NULL for most processes"),
    WD_CONTEXT_FIELD(Unknown60, Unsigned, Agreed, "SN", "unknown"),
    WD_CONTEXT_FIELD(NotificationsSent, Unsigned, Single, "N", ""),
    WD_CONTEXT_FIELD(InjectionHandlesCount, Unsigned, Single, "N", ""),
    WD_CONTEXT_FIELD(Unknown6C, Unsigned, Single, "N", "unknown"),
    WD_CONTEXT_FIELD(Wow64CpuImageBase, Pointer, Agreed, "NA", "base of wow64cpu.dll when loaded"),
    WD_CONTEXT_FIELD(SubsystemInformation, Unsigned, Agreed, "SNAD", "0 Win32, 1 WSL"),
    WD_CONTEXT_FIELD(Padding7C, Padding, Inferred, "I", ""),
    WD_CONTEXT_FIELD(ImageName, StringPointer, Agreed, "SNAD", "normalised NT path where obtainable"),
    WD_CONTEXT_FIELD(HipRules, Bytes, Agreed, "NA", "from the process info: rule on code injection"),
    WD_CONTEXT_FIELD(HipRules1, Bytes, Agreed, "NA", "from the process info: rule on query and suspend"),
    WD_CONTEXT_FIELD(InfoBlock3, Bytes, Agreed, "NA", "from the process info"),
    WD_CONTEXT_FIELD(Protection, Unsigned, Agreed, "SNAD", "PS_PROTECTION: type bits 0-2, audit 3, signer 4-7"),
    WD_CONTEXT_FIELD(PaddingB9, Padding, Inferred, "I", ""),
    WD_CONTEXT_FIELD(StreamHandleCtxCount, Unsigned, Agreed, "SN", "starts at 0"),
};
#undef WD_CONTEXT_FIELD

inline constexpr Field kProcessContext20H1Fields[] = {
    WD_LAYOUT_FIELD(MP_PROCESS_CONTEXT_20H1, FileNameInformation, Pointer, Single, "S", "FLT_FILE_NAME_INFORMATION"),
};

#define WD_TAIL_FIELD(MEMBER, ...) WD_LAYOUT_FIELD(MP_PROCESS_CONTEXT_25080, MEMBER, __VA_ARGS__)
inline constexpr Field kProcessContext25080Fields[] = {
    WD_TAIL_FIELD(UnknownC0, Unsigned, Agreed, "AD", "0 at creation, use unknown"),
    WD_TAIL_FIELD(PaddingC4, Padding, Inferred, "I", ""),
    WD_TAIL_FIELD(SensitiveSectionsLock, PushLock, Agreed, "AD", "guards the next list"),
    WD_TAIL_FIELD(SensitiveSections, ListEntry, Agreed, "AD", "self-linked at creation"),
    WD_TAIL_FIELD(IsAppContainer, Unsigned, Agreed, "AD", ""),
    WD_TAIL_FIELD(PaddingE1, Padding, Inferred, "I", ""),
    WD_TAIL_FIELD(DlpEnlightenment, Unsigned, Agreed, "AD", "state of data-loss prevention"),
    WD_TAIL_FIELD(UnknownE8, Unsigned, Agreed, "AD", "0 at creation"),
    WD_TAIL_FIELD(PaddingE9, Padding, Inferred, "I", ""),
    WD_TAIL_FIELD(KnownProcessType, Unsigned, Agreed, "AD", "0x1E System, 0x1F csrss ..."),
    WD_TAIL_FIELD(PaddingF4, Padding, Inferred, "I", ""),
    WD_TAIL_FIELD(FirstImageBase, Pointer, Agreed, "AD", "first image that the process loaded"),
    WD_TAIL_FIELD(SessionId, Unsigned, Agreed, "AD", "0xFFFFFFFF: the query failed"),
    WD_TAIL_FIELD(Padding104, Padding, Inferred, "I", ""),
    WD_TAIL_FIELD(CopyCache, Pointer, Agreed, "AD", "tag MPCp"),
    WD_TAIL_FIELD(CopyCacheLock, PushLock, Agreed, "AD", ""),
    WD_TAIL_FIELD(Unknown118, Unsigned, Agreed, "AD", "0"),
    WD_TAIL_FIELD(ProcessRules3, Unsigned, Agreed, "AD", "TrustedInstaller flags"),
    WD_TAIL_FIELD(State, Unsigned, Agreed, "AD", "0x01 protection valid, 0x38 hardening exclusions, 0x40 dllhost"),
    WD_TAIL_FIELD(SendResult, Unsigned, Agreed, "AD", "low 4 bits: result of the create message"),
    WD_TAIL_FIELD(InfoApplications, Unsigned, Agreed, "AD", "how often the service has set its info"),
    WD_TAIL_FIELD(Padding12C, Padding, Inferred, "I", ""),
};
#undef WD_TAIL_FIELD

inline constexpr Field kListEntryFields[] = {
    WD_LAYOUT_FIELD(MP_PROCESS_CONTEXT_LIST_ENTRY, Magic, Unsigned, Agreed, "NA", "0xA5: assumed the same"),
    WD_LAYOUT_FIELD(MP_PROCESS_CONTEXT_LIST_ENTRY, Padding04, Padding, Inferred, "I", ""),
    WD_LAYOUT_FIELD(MP_PROCESS_CONTEXT_LIST_ENTRY, Next, Pointer, Agreed, "NAD", "the +0x08 member of the next entry"),
    WD_LAYOUT_FIELD(MP_PROCESS_CONTEXT_LIST_ENTRY, Context, Pointer, Agreed, "NAD", "owns one reference"),
};

#define WD_TABLE_FIELD(MEMBER, ...) WD_LAYOUT_FIELD(MP_PROCESS_TABLE, MEMBER, __VA_ARGS__)
inline constexpr Field kProcessTableFields[] = {
    WD_TABLE_FIELD(Magic, Unsigned, Agreed, "SNAD", "20H1 preview: assumed the same"),
    WD_TABLE_FIELD(Padding04, Padding, Inferred, "I", ""),
    WD_TABLE_FIELD(Lock, Resource, Agreed, "SNAD", "buckets, list links, trust"),
    WD_TABLE_FIELD(Padding70, Padding, Inferred, "I", ""),
    WD_TABLE_FIELD(ContextLookaside, Lookaside, Agreed, "NAD", "element: a context, tag MPpX"),
    WD_TABLE_FIELD(ListEntryLookaside, Lookaside, Agreed, "NAD", "element 0x18, tag MPpe"),
    WD_TABLE_FIELD(Buckets, Pointer, Agreed, "SNAD", "LIST_ENTRY[0x80]; bucket = pid >> 2 & 0x7F"),
    WD_TABLE_FIELD(EnumerationDone, Event, Agreed, "SNAD", "notification event, initially signalled"),
    WD_TABLE_FIELD(EnumerationsInProgress, Signed, Agreed, "NAD", "interlocked"),
    WD_TABLE_FIELD(TrustedCount, Unsigned, Agreed, "NAD", "contexts with flag 0x40"),
    WD_TABLE_FIELD(UntrustedCount, Unsigned, Agreed, "NAD", "contexts without"),
    WD_TABLE_FIELD(Unknown1AC, Unsigned, Single, "N", "unknown"),
    WD_TABLE_FIELD(CreateThreadNotifyLock, Unsigned, Single, "N", "1910"),
    WD_TABLE_FIELD(Padding1B4, Padding, Inferred, "I", ""),
};
#undef WD_TABLE_FIELD

inline constexpr Field kDocRulesFields[] = {
    WD_LAYOUT_FIELD(MP_DOC_OPEN_RULES, Magic, Unsigned, Agreed, "SNA", ""),
    WD_LAYOUT_FIELD(MP_DOC_OPEN_RULES, Padding04, Padding, Inferred, "I", ""),
    WD_LAYOUT_FIELD(MP_DOC_OPEN_RULES, Head, Pointer, Agreed, "NA", "the +0x08 member of the first rule, or NULL"),
    WD_LAYOUT_FIELD(MP_DOC_OPEN_RULES, Lock, Resource, Agreed, "SNA", "taken before the process table's"),
    WD_LAYOUT_FIELD(MP_DOC_OPEN_RULES, Padding78, Padding, Inferred, "I", ""),
    WD_LAYOUT_FIELD(MP_DOC_OPEN_RULES, RuleLookaside, Lookaside, Agreed, "SNA", "element 0x228, tag MPdo"),
};

inline constexpr Field kDocRuleFields[] = {
    WD_LAYOUT_FIELD(MP_DOC_OPEN_RULE, Magic, Unsigned, Agreed, "SNA", ""),
    WD_LAYOUT_FIELD(MP_DOC_OPEN_RULE, RefCount, Signed, Agreed, "NA", "one for the list and for each context"),
    WD_LAYOUT_FIELD(MP_DOC_OPEN_RULE, Next, Pointer, Agreed, "NA", "the +0x08 member of the next rule"),
    WD_LAYOUT_FIELD(MP_DOC_OPEN_RULE, ProcessName, Text, Agreed, "SNA", "file name alone"),
    WD_LAYOUT_FIELD(MP_DOC_OPEN_RULE, Padding21A, Padding, Inferred, "I", ""),
    WD_LAYOUT_FIELD(MP_DOC_OPEN_RULE, Extensions, Pointer, Agreed, "SA", "multi-string in paged pool, tag MPdo"),
};

#define WD_NOTIFY_FIELD(MEMBER, ...) WD_LAYOUT_FIELD(WD_PS_NOTIFY_INFO, MEMBER, __VA_ARGS__)
inline constexpr Field kNotifyInfo1910Fields[] = {
    WD_NOTIFY_FIELD(ProcessId, Handle, Agreed, "SN", ""),
    WD_NOTIFY_FIELD(ParentProcessId, Pointer, Single, "S", "ADDRESS of the parent's id; NULL but for a create"),
    WD_NOTIFY_FIELD(ImageName, StringPointer, Agreed, "SN", "or NULL"),
    WD_NOTIFY_FIELD(OperationType, Unsigned, Agreed, "SN", "1 create, 2 terminate, 3 trust"),
    WD_NOTIFY_FIELD(Trusted, Unsigned, Agreed, "SN", "zero or not; 0x40 for a create and a refresh"),
    WD_NOTIFY_FIELD(Rules2Bit1, Padding, Inferred, "I", "not written"),
    WD_NOTIFY_FIELD(Rules2Bit10, Padding, Inferred, "I", "not written"),
    WD_NOTIFY_FIELD(Byte1F, Padding, Inferred, "I", "not written"),
};
inline constexpr Field kNotifyInfo25080Fields[] = {
    WD_NOTIFY_FIELD(ProcessId, Handle, Agreed, "AD", ""),
    WD_NOTIFY_FIELD(ParentProcessId, Handle, Agreed, "AD", "the id itself; 0 but for a create"),
    WD_NOTIFY_FIELD(ImageName, StringPointer, Agreed, "AD", "or NULL"),
    WD_NOTIFY_FIELD(OperationType, Unsigned, Agreed, "AD", "1 create, 2 terminate, 3 trust"),
    WD_NOTIFY_FIELD(Trusted, Unsigned, Agreed, "AD", "0 or 1"),
    WD_NOTIFY_FIELD(Rules2Bit1, Unsigned, Agreed, "AD", "ProcessRules2 bit 1"),
    WD_NOTIFY_FIELD(Rules2Bit10, Unsigned, Single, "D", "0xA5: ProcessRules2 bit 10; 25080: zero"),
    WD_NOTIFY_FIELD(Byte1F, Unsigned, Single, "A", "zero; 0xA5: inferred"),
};
#undef WD_NOTIFY_FIELD
#undef WD_LAYOUT_FIELD

inline constexpr Structure kStructures[] = {
    {"WD_PS_NOTIFY_INFO_1910",
     "20H1 preview, 1910",
     sizeof(WD_PS_NOTIFY_INFO),
     0,
     "the notifier's stack; Argument1",
     list_of(kNotifyInfo1910Fields),
     {}},
    {"WD_PS_NOTIFY_INFO_25080",
     "25080, 0xA5",
     sizeof(WD_PS_NOTIFY_INFO),
     0,
     "the notifier's stack; Argument1",
     list_of(kNotifyInfo25080Fields),
     {}},
    {"MP_PROCESS_CONTEXT_1910",
     "1910",
     sizeof(MP_PROCESS_CONTEXT),
     kProcessContextMagic1910,
     "paged, tag MPpX",
     list_of(kProcessContextFields),
     {}},
    {"MP_PROCESS_CONTEXT_20H1", "20H1 preview", sizeof(MP_PROCESS_CONTEXT_20H1), kProcessContextMagic20H1,
     "paged, tag MPpX", list_of(kProcessContextFields), list_of(kProcessContext20H1Fields)},
    {"MP_PROCESS_CONTEXT_25080", "25080, 0xA5", sizeof(MP_PROCESS_CONTEXT_25080), kProcessContextMagic25080,
     "paged, tag MPpX", list_of(kProcessContextFields), list_of(kProcessContext25080Fields)},
    {"MP_PROCESS_CONTEXT_LIST_ENTRY",
     "all",
     sizeof(MP_PROCESS_CONTEXT_LIST_ENTRY),
     kProcessContextListEntryMagic,
     "paged, tag MPpe",
     list_of(kListEntryFields),
     {}},
    {"MP_PROCESS_TABLE",
     "all",
     sizeof(MP_PROCESS_TABLE),
     kProcessTableMagic,
     "nonpaged, tag MPpT",
     list_of(kProcessTableFields),
     {}},
    {"MP_DOC_OPEN_RULES",
     "all",
     sizeof(MP_DOC_OPEN_RULES),
     kDocOpenRulesMagic,
     "nonpaged, tag MPdo",
     list_of(kDocRulesFields),
     {}},
    {"MP_DOC_OPEN_RULE",
     "all",
     sizeof(MP_DOC_OPEN_RULE),
     kDocOpenRuleMagic,
     "paged, tag MPdo",
     list_of(kDocRuleFields),
     {}},
};

// Fields follow each other without gap or overlap and end where the structure does.
constexpr bool is_whole(const Structure& structure) {
  std::uint32_t end = 0;
  for (const FieldList* list : {&structure.head, &structure.tail}) {
    for (const Field& field : *list) {
      if (field.offset != end || field.size == 0) return false;
      end += field.size;
    }
  }
  return end == structure.size && (structure.magic == 0 || size_in(structure.magic) == structure.size);
}

constexpr bool are_whole() {
  for (const Structure& structure : kStructures) {
    if (!is_whole(structure)) return false;
  }
  return true;
}
static_assert(are_whole());

// What a process context may begin with; without the catalogue's texts, for a driver.
struct Magics {
  std::uint32_t values[std::size(kStructures)];
  std::size_t count;
  constexpr bool contain(std::uint32_t magic) const {
    for (std::size_t i = 0; i < count; ++i) {
      if (values[i] == magic) return true;
    }
    return false;
  }
};
constexpr Magics process_context_magics() {
  Magics magics{};
  for (const Structure& structure : kStructures) {
    if (structure.magic != 0 && type_in(structure.magic) == kProcessContextType) {
      magics.values[magics.count++] = structure.magic;
    }
  }
  return magics;
}
inline constexpr Magics kProcessContextMagics = process_context_magics();
static_assert(kProcessContextMagics.count == 3);

}  // namespace wdscope::defender::layout
