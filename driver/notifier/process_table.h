// SPDX-License-Identifier: MIT
// MpProcessTable: 128 buckets of process contexts behind one ERESOURCE. A context is found by process id and creation
// time; new ones go to the head of their bucket. Source: research wdfilter-research (25080); 1910 agrees.
//
// Lock rule: the table lock guards the buckets, the links and the two counters; it is recursive, and nothing is called
// out to while it is held.
#pragma once

#include "abi/defender/process_context.h"
#include "abi/defender/process_table.h"
#include "notifier/mp_data.h"

namespace wdscope::notifier {

using defender::MP_PROCESS_CONTEXT;
using defender::MP_PROCESS_TABLE;

extern MP_PROCESS_TABLE* MpProcessTable;  // null before initialisation and after shutdown

// PASSIVE_LEVEL. STATUS_INSUFFICIENT_RESOURCES; what was made is left for MpShutdownProcessTable, as Defender does.
[[nodiscard]] NTSTATUS MpInitializeProcessTable();
// Releases every context and frees the table; nothing happens when it is not there. PASSIVE_LEVEL; no other caller of
// this module may run.
void MpShutdownProcessTable();

PERESOURCE table_resource();
PPAGED_LOOKASIDE_LIST context_lookaside();
PPAGED_LOOKASIDE_LIST list_entry_lookaside();
PKEVENT enumeration_done();

// <= APC_LEVEL. Both give a context with one reference that the caller owes. STATUS_NOT_FOUND; pid 0 is never found.
[[nodiscard]] NTSTATUS MpGetProcessContextByIdAndCreationTime(HANDLE process_id, LONGLONG create_time,
                                                              MP_PROCESS_CONTEXT** context);
[[nodiscard]] NTSTATUS MpGetProcessContextByObject(PEPROCESS process, MP_PROCESS_CONTEXT** context);
// The process that owns this id now; PsLookupProcessByProcessId's own status when there is none.
[[nodiscard]] NTSTATUS MpGetProcessContextById(HANDLE process_id, MP_PROCESS_CONTEXT** context);
// <= APC_LEVEL. When the process that owns this id now was created; 0 when there is none, or none with a context.
LONGLONG create_time_in_table(HANDLE process_id);

// The table lock must be held. Without a reference; null when there is none, as for pid 0.
MP_PROCESS_CONTEXT* find_in_table(HANDLE process_id, LONGLONG create_time);
// The table lock must be held exclusively. Links at the bucket's head, takes the table's reference, counts.
void insert_into_table(MP_PROCESS_CONTEXT* context);
// The table lock must be held exclusively.
void change_create_time(MP_PROCESS_CONTEXT* context, LONGLONG create_time);
// The table lock must be held exclusively. Unlinks; the table's reference becomes the caller's.
void unlink_from_table(MP_PROCESS_CONTEXT* context);

}  // namespace wdscope::notifier
