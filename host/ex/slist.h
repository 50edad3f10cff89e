// SPDX-License-Identifier: MIT
// Interlocked lists. Sequenced singly linked lists (SLIST) keep Windows' two-word header, changed by one 16-byte
// compare-exchange, so that drivers' inline code and the host agree. Any IRQL.
#pragma once

#include "host/nt/ex.h"

namespace wdscope::host {

NTAPI void InitializeSListHead(SlistHeader* head);
NTAPI SlistEntry* ExpInterlockedPopEntrySList(SlistHeader* head);
NTAPI SlistEntry* ExpInterlockedPushEntrySList(SlistHeader* head, SlistEntry* entry);  // the first before, or null
NTAPI SlistEntry* ExpInterlockedFlushSList(SlistHeader* head);
NTAPI std::uint16_t ExQueryDepthSList(SlistHeader* head);

// Doubly linked lists under a spin lock that is taken at whatever IRQL the caller is.
NTAPI ListEntry* ExInterlockedInsertHeadList(ListEntry* head, ListEntry* entry, KSpinLock* lock);
NTAPI ListEntry* ExInterlockedInsertTailList(ListEntry* head, ListEntry* entry, KSpinLock* lock);
NTAPI ListEntry* ExInterlockedRemoveHeadList(ListEntry* head, KSpinLock* lock);
NTAPI SlistEntry* ExInterlockedPopEntryList(SlistEntry* head, KSpinLock* lock);
NTAPI SlistEntry* ExInterlockedPushEntryList(SlistEntry* head, SlistEntry* entry, KSpinLock* lock);
NTAPI Ulong ExInterlockedAddUlong(Ulong* target, Ulong addend, KSpinLock* lock);

}  // namespace wdscope::host
