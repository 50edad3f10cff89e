// SPDX-License-Identifier: MIT
#include "host/io/image_file.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "host/io/file.h"
#include "host/ke/thread.h"
#include "host/nt/ob.h"
#include "host/nt/pool_tag.h"
#include "host/ob/handle.h"
#include "host/ob/object.h"
#include "host/ps/process.h"
#include "host/rtl/upcase.h"
#include "host/verifier/fault_plan.h"

namespace wdscope::host {
namespace {

constexpr Ulong kTransactionTag = pool_tag("TmTx");
constexpr Ulong kFileCleanupComplete = 0x4000;         // FO_CLEANUP_COMPLETE
constexpr std::uint64_t kFileOpened = 1;               // IoStatus.Information of an open that found its file
constexpr std::uint16_t kDefaultMiniversion = 0xFFFE;  // TXF_MINIVERSION_DEFAULT_VIEW
constexpr std::size_t kLongest = 0xFFFC;

ObjectType transaction_type{"TmTx", {0x120001, 0x12003E, 0x120058, 0x1F003F}, 0, nullptr, nullptr};

std::size_t size_of(std::u16string_view name) {
  return std::min(name.size() * sizeof(char16_t), kLongest);
}

UnicodeString counted(char16_t* text, std::size_t bytes) {
  return {static_cast<std::uint16_t>(bytes), static_cast<std::uint16_t>(bytes + 2), text};
}

bool equal(std::u16string_view one, std::u16string_view other, bool ignore_case) {
  if (!ignore_case) return one == other;
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](char16_t left, char16_t right) { return upcase(left) == upcase(right); });
}

// With a reference on what the image of that name is opened as by its process; null: no running process has one.
Process* find_image(std::u16string_view name, bool ignore_case) {
  Process* found = nullptr;
  for (Process* process : running_processes()) {
    const ImageFile* image = process->image_file ? image_of(process->image_file) : nullptr;
    if (!found && image &&
        (equal(image->path.view(), name, ignore_case) || equal(image->opened_as.view(), name, ignore_case))) {
      found = process;
    } else {
      dereference_object(process);
    }
  }
  return found;
}

}  // namespace

std::uint16_t volume_length(std::u16string_view path) {
  constexpr std::u16string_view kDevice = u"\\Device\\";
  constexpr std::u16string_view kDos = u"\\??\\";
  const auto begins = [path](std::u16string_view with) {
    return path.size() >= with.size() && std::memcmp(path.data(), with.data(), with.size() * sizeof(char16_t)) == 0;
  };
  std::size_t end = begins(kDevice) ? kDevice.size() : begins(kDos) ? kDos.size() : 0;
  if (end == 0) return 0;
  while (end < path.size() && path[end] != u'\\') ++end;
  return static_cast<std::uint16_t>(end * 2);
}

std::size_t image_text_size(const ImageOpening& opening) {
  return size_of(opening.path) + size_of(opening.opened_as) + 2 * sizeof(char16_t);
}

bool fill_image(ImageFile& image, FileObject& file, char16_t* text, const ImageOpening& opening) {
  if (opening.transacted) {
    void* const transaction = create_object(transaction_type, sizeof(std::uint64_t), kTransactionTag);
    if (!transaction) return false;
    image.transaction = {sizeof(TxnParameterBlock), kDefaultMiniversion, transaction};
  }
  const std::size_t path_size = size_of(opening.path), opened_size = size_of(opening.opened_as);
  std::memcpy(text, opening.path.data(), path_size);
  image.path = counted(text, path_size);
  if (opened_size) {
    char16_t* const opened = text + path_size / 2 + 1;
    std::memcpy(opened, opening.opened_as.data(), opened_size);
    image.opened_as = counted(opened, opened_size);
  }
  // The name of the file begins behind the volume.
  const UnicodeString& used = opened_size ? image.opened_as : image.path;
  const std::uint16_t volume = volume_length(used.view());
  file.file_name = counted(used.buffer + volume / 2, std::size_t{used.length} - volume);
  if (opening.cleaned_up) file.flags |= kFileCleanupComplete;
  return true;
}

void release_image(ImageFile& image) {
  if (image.transaction.transaction_object) dereference_object(image.transaction.transaction_object);
}

NtStatus NTAPI ZwOpenFile(Handle* handle, Ulong access, const ObjectAttributes* attributes, IoStatusBlock* io_status,
                          Ulong, Ulong) {
  require_irql_at_most(kPassiveLevel, "ZwOpenFile");
  if (fault_plan_says_fail("ZwOpenFile", __builtin_return_address(0))) return kStatusInsufficientResources;
  if (!attributes || attributes->length != sizeof(ObjectAttributes) || (attributes->attributes & ~kObjValidAttributes))
    return kStatusInvalidParameter;
  if (!attributes->object_name || attributes->object_name->length == 0) return kStatusInvalidParameter;
  const std::u16string_view name = attributes->object_name->view();
  Process* process = find_image(name, (attributes->attributes & kObjCaseInsensitive) != 0);
  if (!process) return kStatusObjectNameNotFound;
  FileObject* file = create_image_file({.path = process->image.view(), .opened_as = name});
  dereference_object(process);
  if (!file) return kStatusInsufficientResources;
  const NtStatus status =
      open_handle(file, map_generic(access, file_type.mapping), __builtin_return_address(0), handle);
  dereference_object(file);
  if (nt_success(status)) *io_status = {kStatusSuccess, kFileOpened};
  return status;
}

TxnParameterBlock* NTAPI IoGetTransactionParameterBlock(FileObject* file) {
  require_irql_at_most(kApcLevel, "IoGetTransactionParameterBlock");
  ImageFile* image = image_of(file);
  return image && image->transaction.length ? &image->transaction : nullptr;
}

}  // namespace wdscope::host
