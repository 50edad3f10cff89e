// SPDX-License-Identifier: MIT
// The primary token of a process, as far as drivers ask for it: session and groups. It is part of its process, so that
// a reference on it is one on the process.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "host/nt/base.h"
#include "host/se/security.h"

namespace wdscope::host {

struct Process;

struct ServiceSid {  // S-1-5-80-...: a SID with six sub-authorities
  Sid sid;
  Ulong more[5];
};
static_assert(sizeof(ServiceSid) == 0x20);

struct Token {
  Ulong session_id;
  Ulong group_count;
  ServiceSid* groups;  // in pool; null when there are none
};

// `services`: the five numbers behind S-1-5-80- of each group. False: no memory.
bool make_token(Token& token, Ulong session_id, std::span<const std::array<std::uint32_t, 5>> services);
void destroy_token(Token& token);

// <= APC_LEVEL both. The second takes what the first gave.
Token* NTAPI PsReferencePrimaryToken(Process* process);
void NTAPI PsDereferencePrimaryToken(Token* token);

// PASSIVE_LEVEL. TokenGroups alone: one pool block, the structure first, that the caller frees with ExFreePool.
// INVALID_INFO_CLASS for any other class, INSUFFICIENT_RESOURCES.
NtStatus NTAPI SeQueryInformationToken(Token* token, Ulong information_class, void** information);
// PASSIVE_LEVEL.
NtStatus NTAPI SeQuerySessionIdToken(Token* token, Ulong* session_id);

}  // namespace wdscope::host
