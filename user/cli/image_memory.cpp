// SPDX-License-Identifier: MIT
#include "cli/image_memory.h"

namespace wdscope::cli {

ImageMemory::ImageMemory(std::size_t slot_count) : slots_(slot_count) {}

void ImageMemory::remember(std::uint64_t pid, std::optional<FileTime> created, std::string_view image) {
  Slot& slot = slots_[index(pid)];
  slot.pid = pid;
  slot.created = created;
  slot.image.assign(image);
}

std::string_view ImageMemory::find(std::uint64_t pid, std::optional<FileTime> created) const {
  const Slot& slot = slots_[index(pid)];
  if (slot.pid != pid) return {};
  if (slot.created && created && *slot.created != *created) return {};
  return slot.image;
}

void ImageMemory::forget(std::uint64_t pid) {
  Slot& slot = slots_[index(pid)];
  if (slot.pid == pid) slot = Slot();
}

}  // namespace wdscope::cli
