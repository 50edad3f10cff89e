// SPDX-License-Identifier: MIT
// The name that a new process goes by: which of NT's names is chosen, and how the filter manager makes it the file's
// true one. Source: research wdfilter-research (25080); 1910 in outline.
//
// The names are asked of the filter manager without being registered with it: FltGetFileNameInformationUnsafe takes a
// file object and no instance.
#pragma once

#include "kit/nt.h"

namespace wdscope::notifier {

struct FileNameInformation;  // FLT_FILE_NAME_INFORMATION

class ImageName {
 public:
  // PASSIVE_LEVEL. Of a creation that NT describes: ImageFileName when it is what was opened, else what NT says of the
  // process, else ImageFileName all the same. With a file object the name is then normalised.
  ImageName(PEPROCESS process, const PS_CREATE_NOTIFY_INFO& create_info);
  // PASSIVE_LEVEL. Of a process that NT only names by its id: what NT says of it, normalised by opening the file.
  explicit ImageName(PEPROCESS process);
  ~ImageName();
  ImageName(const ImageName&) = delete;
  ImageName& operator=(const ImageName&) = delete;

  // Null when there is none. Lives as long as this.
  PCUNICODE_STRING get() const;

 private:
  PCUNICODE_STRING raw_ = nullptr;
  PUNICODE_STRING queried_ = nullptr;          // owned
  FileNameInformation* normalized_ = nullptr;  // owned
};

// <= APC_LEVEL. Whether a transaction opened the file: such a creation is always denied. Null: no file, no transaction.
bool is_transacted(PFILE_OBJECT file);

}  // namespace wdscope::notifier
