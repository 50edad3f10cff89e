// SPDX-License-Identifier: MIT
#include "host/exports.h"
#include "host/ex/push_lock.h"
#include "host/flt/file_name.h"
#include "host/flt/parse_name.h"
#include "host/nt/export_table.h"

namespace wdscope::host {

std::span<const Export> flt_exports() {
  static const Export table[] = {
      NT_EXPORT(FltParseFileName),
      NT_EXPORT(FltParseFileNameInformation),
      NT_EXPORT(FltInitializePushLock),
      NT_EXPORT(FltDeletePushLock),
      NT_EXPORT(FltAcquirePushLockExclusive),
      NT_EXPORT(FltAcquirePushLockShared),
      NT_EXPORT(FltReleasePushLock),
      NT_EXPORT(FltGetFileNameInformationUnsafe),
      NT_EXPORT(FltReferenceFileNameInformation),
      NT_EXPORT(FltReleaseFileNameInformation),
  };
  return table;
}

}  // namespace wdscope::host
