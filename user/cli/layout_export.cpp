// SPDX-License-Identifier: MIT
#include "cli/layout_export.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "abi/defender/layouts.h"

namespace wdscope::cli {
namespace {

namespace layout = defender::layout;
using layout::Field;
using layout::FieldType;
using layout::Structure;

constexpr std::string_view kConfidences[] = {"agreed", "single", "inferred", "assumed"};
constexpr std::string_view kTypes[] = {"unsigned",       "signed",     "filetime",  "handle",   "pointer",
                                       "string pointer", "list entry", "push lock", "resource", "event",
                                       "lookaside",      "text",       "bytes",     "padding"};

// The catalogue's texts go into JSON, XML, C comments and Markdown as they are.
constexpr bool is_plain(std::string_view text) {
  for (const char c : text) {
    if (c < ' ' || c > '~' || c == '"' || c == '\\' || c == '|') return false;
  }
  return text.find("*/") == std::string_view::npos;
}
template <class Visit>
constexpr void for_each_field(const Structure& structure, Visit visit) {
  for (const layout::FieldList* list : {&structure.head, &structure.tail}) {
    for (const Field& field : *list) visit(field);
  }
}
constexpr bool all_plain() {
  bool plain = true;
  for (const Structure& structure : layout::kStructures) {
    plain = plain && is_plain(structure.name) && is_plain(structure.builds) && is_plain(structure.where);
    for_each_field(structure, [&plain](const Field& field) {
      plain = plain && is_plain(field.name) && is_plain(field.source) && is_plain(field.meaning);
    });
  }
  return plain;
}
static_assert(all_plain());

std::string_view confidence_of(const Field& field) {
  return kConfidences[static_cast<std::size_t>(field.confidence)];
}
std::string_view type_of(const Field& field) {
  return kTypes[static_cast<std::size_t>(field.type)];
}

std::string magic_text(const Structure& structure) {
  return structure.magic == 0 ? "none" : fmt::format("{:#010x}", structure.magic);
}

template <class... Arguments>
void add(std::string& out, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fmt::format_to(std::back_inserter(out), format, std::forward<Arguments>(arguments)...);
}

// The declaration of one member: all have their natural alignment, so that no compiler adds padding of its own.
std::string c_member(const Field& field) {
  switch (field.type) {
    case FieldType::Unsigned:
      return fmt::format("uint{}_t {}", field.size * 8, field.name);
    case FieldType::Signed:
      return fmt::format("int{}_t {}", field.size * 8, field.name);
    case FieldType::FileTime:
      return fmt::format("int64_t {}", field.name);
    case FieldType::Handle:
    case FieldType::Pointer:
    case FieldType::StringPointer:
    case FieldType::PushLock:
      return fmt::format("uint64_t {}", field.name);
    case FieldType::ListEntry:
      return fmt::format("WD_LIST_ENTRY {}", field.name);
    case FieldType::Resource:
    case FieldType::Event:
    case FieldType::Lookaside:
      return fmt::format("uint64_t {}[{}]", field.name, field.size / 8);
    case FieldType::Text:
      return fmt::format("uint16_t {}[{}]", field.name, field.size / 2);
    case FieldType::Bytes:
    case FieldType::Padding:
      break;
  }
  return fmt::format("uint8_t {}[{}]", field.name, field.size);
}

std::string isf_base(std::string_view name) {
  return fmt::format(R"({{"kind":"base","name":"{}"}})", name);
}
std::string isf_array(std::size_t count, std::string_view subtype) {
  return fmt::format(R"({{"kind":"array","count":{},"subtype":{}}})", count, subtype);
}
std::string isf_pointer(std::string_view subtype) {
  return fmt::format(R"({{"kind":"pointer","subtype":{}}})", subtype);
}
std::string isf_struct(std::string_view name) {
  return fmt::format(R"({{"kind":"struct","name":"{}"}})", name);
}

std::string isf_type(const Field& field) {
  if (field.name == "OperationType") return R"({"kind":"enum","name":"WD_OPERATION_TYPE"})";
  switch (field.type) {
    case FieldType::Unsigned:
      return isf_base(field.size == 1   ? "unsigned char"
                      : field.size == 2 ? "unsigned short"
                      : field.size == 4 ? "unsigned long"
                                        : "unsigned long long");
    case FieldType::Signed:
      return isf_base("long");
    case FieldType::FileTime:
      return isf_base("long long");
    case FieldType::Handle:
    case FieldType::PushLock:
      return isf_base("unsigned long long");
    case FieldType::Pointer:
      return isf_pointer(isf_base("void"));
    case FieldType::StringPointer:
      return isf_pointer(isf_struct("nt_symbols!_UNICODE_STRING"));
    case FieldType::ListEntry:
      return isf_struct("nt_symbols!_LIST_ENTRY");
    case FieldType::Text:
      return isf_array(field.size / 2, isf_base("unsigned short"));
    case FieldType::Resource:
    case FieldType::Event:
    case FieldType::Lookaside:
    case FieldType::Bytes:
    case FieldType::Padding:
      break;
  }
  return isf_array(field.size, isf_base("unsigned char"));
}

bool is_context(const Structure& structure) {
  return structure.magic != 0 && defender::type_in(structure.magic) == defender::kProcessContextType;
}

}  // namespace

std::string export_layouts(std::string_view format) {
  if (format == "table") return layouts_as_table();
  if (format == "json") return layouts_as_json();
  if (format == "c") return layouts_as_c();
  if (format == "natvis") return layouts_as_natvis();
  if (format == "isf") return layouts_as_isf();
  if (format == "windbg") return layouts_as_windbg();
  return {};
}

std::string layouts_as_table() {
  std::string out =
      "# WdFilter's structures as research has published them; nothing was verified on a Windows machine\n"
      "# SURE: agreed (two sources or more), single, inferred. SOURCE: S ExecutiveCallbackObjects, N "
      "WdFilter-Research,\n"
      "# A wdfilter-research, D listings of the 0xA5 build, I inferred\n";
  for (const Structure& structure : layout::kStructures) {
    add(out, "\n{}: {}\n{:#x} bytes, magic {}, {}\n", structure.name, structure.builds, structure.size,
        magic_text(structure), structure.where);
    add(out, "{:>6} {:>6} {:<14} {:<25} {:<8} {:<6} {}\n", "OFFSET", "SIZE", "TYPE", "FIELD", "SURE", "SOURCE",
        "MEANING");
    for_each_field(structure, [&out](const Field& field) {
      std::string line = fmt::format("{:#06x} {:>#6x} {:<14} {:<25} {:<8} {:<6} {}", field.offset, field.size,
                                     type_of(field), field.name, confidence_of(field), field.source, field.meaning);
      line.resize(line.find_last_not_of(' ') + 1);
      add(out, "{}\n", line);
    });
  }
  return out;
}

std::string layouts_as_json() {
  std::string out = R"({"schema":"wdscope.layouts/1","structures":[)";
  std::string_view comma;
  for (const Structure& structure : layout::kStructures) {
    add(out, "{}\n", comma);
    add(out, R"({{"name":"{}","builds":"{}","size":{},"magic":{},"where":"{}","fields":[)", structure.name,
        structure.builds, structure.size, structure.magic == 0 ? "null" : '"' + magic_text(structure) + '"',
        structure.where);
    std::string_view separator;
    for_each_field(structure, [&](const Field& field) {
      add(out, "{}\n ", separator);
      add(out, R"({{"name":"{}","offset":{},"size":{},"type":"{}","confidence":"{}","source":"{}","meaning":"{}"}})",
          field.name, field.offset, field.size, type_of(field), confidence_of(field), field.source, field.meaning);
      separator = ",";
    });
    out += "]}";
    comma = ",";
  }
  return out + "]}\n";
}

std::string layouts_as_c() {
  std::string out =
      "// SPDX-License-Identifier: MIT\n"
      "// WdFilter's structures on x64, made by 'wdscope layouts --format c'. Published research, not Microsoft's "
      "words;\n"
      "// not verified on a Windows machine. Pointers are 64-bit numbers of the kernel that wrote them.\n"
      "#ifndef WDSCOPE_LAYOUTS_H\n#define WDSCOPE_LAYOUTS_H\n\n#include <stddef.h>\n#include <stdint.h>\n\n"
      "#ifdef __cplusplus\n#define WD_CHECK(condition) static_assert(condition, #condition)\n"
      "#else\n#define WD_CHECK(condition) _Static_assert(condition, #condition)\n#endif\n\n"
      "typedef struct WD_LIST_ENTRY {\n  uint64_t Flink;\n  uint64_t Blink;\n} WD_LIST_ENTRY;\n";
  for (const Structure& structure : layout::kStructures) {
    add(out, "\n// {}; {}\n", structure.builds, structure.where);
    if (structure.magic != 0) add(out, "#define {}_MAGIC {}u\n", structure.name, magic_text(structure));
    add(out, "typedef struct {} {{\n", structure.name);
    for_each_field(structure, [&out](const Field& field) {
      add(out, "  {};  // {:#05x}{}{}\n", c_member(field), field.offset, field.meaning.empty() ? "" : " ",
          field.meaning);
    });
    add(out, "}} {};\nWD_CHECK(sizeof({}) == {:#x});\n", structure.name, structure.name, structure.size);
    for_each_field(structure, [&](const Field& field) {
      add(out, "WD_CHECK(offsetof({}, {}) == {:#x});\n", structure.name, field.name, field.offset);
    });
  }
  return out + "\n#undef WD_CHECK\n\n#endif\n";
}

std::string layouts_as_natvis() {
  std::string out =
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
      "<!-- Made by wdscope layouts, format natvis, for the types of the header that format c makes. -->\n"
      "<AutoVisualizer xmlns=\"http://schemas.microsoft.com/vstudio/debugger/natvis/2010\">\n";
  for (const Structure& structure : layout::kStructures) {
    add(out, "  <Type Name=\"{}\">\n", structure.name);
    if (structure.magic != 0) {
      add(out, "    <DisplayString Condition=\"Magic != {}\">no {}: magic {{Magic,x}}</DisplayString>\n",
          magic_text(structure), structure.name);
    }
    if (is_context(structure)) {
      out +=
          "    <DisplayString Condition=\"(ProcessFlags &amp; 0x40) != 0\">pid {ProcessId,d}, trusted</DisplayString>\n"
          "    <DisplayString>pid {ProcessId,d}, untrusted</DisplayString>\n";
    } else {
      add(out, "    <DisplayString>{}</DisplayString>\n", structure.name);
    }
    out += "    <Expand>\n";
    for_each_field(structure, [&out](const Field& field) {
      if (field.type == FieldType::Padding) return;
      std::string expression(field.name);
      if (field.type == FieldType::StringPointer) expression = fmt::format("(nt!_UNICODE_STRING*){}", field.name);
      if (field.name == "ProcessFlags" || field.name == "Magic") expression += ",x";
      add(out, "      <Item Name=\"{}\">{}</Item>\n", field.name, expression);
    });
    out += "    </Expand>\n  </Type>\n";
  }
  return out + "</AutoVisualizer>\n";
}

std::string layouts_as_isf() {
  std::string out = fmt::format(R"({{"metadata":{{"format":"6.2.0","producer":{{"name":"wdscope","version":"{}"}}}},)"
                                "\n"
                                R"("base_types":{{)",
                                WDSCOPE_VERSION);
  struct Base {
    std::string_view name;
    unsigned size;
    bool is_signed;
    std::string_view kind;
  };
  constexpr Base kBases[] = {{"void", 0, false, "void"},
                             {"unsigned char", 1, false, "char"},
                             {"unsigned short", 2, false, "int"},
                             {"unsigned long", 4, false, "int"},
                             {"long", 4, true, "int"},
                             {"unsigned long long", 8, false, "int"},
                             {"long long", 8, true, "int"},
                             {"pointer", 8, false, "int"}};
  std::string_view comma;
  for (const Base& base : kBases) {
    add(out, "{}\n", comma);
    add(out, R"("{}":{{"size":{},"signed":{},"kind":"{}","endian":"little"}})", base.name, base.size, base.is_signed,
        base.kind);
    comma = ",";
  }
  out += "},\n\"user_types\":{";
  comma = "";
  for (const Structure& structure : layout::kStructures) {
    add(out, "{}\n", comma);
    add(out, R"("{}":{{"kind":"struct","size":{},"fields":{{)", structure.name, structure.size);
    std::string_view separator;
    for_each_field(structure, [&](const Field& field) {
      add(out, "{}\n ", separator);
      add(out, R"("{}":{{"type":{},"offset":{}}})", field.name, isf_type(field), field.offset);
      separator = ",";
    });
    out += "}}";
    comma = ",";
  }
  return out +
         "},\n\"enums\":{\n"
         R"("WD_OPERATION_TYPE":{"size":4,"base":"unsigned long","constants":{"Create":1,"Terminate":2,"Trust":3}})"
         "},\n\"symbols\":{}}\n";
}

std::string layouts_as_windbg() {
  std::string out =
      "// SPDX-License-Identifier: MIT\n"
      "// Made by 'wdscope layouts --format windbg'. In WinDbg: .scriptload wdps.js, then !wdps ADDRESS, where ADDRESS "
      "is\n"
      "// that of the MP_PROCESS_TABLE (in a kernel with WdFilter's symbols: poi(WdFilter!MpProcessTable)).\n"
      "'use strict';\n\nconst contexts = {\n";
  for (const Structure& structure : layout::kStructures) {
    if (!is_context(structure)) continue;
    add(out, "  {}: {{ name: '{}'", magic_text(structure), structure.name);
    for_each_field(structure, [&out](const Field& field) {
      if (field.type != FieldType::Padding) add(out, ", {}: {:#x}", field.name, field.offset);
    });
    out += " },\n";
  }
  out += "};\n";
  for (const Structure& structure : layout::kStructures) {
    if (structure.name != "MP_PROCESS_TABLE") continue;
    add(out, "const table = {{ magic: {}", magic_text(structure));
    for_each_field(structure, [&out](const Field& field) {
      if (field.type != FieldType::Padding) add(out, ", {}: {:#x}", field.name, field.offset);
    });
    out += " };\n";
  }
  add(out, "const bucketCount = {};\nconst linksOffset = {:#x};\n", defender::kProcessBucketCount,
      offsetof(defender::MP_PROCESS_CONTEXT, TableLinks));
  return out + R"(const mostInABucket = 100000;  // a damaged list must end

function read(address, size) {
  return host.memory.readMemoryValues(address, 1, size)[0];
}

function readString(address) {
  if (address.compareTo(0) == 0) return '-';
  const length = read(address, 2);
  return length == 0 ? '' : host.memory.readWideString(read(address.add(8), 8), length / 2);
}

function describe(address) {
  const magic = read(address, 4);
  const layout = contexts[magic];
  if (layout === undefined) return `${address.toString(16)}  unknown magic 0x${magic.toString(16)}`;
  const flags = read(address.add(layout.ProcessFlags), 4);
  const pid = read(address.add(layout.ProcessId), 8);
  const trusted = (flags & 0x40) != 0 ? 'trusted  ' : 'untrusted';
  const image = readString(read(address.add(layout.ImageName), 8));
  return `${address.toString(16)}  pid ${pid}  ${trusted}  flags 0x${flags.toString(16)}  ${image}`;
}

function listContexts(address) {
  const log = line => host.diagnostics.debugLog(line + '\n');
  const start = host.parseInt64(address.toString());
  if (read(start, 4) != table.magic) {
    log('no MP_PROCESS_TABLE there: another magic');
    return;
  }
  const buckets = read(start.add(table.Buckets), 8);
  let count = 0;
  for (let index = 0; index < bucketCount; ++index) {
    const head = buckets.add(index * 16);
    let link = read(head, 8);
    for (let steps = 0; link.compareTo(head) != 0 && steps < mostInABucket; ++steps) {
      log(describe(link.subtract(linksOffset)));
      link = read(link, 8);
      ++count;
    }
  }
  log(`${count} process contexts; ${read(start.add(table.TrustedCount), 4)} trusted by the table's own count`);
}

function initializeScript() {
  return [new host.apiVersionSupport(1, 7), new host.functionAlias(listContexts, 'wdps')];
}
)";
}

}  // namespace wdscope::cli
