// SPDX-License-Identifier: MIT
#include "host/exports.h"
#include "host/flt/parse_name.h"
#include "host/nt/export_table.h"

namespace wdscope::host {

std::span<const Export> flt_exports() {
  static const Export table[] = {
      NT_EXPORT(FltParseFileName),
      NT_EXPORT(FltParseFileNameInformation),
  };
  return table;
}

}  // namespace wdscope::host
