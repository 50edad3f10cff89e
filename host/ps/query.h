// SPDX-License-Identifier: MIT
// Opening processes and asking about them by handle: ZwOpenProcess, ZwQueryInformationProcess and the list of all
// processes. Lengths and statuses as Windows has them.
#pragma once

#include "host/nt/base.h"
#include "host/nt/ps.h"

namespace wdscope::host {

// By id only: a thread id in `client` must be 0 or that of the first thread. INVALID_PARAMETER_MIX: a name
// (processes have none), or no id. INVALID_PARAMETER: malformed attributes. INVALID_CID: no such process.
NtStatus NTAPI ZwOpenProcess(Handle* handle, Ulong access, const ObjectAttributes* attributes, const ClientId* client);

// Fixed-size classes: INFO_LENGTH_MISMATCH unless `length` is exact. Strings (a UNICODE_STRING with its characters
// behind it): INFO_LENGTH_MISMATCH with *returned the length needed. INVALID_INFO_CLASS for a class the host lacks.
NtStatus NTAPI ZwQueryInformationProcess(Handle handle, ProcessInfoClass info_class, void* information, Ulong length,
                                         Ulong* returned);

// Class 5, SystemProcessInformation: INFO_LENGTH_MISMATCH with *returned the length needed when `length` is short.
NtStatus NTAPI ZwQuerySystemInformation(Ulong info_class, void* information, Ulong length, Ulong* returned);

}  // namespace wdscope::host
