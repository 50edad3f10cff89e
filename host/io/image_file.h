// SPDX-License-Identifier: MIT
// The files of this machine: the images of its processes. No file system stands behind them; what drivers can ask about
// one is by which name it was opened, what its true name is, and whether a transaction opened it.
#pragma once

#include <string_view>

#include "host/nt/io.h"

namespace wdscope::host {

struct TxnParameterBlock {  // TXN_PARAMETER_BLOCK
  std::uint16_t length;
  std::uint16_t txf_context;
  void* transaction_object;
};
static_assert(sizeof(TxnParameterBlock) == 0x10);

// How an image was opened.
struct ImageOpening {
  std::u16string_view path;         // the true NT path, long names throughout
  std::u16string_view opened_as{};  // the name that was used; empty: the true one
  bool cleaned_up = false;          // its handles are closed already: FO_CLEANUP_COMPLETE
  bool transacted = false;
};

// Part of a file object's body; all zero for a file that is no image.
struct ImageFile {
  UnicodeString path;
  UnicodeString opened_as;        // no buffer: as `path`
  TxnParameterBlock transaction;  // length 0: opened without one
};

// How many bytes the names take.
std::size_t image_text_size(const ImageOpening& opening);
// Fills both, the names into `text`: so many bytes, zeroed, that live as long as the file. False: no memory, and
// nothing is filled. `release_image` gives back what this took, if it did.
bool fill_image(ImageFile& image, FileObject& file, char16_t* text, const ImageOpening& opening);
void release_image(ImageFile& image);

// How many bytes of an NT path name its volume: \Device\HarddiskVolume1 or \??\C:.
std::uint16_t volume_length(std::u16string_view path);

// Opens the image of a running process by its true name or by the one it was opened as. OBJECT_NAME_NOT_FOUND: no
// running process has such an image; INVALID_PARAMETER: malformed attributes, or no name.
NtStatus NTAPI ZwOpenFile(Handle* handle, Ulong access, const ObjectAttributes* attributes, IoStatusBlock* io_status,
                          Ulong share_access, Ulong options);

// The transaction of a file object, or null. <= APC_LEVEL.
TxnParameterBlock* NTAPI IoGetTransactionParameterBlock(FileObject* file);

}  // namespace wdscope::host
