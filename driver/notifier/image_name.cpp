// SPDX-License-Identifier: MIT
#include "notifier/image_name.h"

#include "kit/irql.h"
#include "notifier/counted_string.h"
#include "notifier/kernel_handle.h"
#include "notifier/process_query.h"
#include "notifier/trace.h"

namespace wdscope::notifier {

// mingw has no header for the filter manager. Of the structure only the name is read here.
struct FileNameInformation {
  USHORT Size;
  USHORT NamesParsed;
  ULONG Format;
  UNICODE_STRING Name;
};

}  // namespace wdscope::notifier

extern "C" {
NTSTATUS NTAPI FltGetFileNameInformationUnsafe(PFILE_OBJECT FileObject, PVOID Instance, ULONG NameOptions,
                                               wdscope::notifier::FileNameInformation** FileNameInformation);
VOID NTAPI FltReleaseFileNameInformation(wdscope::notifier::FileNameInformation* FileNameInformation);
}

namespace wdscope::notifier {
namespace {

constexpr ULONG kNormalizedByDefaultQuery = 0x101;  // FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_DEFAULT

// One reference on a file object.
class FileReference {
 public:
  FileReference() = default;
  FileReference(const FileReference&) = delete;
  FileReference& operator=(const FileReference&) = delete;
  ~FileReference() {
    if (file_) ObDereferenceObject(file_);
  }
  PFILE_OBJECT get() const { return file_; }

  // PASSIVE_LEVEL. The file of that name; the handle is closed again. assumed: sharing and options, which say only
  // that nobody is disturbed.
  [[nodiscard]] NTSTATUS open(PCUNICODE_STRING name) {
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, const_cast<PUNICODE_STRING>(name), OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE,
                               nullptr, nullptr);
    KernelHandle handle;
    IO_STATUS_BLOCK io_status;
    NTSTATUS status = ZwOpenFile(handle.put(), GENERIC_READ | SYNCHRONIZE, &attributes, &io_status,
                                 FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                 FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE);
    if (!NT_SUCCESS(status)) return status;
    PVOID file = nullptr;
    status = ObReferenceObjectByHandle(handle.get(), 0, *IoFileObjectType, KernelMode, &file, nullptr);
    if (NT_SUCCESS(status)) file_ = static_cast<PFILE_OBJECT>(file);
    return status;
  }

 private:
  PFILE_OBJECT file_ = nullptr;
};

// What NT says of the process; null when it says nothing.
PUNICODE_STRING query_image_name(PEPROCESS process) {
  KernelHandle handle;
  NTSTATUS status = open_process(process, &handle);
  PUNICODE_STRING name = nullptr;
  if (NT_SUCCESS(status)) status = query_process_string(handle.get(), ProcessQuery::ImageFileName, &name);
  if (!NT_SUCCESS(status)) return nullptr;
  if (is_present(name)) return name;
  free_string(name);
  return nullptr;
}

// The file's true name; null when it cannot be had, and then the raw name stands. Without a file it is opened by name.
FileNameInformation* MpGetImageNormalizedName(PFILE_OBJECT file, PCUNICODE_STRING raw) {
  FileReference opened;
  NTSTATUS status = STATUS_SUCCESS;
  if (!file) {
    status = is_present(raw) ? opened.open(raw) : STATUS_OBJECT_NAME_INVALID;
    file = opened.get();
  }
  FileNameInformation* information = nullptr;
  if (NT_SUCCESS(status)) {
    status = FltGetFileNameInformationUnsafe(file, nullptr, kNormalizedByDefaultQuery, &information);
  }
  if (NT_SUCCESS(status)) return information;
  trace_info("no normalized name: status %08X; the raw one stands", status);
  return nullptr;
}

}  // namespace

ImageName::ImageName(PEPROCESS process, const PS_CREATE_NOTIFY_INFO& create_info) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  if (!create_info.FileOpenNameAvailable) queried_ = query_image_name(process);
  raw_ = queried_ ? queried_ : create_info.ImageFileName;
  PFILE_OBJECT const file = create_info.FileObject;
  // A file object after its cleanup can no longer be asked.
  if (file) normalized_ = MpGetImageNormalizedName(file->Flags & FO_CLEANUP_COMPLETE ? nullptr : file, raw_);
}

ImageName::ImageName(PEPROCESS process) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  queried_ = query_image_name(process);
  raw_ = queried_;
  if (raw_) normalized_ = MpGetImageNormalizedName(nullptr, raw_);
}

ImageName::~ImageName() {
  if (normalized_) FltReleaseFileNameInformation(normalized_);
  free_string(queried_);
}

PCUNICODE_STRING ImageName::get() const {
  return normalized_ ? &normalized_->Name : raw_;
}

bool is_transacted(PFILE_OBJECT file) {
  return file && IoGetTransactionParameterBlock(file);
}

}  // namespace wdscope::notifier
