// SPDX-License-Identifier: MIT
// File objects and the opening of devices. CLEANUP is sent when the last handle of a file object closes, CLOSE when its
// last reference goes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "host/io/image_file.h"
#include "host/machine.h"
#include "host/nt/io.h"
#include "host/ob/object.h"

namespace wdscope::host {

extern ObjectType file_type;

// Opens a device by NT path. See Machine::open.
HostResult<std::unique_ptr<DeviceFile>> open_device(std::u16string_view path, Access access, Account account);

// The file object that a process's image was opened as: no driver stands behind it, and its name is the path below the
// volume. Null: no memory.
FileObject* create_image_file(const ImageOpening& opening);
// What is known of a file that is an image; null: it is none.
ImageFile* image_of(FileObject* file);

// The full NT path of a file object.
std::u16string file_name(void* file);

}  // namespace wdscope::host
