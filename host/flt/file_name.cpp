// SPDX-License-Identifier: MIT
#include "host/flt/file_name.h"

#include <atomic>
#include <cstring>

#include "host/ex/pool.h"
#include "host/io/file.h"
#include "host/io/image_file.h"
#include "host/ke/thread.h"
#include "host/nt/pool_tag.h"
#include "host/verifier/fault_plan.h"

namespace wdscope::host {
namespace {

constexpr Ulong kNameTag = pool_tag("FMfn");
constexpr Ulong kFormats = 0x00FF, kQueries = 0xFF00;
constexpr Ulong kFileNameShort = 0x003;
constexpr Ulong kLastQuery = 0x400;
constexpr Ulong kFileCleanupComplete = 0x4000;
constexpr NtStatus kStatusFileClosed = nt_status(0xC0000128);

// Stands before the structure that the driver sees; the text follows it.
struct alignas(16) NameBlock {
  std::atomic<std::int32_t> references;
  alignas(16) FltFileNameInformation information;
};

NameBlock* block_of(FltFileNameInformation* information) {
  return reinterpret_cast<NameBlock*>(reinterpret_cast<std::byte*>(information) - offsetof(NameBlock, information));
}

std::u16string_view without_data_stream(std::u16string_view name) {
  constexpr std::u16string_view kData = u":$DATA";
  if (!name.ends_with(kData)) return name;
  name.remove_suffix(kData.size());
  if (name.ends_with(u':')) name.remove_suffix(1);
  return name;
}

}  // namespace

NtStatus NTAPI FltGetFileNameInformationUnsafe(FileObject* file, void*, Ulong options,
                                               FltFileNameInformation** information) {
  require_irql_at_most(kApcLevel, "FltGetFileNameInformationUnsafe");
  if (fault_plan_says_fail("FltGetFileNameInformationUnsafe", __builtin_return_address(0)))
    return kStatusInsufficientResources;
  const Ulong format = options & kFormats;
  const Ulong query = options & kQueries;
  if (!file || !information || format == 0 || format > kFileNameShort || query == 0 || query > kLastQuery)
    return kStatusInvalidParameter;
  const ImageFile* image = image_of(file);
  if (!image) return kStatusInvalidParameter;
  if (format == kFileNameShort) return kStatusNotSupported;
  if (file->flags & kFileCleanupComplete) return kStatusFileClosed;

  const bool as_opened = format == kFileNameOpened && image->opened_as.buffer;
  const std::u16string_view name = as_opened ? image->opened_as.view() : without_data_stream(image->path.view());
  auto* block = static_cast<NameBlock*>(pool_allocate(PoolKind::Paged, sizeof(NameBlock) + name.size() * 2, kNameTag,
                                                      __builtin_return_address(0), PoolFill::Zero));
  if (!block) return kStatusInsufficientResources;
  auto* text = reinterpret_cast<char16_t*>(block + 1);
  std::memcpy(text, name.data(), name.size() * 2);
  block->references.store(1, std::memory_order_relaxed);
  block->information.size = sizeof(FltFileNameInformation);
  block->information.format = format;
  const auto length = static_cast<std::uint16_t>(name.size() * 2);
  block->information.name = {length, length, text};
  const std::uint16_t volume = volume_length(name);
  block->information.volume = {volume, volume, text};
  *information = &block->information;
  return kStatusSuccess;
}

void NTAPI FltReferenceFileNameInformation(FltFileNameInformation* information) {
  require_irql_at_most(kApcLevel, "FltReferenceFileNameInformation");
  block_of(information)->references.fetch_add(1, std::memory_order_relaxed);
}

void NTAPI FltReleaseFileNameInformation(FltFileNameInformation* information) {
  require_irql_at_most(kApcLevel, "FltReleaseFileNameInformation");
  NameBlock* block = block_of(information);
  if (block->references.fetch_sub(1, std::memory_order_acq_rel) == 1)
    pool_free(block, kNameTag, __builtin_return_address(0));
}

}  // namespace wdscope::host
