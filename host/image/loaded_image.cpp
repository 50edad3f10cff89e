// SPDX-License-Identifier: MIT
#include "host/image/loaded_image.h"

#include <sys/mman.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <unordered_map>

#include "host/ex/pool.h"
#include "host/exports.h"
#include "host/image/image_registry.h"
#include "host/image/pe_file.h"
#include "host/image/symbols.h"
#include "host/image/unwind.h"
#include "host/verifier/leaks.h"
#include "host/verifier/lock_order.h"
#include "host/verifier/stack.h"

#ifdef WDSCOPE_ASAN
#include <sanitizer/lsan_interface.h>
#endif

namespace wdscope::host {

struct LoadedImage::Symbols {
  Symbols(const PeFile& file, std::span<const std::byte> bytes) : names(file, bytes) {
    for (const PeName& item : file.exports) exports.emplace(item.name, item.rva);
  }
  ImageSymbols names;
  std::map<std::string, std::uint32_t, std::less<>> exports;
  std::unique_ptr<FrameRegistration> frames;
  bool registered = false;
};

namespace {

HostError failed(const std::string& name, const HostError& error) {
  return {error.status, name + ": " + error.message};
}

// Names that no table has, by module: "ntoskrnl.exe: ExFoo, ExBar; fltmgr.sys: FltBaz".
std::string bind_imports(const PeFile& file, std::byte* base, std::span<const std::span<const Export>> tables) {
  std::unordered_map<std::string_view, void*> routines;
  for (const auto& table : tables) {
    for (const Export& item : table) routines.emplace(item.name, item.address);
  }
  std::map<std::string, std::string> missing;
  for (const PeImport& import : file.imports) {
    const auto found = routines.find(import.name);
    if (found == routines.end() || is_hidden_export(import.name)) {
      std::string& names = missing[import.module];
      names += (names.empty() ? "" : ", ") + import.name;
    } else {
      std::memcpy(base + import.slot_rva, &found->second, sizeof(void*));
    }
  }
  std::string text;
  for (const auto& [module, names] : missing) text += (text.empty() ? "" : "; ") + module + ": " + names;
  return text;
}

std::size_t round_to_page(std::size_t size) {
  return (size + 4095) & ~std::size_t{4095};
}

bool protect(const PeFile& file, std::byte* base) {
  if (mprotect(base, file.memory.size(), PROT_NONE) != 0) return false;
  if (mprotect(base, round_to_page(file.headers_size), PROT_READ) != 0) return false;
  return std::ranges::all_of(file.sections, [&](const PeSection& section) {
    const int protection = PROT_READ | (section.characteristics & kSectionWritable ? PROT_WRITE : 0) |
                           (section.characteristics & kSectionExecutable ? PROT_EXEC : 0);
    return section.size == 0 || mprotect(base + section.rva, round_to_page(section.size), protection) == 0;
  });
}

}  // namespace

LoadedImage::LoadedImage() = default;

HostResult<std::unique_ptr<LoadedImage>> LoadedImage::map(std::span<const std::byte> file, std::string name,
                                                          std::span<const std::span<const Export>> exports) {
  const auto parsed = parse_pe(file);
  if (!parsed) return tl::unexpected(failed(name, parsed.error()));
  std::unique_ptr<LoadedImage> image(new LoadedImage);
  image->name_ = std::move(name);
  image->size_ = parsed->memory.size();
  image->dll_characteristics_ = parsed->dll_characteristics;
  void* const memory = mmap(nullptr, image->size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return tl::unexpected(HostError{kStatusNoMemory, image->name_ + ": no memory to map it"});
  image->base_ = static_cast<std::byte*>(memory);
  if (reinterpret_cast<std::uintptr_t>(memory) < kSystemRangeStart) {
    return tl::unexpected(HostError{kStatusNoMemory, image->name_ + ": Linux gave memory below the system range"});
  }
  std::memcpy(image->base_, parsed->memory.data(), image->size_);
  const std::uint64_t delta = reinterpret_cast<std::uintptr_t>(image->base_) - parsed->preferred_base;
  for (const std::uint32_t rva : parsed->relocations) {
    std::uint64_t value;
    std::memcpy(&value, image->base_ + rva, sizeof(value));
    value += delta;
    std::memcpy(image->base_ + rva, &value, sizeof(value));
  }
  if (const std::string missing = bind_imports(*parsed, image->base_, exports); !missing.empty()) {
    return tl::unexpected(HostError{kStatusEntryPointNotFound,
                                    image->name_ + " imports routines that the host does not have: " + missing});
  }
  auto frames = make_frame_information(*parsed, image->base_);
  if (!frames) return tl::unexpected(failed(image->name_, frames.error()));
  if (!protect(*parsed, image->base_)) {
    return tl::unexpected(HostError{kStatusNoMemory, image->name_ + ": its sections cannot be protected"});
  }
  image->entry_point_ = image->base_ + parsed->entry_rva;
  image->symbols_ = std::make_unique<Symbols>(*parsed, file);
  image->symbols_->frames = std::make_unique<FrameRegistration>(std::move(*frames));
  if (!register_image(image.get())) {
    return tl::unexpected(
        HostError{kStatusInsufficientResources, "64 drivers are loaded: no room for " + image->name_});
  }
  image->symbols_->registered = true;
#ifdef WDSCOPE_ASAN
  __lsan_register_root_region(image->base_, image->size_);  // what only the driver points to is not leaked
#endif
  return image;
}

LoadedImage::~LoadedImage() {
  if (symbols_ && symbols_->registered) {
#ifdef WDSCOPE_ASAN
    __lsan_unregister_root_region(base_, size_);
#endif
    unregister_image(this);
    forget_kernel_objects_of(*this);
    pool_disown(this);
    lock_order_forget(base_, size_);
  }
  symbols_.reset();
  if (base_) munmap(base_, size_);
}

bool LoadedImage::contains(const void* address) const {
  return static_cast<const std::byte*>(address) >= base_ && static_cast<const std::byte*>(address) < base_ + size_;
}

void* LoadedImage::find_export(std::string_view name) const {
  const auto found = symbols_->exports.find(name);
  return found == symbols_->exports.end() ? nullptr : base_ + found->second;
}

std::string LoadedImage::describe_symbol(const void* address) const {
  const auto rva = static_cast<std::uint32_t>(static_cast<const std::byte*>(address) - base_);
  const std::string name = symbols_->names.name_of(rva);
  return name_ + (name.starts_with('+') ? "" : "!") + name;
}

std::string LoadedImage::describe(const void* address, CodeAddress kind) const {
  const auto rva = static_cast<std::uint32_t>(static_cast<const std::byte*>(address) - base_);
  // A return address stands behind its call, perhaps already on the next line.
  const std::string line = symbols_->names.line_of(kind == CodeAddress::Return && rva > 0 ? rva - 1 : rva);
  return describe_symbol(address) + (line.empty() ? "" : " (" + line + ")");
}

}  // namespace wdscope::host
