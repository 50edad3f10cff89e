// SPDX-License-Identifier: MIT
// The primary token of a process, as far as drivers ask for it: session, groups, elevation, integrity, AppContainer.
#pragma once

#include "host/machine.h"
#include "host/nt/base.h"
#include "host/nt/ob.h"
#include "host/ob/object.h"
#include "host/se/security.h"

namespace wdscope::host {

struct Process;

struct ServiceSid {  // S-1-5-80-...: a SID with six sub-authorities
  Sid sid;
  Ulong more[5];
};
static_assert(sizeof(ServiceSid) == 0x20);

struct TokenFacts {  // given at its creation
  Ulong session_id;
  Ulong elevation_type;
  Ulong elevated;
  Ulong integrity_level;
  Ulong app_container;
};

struct Token {  // an object of its own: it may outlive its process
  TokenFacts facts;
  Ulong group_count;
  ServiceSid* groups;  // in pool; null when there are none
};

extern ObjectType token_type;

// With one reference. Null: no memory.
Token* create_token(const ProcessStart& start);

// <= APC_LEVEL both. The second takes what the first gave.
Token* NTAPI PsReferencePrimaryToken(Process* process);
void NTAPI PsDereferencePrimaryToken(Token* token);

// PASSIVE_LEVEL. TokenGroups alone: one pool block, the structure first, that the caller frees with ExFreePool.
// INVALID_INFO_CLASS for any other class, INSUFFICIENT_RESOURCES.
NtStatus NTAPI SeQueryInformationToken(Token* token, Ulong information_class, void** information);
// PASSIVE_LEVEL.
NtStatus NTAPI SeQuerySessionIdToken(Token* token, Ulong* session_id);

// PASSIVE_LEVEL. A handle on the token of the process behind `process`.
NtStatus NTAPI ZwOpenProcessTokenEx(Handle process, Ulong access, Ulong attributes, Handle* token);
// PASSIVE_LEVEL. TokenSessionId, TokenElevationType, TokenElevation, TokenIntegrityLevel, TokenIsAppContainer.
// INVALID_INFO_CLASS for any other, BUFFER_TOO_SMALL with *needed set.
NtStatus NTAPI ZwQueryInformationToken(Handle token, Ulong information_class, void* information, Ulong length,
                                       Ulong* needed);

}  // namespace wdscope::host
