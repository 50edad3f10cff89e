// SPDX-License-Identifier: MIT
#include "host/image/pe_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace wdscope::host {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::uint32_t kLargestImage = 64 << 20;
constexpr unsigned kExportDirectory = 0, kImportDirectory = 1, kExceptionDirectory = 3, kRelocationDirectory = 5;
constexpr std::uint16_t kMachineX64 = 0x8664, kMagicPe32Plus = 0x20B, kSubsystemNative = 1;
constexpr std::uint16_t kRelocationsStripped = 0x1;
constexpr std::size_t kMaximumImports = 4096, kMaximumNames = 1 << 16;

struct BadImage {
  std::string message;
};

template <class... Arguments>
[[noreturn]] void refuse(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  throw BadImage{fmt::format(format, std::forward<Arguments>(arguments)...)};
}

// Bytes with checked reads; `what` names them in messages.
class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const char* unit) : bytes_(bytes), unit_(unit) {}

  void require(std::uint64_t offset, std::uint64_t size, const char* what) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset) {
      refuse("{} at {} 0x{:X} (0x{:X} bytes) runs past the end (0x{:X})", what, unit_, offset, size, bytes_.size());
    }
  }

  template <class T>
  T get(std::uint64_t offset, const char* what) const {
    require(offset, sizeof(T), what);
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }

  std::string text(std::uint64_t offset, const char* what) const {
    require(offset, 1, what);
    const auto* start = reinterpret_cast<const char*>(bytes_.data()) + offset;
    const std::size_t length = strnlen(start, std::min<std::size_t>(bytes_.size() - offset, 512));
    if (length == bytes_.size() - offset || length == 512) {
      refuse("{} at {} 0x{:X} has no terminator", what, unit_, offset);
    }
    return {start, length};
  }

  std::size_t size() const { return bytes_.size(); }

 private:
  std::span<const std::byte> bytes_;
  const char* unit_;
};

struct DataDirectory {
  std::uint32_t rva = 0, size = 0;
};

bool is_power_of_two(std::uint32_t value) {
  return value != 0 && (value & (value - 1)) == 0;
}

class Parser {
 public:
  explicit Parser(std::span<const std::byte> bytes) : bytes_(bytes), file_(bytes, "file offset") {}

  PeFile parse() {
    parse_headers();
    parse_sections();
    memory_.emplace(result_.memory, "RVA");
    check_entry_point();
    parse_relocations();
    parse_imports();
    parse_exports();
    parse_functions();
    parse_symbols();
    return std::move(result_);
  }

 private:
  void parse_headers() {
    if (file_.get<std::uint16_t>(0, "the DOS header") != 0x5A4D) refuse("no MZ signature at file offset 0x0");
    pe_ = file_.get<std::uint32_t>(0x3C, "the DOS header");
    if (file_.get<std::uint32_t>(pe_, "the PE signature") != 0x4550) {
      refuse("no PE signature at file offset 0x{:X}", pe_);
    }
    const std::uint64_t coff = std::uint64_t{pe_} + 4;
    file_.require(coff, 20, "the COFF header");
    const auto machine = file_.get<std::uint16_t>(coff, "the machine");
    if (machine != kMachineX64) refuse("machine 0x{:X} at file offset 0x{:X} is not x64 (0x8664)", machine, coff);
    section_count_ = file_.get<std::uint16_t>(coff + 2, "the section count");
    if (section_count_ == 0 || section_count_ > 96) {
      refuse("{} sections at file offset 0x{:X}; 1 to 96 are allowed", section_count_, coff + 2);
    }
    symbol_table_ = file_.get<std::uint32_t>(coff + 8, "the symbol table pointer");
    symbol_count_ = file_.get<std::uint32_t>(coff + 12, "the symbol count");
    const auto optional_size = file_.get<std::uint16_t>(coff + 16, "the optional header size");
    if (file_.get<std::uint16_t>(coff + 18, "the characteristics") & kRelocationsStripped) {
      refuse("relocations are stripped (characteristics at file offset 0x{:X}): a driver must be relocatable",
             coff + 18);
    }
    const std::uint64_t optional = coff + 20;
    if (optional_size < 112) {
      refuse("optional header of {} bytes at file offset 0x{:X} is too short for PE32+", optional_size, optional);
    }
    file_.require(optional, optional_size, "the optional header");
    const auto magic = file_.get<std::uint16_t>(optional, "the optional header");
    if (magic != kMagicPe32Plus) refuse("magic 0x{:X} at file offset 0x{:X} is not PE32+ (0x20B)", magic, optional);
    result_.entry_rva = file_.get<std::uint32_t>(optional + 16, "the entry point");
    result_.preferred_base = file_.get<std::uint64_t>(optional + 24, "the image base");
    const auto alignment = file_.get<std::uint32_t>(optional + 32, "the section alignment");
    if (!is_power_of_two(alignment) || alignment < kPage) {
      refuse("section alignment 0x{:X} at file offset 0x{:X} is not a power of two of a page or more", alignment,
             optional + 32);
    }
    image_size_ = file_.get<std::uint32_t>(optional + 56, "the image size");
    if (image_size_ == 0 || image_size_ > kLargestImage || image_size_ % kPage != 0) {
      refuse("image size 0x{:X} at file offset 0x{:X} is not a multiple of a page up to 64 MiB", image_size_,
             optional + 56);
    }
    alignment_ = alignment;
    result_.headers_size = file_.get<std::uint32_t>(optional + 60, "the header size");
    const auto subsystem = file_.get<std::uint16_t>(optional + 68, "the subsystem");
    if (subsystem != kSubsystemNative) {
      refuse("subsystem {} at file offset 0x{:X} is not native (1)", subsystem, optional + 68);
    }
    result_.dll_characteristics = file_.get<std::uint16_t>(optional + 70, "the DLL characteristics");
    const auto count = std::min<std::uint32_t>(file_.get<std::uint32_t>(optional + 108, "the directory count"), 16);
    if (112 + count * 8 > optional_size) {
      refuse("{} data directories do not fit the optional header at file offset 0x{:X}", count, optional);
    }
    for (std::uint32_t i = 0; i < count; ++i) {
      directories_[i] = {file_.get<std::uint32_t>(optional + 112 + i * 8, "a data directory"),
                         file_.get<std::uint32_t>(optional + 116 + i * 8, "a data directory")};
    }
    section_table_ = optional + optional_size;
    const std::uint64_t headers_end = section_table_ + std::uint64_t{section_count_} * 40;
    file_.require(section_table_, std::uint64_t{section_count_} * 40, "the section table");
    if (result_.headers_size < headers_end || result_.headers_size > bytes_.size() ||
        result_.headers_size > image_size_) {
      refuse("header size 0x{:X} does not cover the section table, which ends at file offset 0x{:X}",
             result_.headers_size, headers_end);
    }
  }

  void parse_sections() {
    result_.memory.resize(image_size_);
    std::memcpy(result_.memory.data(), bytes_.data(), result_.headers_size);
    std::uint64_t free_from = (std::uint64_t{result_.headers_size} + alignment_ - 1) & ~(std::uint64_t{alignment_} - 1);
    for (std::uint32_t i = 0; i < section_count_; ++i) {
      const std::uint64_t at = section_table_ + i * 40;
      PeSection section;
      const auto* name = reinterpret_cast<const char*>(bytes_.data()) + at;
      section.name.assign(name, strnlen(name, 8));
      const auto virtual_size = file_.get<std::uint32_t>(at + 8, "a section header");
      section.rva = file_.get<std::uint32_t>(at + 12, "a section header");
      const auto raw_size = file_.get<std::uint32_t>(at + 16, "a section header");
      const auto raw = file_.get<std::uint32_t>(at + 20, "a section header");
      section.characteristics = file_.get<std::uint32_t>(at + 36, "a section header");
      section.size = virtual_size ? virtual_size : raw_size;
      const auto where = fmt::format("section {} '{}' (header at file offset 0x{:X})", i, section.name, at);
      if (section.rva % alignment_ != 0) refuse("{}: RVA 0x{:X} is not aligned", where, section.rva);
      if (section.rva < free_from) refuse("{}: RVA 0x{:X} overlaps what stands before it", where, section.rva);
      const std::uint64_t end = std::uint64_t{section.rva} + section.size;
      if (end > image_size_) refuse("{}: its end 0x{:X} is outside the image (0x{:X})", where, end, image_size_);
      const std::uint32_t copied = std::min(raw_size, section.size);
      if (copied != 0) {
        if (raw > bytes_.size() || copied > bytes_.size() - raw) {
          refuse("{}: its data at file offset 0x{:X} (0x{:X} bytes) runs past the end of the file", where, raw, copied);
        }
        std::memcpy(result_.memory.data() + section.rva, bytes_.data() + raw, copied);
      }
      if ((section.characteristics & kSectionExecutable) && (section.characteristics & kSectionWritable)) {
        refuse("{}: it is both writable and executable", where);
      }
      free_from = (end + alignment_ - 1) & ~(std::uint64_t{alignment_} - 1);
      result_.sections.push_back(std::move(section));
    }
  }

  bool is_in_section(std::uint64_t rva, std::uint64_t size, std::uint32_t needed) const {
    return std::ranges::any_of(result_.sections, [&](const PeSection& s) {
      return rva >= s.rva && rva + size <= std::uint64_t{s.rva} + s.size && (s.characteristics & needed) == needed;
    });
  }

  void check_entry_point() const {
    if (!is_in_section(result_.entry_rva, 1, kSectionExecutable)) {
      refuse("entry point RVA 0x{:X} is in no executable section", result_.entry_rva);
    }
  }

  void parse_relocations() {
    const DataDirectory directory = directories_[kRelocationDirectory];
    if (directory.size == 0) return;
    memory_->require(directory.rva, directory.size, "the relocation directory");
    std::uint64_t at = directory.rva;
    const std::uint64_t end = at + directory.size;
    while (at + 8 <= end) {
      const auto page = memory_->get<std::uint32_t>(at, "a relocation block");
      const auto size = memory_->get<std::uint32_t>(at + 4, "a relocation block");
      if (size < 8 || size > end - at || size % 2 != 0) {
        refuse("relocation block at RVA 0x{:X} has a bad size 0x{:X}", at, size);
      }
      for (std::uint64_t entry = at + 8; entry < at + size; entry += 2) {
        const auto value = memory_->get<std::uint16_t>(entry, "a relocation");
        const unsigned type = value >> 12;
        if (type == 0) continue;
        if (type != 10) refuse("relocation at RVA 0x{:X} has type {}; only DIR64 (10) is known", entry, type);
        const std::uint64_t target = std::uint64_t{page} + (value & 0xFFF);
        if (!is_in_section(target, 8, 0)) {
          refuse("relocation at RVA 0x{:X} changes RVA 0x{:X}, which is in no section", entry, target);
        }
        result_.relocations.push_back(static_cast<std::uint32_t>(target));
      }
      at += size;
    }
  }

  void parse_imports() {
    const DataDirectory directory = directories_[kImportDirectory];
    if (directory.size == 0) return;
    for (std::uint64_t at = directory.rva;; at += 20) {
      const auto lookup = memory_->get<std::uint32_t>(at, "an import descriptor");
      const auto name = memory_->get<std::uint32_t>(at + 12, "an import descriptor");
      const auto slots = memory_->get<std::uint32_t>(at + 16, "an import descriptor");
      if (name == 0 && slots == 0) return;
      const std::string module = memory_->text(name, "an import module's name");
      std::uint64_t names = lookup ? lookup : slots;
      for (std::uint64_t slot = slots;; slot += 8, names += 8) {
        const auto entry = memory_->get<std::uint64_t>(names, "an import");
        if (entry == 0) break;
        if (entry >> 63) {
          refuse("import at RVA 0x{:X} from {} is by ordinal {}; only names are bound", names, module, entry & 0xFFFF);
        }
        if (entry > 0xFFFF'FFFF) refuse("import at RVA 0x{:X} from {} is not an RVA: 0x{:X}", names, module, entry);
        if (!is_in_section(slot, 8, 0)) refuse("import slot RVA 0x{:X} of {} is in no section", slot, module);
        if (result_.imports.size() == kMaximumImports) refuse("more than {} imports", kMaximumImports);
        result_.imports.push_back(
            {module, memory_->text(entry + 2, "an import's name"), static_cast<std::uint32_t>(slot)});
      }
    }
  }

  void parse_exports() {
    const DataDirectory directory = directories_[kExportDirectory];
    if (directory.size == 0) return;
    memory_->require(directory.rva, 40, "the export directory");
    const std::uint64_t at = directory.rva;
    const auto function_count = memory_->get<std::uint32_t>(at + 20, "the export directory");
    const auto name_count = memory_->get<std::uint32_t>(at + 24, "the export directory");
    const auto functions = memory_->get<std::uint32_t>(at + 28, "the export directory");
    const auto names = memory_->get<std::uint32_t>(at + 32, "the export directory");
    const auto ordinals = memory_->get<std::uint32_t>(at + 36, "the export directory");
    if (name_count > kMaximumNames) refuse("{} exported names at RVA 0x{:X}", name_count, at + 24);
    for (std::uint32_t i = 0; i < name_count; ++i) {
      const auto ordinal = memory_->get<std::uint16_t>(ordinals + std::uint64_t{i} * 2, "an export's ordinal");
      if (ordinal >= function_count) refuse("export {} has ordinal {} of {}", i, ordinal, function_count);
      const auto rva = memory_->get<std::uint32_t>(functions + std::uint64_t{ordinal} * 4, "an export's address");
      const auto name_rva = memory_->get<std::uint32_t>(names + std::uint64_t{i} * 4, "an export's name");
      if (rva >= directory.rva && rva - directory.rva < directory.size) continue;  // a forwarder: not ours to resolve
      if (!is_in_section(rva, 1, 0)) refuse("export {} is at RVA 0x{:X}, which is in no section", i, rva);
      result_.exports.push_back({memory_->text(name_rva, "an export's name"), rva});
    }
  }

  void parse_functions() {
    const DataDirectory directory = directories_[kExceptionDirectory];
    if (directory.size == 0) return;
    memory_->require(directory.rva, directory.size, "the exception directory");
    for (std::uint64_t at = directory.rva; at + 12 <= std::uint64_t{directory.rva} + directory.size; at += 12) {
      const PeFunction function{memory_->get<std::uint32_t>(at, "a function entry"),
                                memory_->get<std::uint32_t>(at + 4, "a function entry"),
                                memory_->get<std::uint32_t>(at + 8, "a function entry")};
      if (function.begin_rva == 0 && function.end_rva == 0) continue;
      if (function.begin_rva >= function.end_rva || function.end_rva > image_size_) {
        refuse("function entry at RVA 0x{:X} spans 0x{:X} to 0x{:X}", at, function.begin_rva, function.end_rva);
      }
      memory_->require(function.unwind_rva & ~1U, 4, "unwind information");
      result_.functions.push_back(function);
    }
    std::ranges::sort(result_.functions, {}, &PeFunction::begin_rva);
  }

  // Symbols are a help for reports, outside what Windows reads: a damaged table means no symbols.
  void parse_symbols() {
    constexpr std::uint64_t kSymbolSize = 18;
    const std::uint64_t strings = symbol_table_ + symbol_count_ * kSymbolSize;
    if (symbol_table_ == 0 || symbol_count_ > (1U << 22) || strings > bytes_.size()) return;
    const auto* text = reinterpret_cast<const char*>(bytes_.data());
    for (std::uint64_t i = 0; i < symbol_count_; ++i) {
      const std::uint64_t at = symbol_table_ + i * kSymbolSize;
      const auto value = file_.get<std::uint32_t>(at + 8, "a symbol");
      const auto section = file_.get<std::int16_t>(at + 12, "a symbol");
      const auto storage = file_.get<std::uint8_t>(at + 16, "a symbol");
      i += file_.get<std::uint8_t>(at + 17, "a symbol");
      constexpr std::uint8_t kExternal = 2, kStatic = 3;
      if (section <= 0 || section > static_cast<int>(result_.sections.size())) continue;
      if (storage != kExternal && storage != kStatic) continue;
      std::string name;
      if (file_.get<std::uint32_t>(at, "a symbol") != 0) {
        name.assign(text + at, strnlen(text + at, 8));
      } else {
        const std::uint64_t where = strings + file_.get<std::uint32_t>(at + 4, "a symbol");
        if (where >= bytes_.size()) continue;
        name.assign(text + where, strnlen(text + where, std::min<std::size_t>(bytes_.size() - where, 1024)));
      }
      const PeSection& home = result_.sections[static_cast<std::size_t>(section) - 1];
      if (name.empty() || name[0] == '.' || value >= home.size) continue;
      result_.symbols.push_back({std::move(name), home.rva + value});
    }
    std::ranges::stable_sort(result_.symbols, {}, &PeName::rva);
  }

  std::span<const std::byte> bytes_;
  Reader file_;
  std::optional<Reader> memory_;
  PeFile result_;
  std::uint32_t pe_ = 0, section_count_ = 0, image_size_ = 0, alignment_ = 0;
  std::uint64_t section_table_ = 0, symbol_table_ = 0, symbol_count_ = 0;
  std::array<DataDirectory, 16> directories_{};
};

}  // namespace

HostResult<PeFile> parse_pe(std::span<const std::byte> file) {
  try {
    return Parser(file).parse();
  } catch (const BadImage& bad) {
    return tl::unexpected(HostError{kStatusInvalidImageFormat, "not a loadable driver: " + bad.message});
  }
}

}  // namespace wdscope::host
