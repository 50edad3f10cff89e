// SPDX-License-Identifier: MIT
// What a process's primary token says: session, elevation, AppContainer, and whether a service runs in the process.
#pragma once

#include "abi/defender/service_sids.h"
#include "kit/nt.h"
#include "notifier/kernel_handle.h"

namespace wdscope::notifier {

// A SID of a service, as NT lays it out; paged, tag "MPsd" (MP_DATA points to several).
struct ServiceSid {
  UCHAR Revision;
  UCHAR SubAuthorityCount;
  UCHAR Authority[6];
  ULONG SubAuthority[6];
};
static_assert(sizeof(ServiceSid) == 0x20);

constexpr ServiceSid service_sid(const defender::ServiceSidWords& words) {
  return {1, 6, {0, 0, 0, 0, 0, 5}, {80, words[0], words[1], words[2], words[3], words[4]}};
}

// PASSIVE_LEVEL. Whether `sid` is among the groups of the process's token. The query's status; then *found is
// untouched.
[[nodiscard]] NTSTATUS token_has_group(PEPROCESS process, const ServiceSid* sid, bool* found);

// PASSIVE_LEVEL. The session of the process's token; the query's status, and then *session_id is untouched.
[[nodiscard]] NTSTATUS token_session(PEPROCESS process, ULONG* session_id);

// How powerful a process is. What could not be asked has the value that stands here.
struct TokenElevation {
  ULONG type = 1;  // TokenElevationTypeDefault
  ULONG elevated = 0;
  ULONG integrity_level = 0;
};
// PASSIVE_LEVEL. `token` is a handle on the process's token; null: it is opened for this.
TokenElevation token_elevation(PEPROCESS process, HANDLE token);

// PASSIVE_LEVEL. By a handle on the process, on whose token *token becomes one. The query's status; then
// *is_app_container is untouched.
[[nodiscard]] NTSTATUS token_is_app_container(HANDLE process, KernelHandle* token, bool* is_app_container);

}  // namespace wdscope::notifier
