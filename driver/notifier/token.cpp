// SPDX-License-Identifier: MIT
#include "notifier/token.h"

#include "kit/irql.h"
#include "notifier/kernel_handle.h"
#include "notifier/trace.h"

namespace wdscope::notifier {
namespace {

class TokenReference {
 public:
  explicit TokenReference(PEPROCESS process) : token_(PsReferencePrimaryToken(process)) {}
  TokenReference(const TokenReference&) = delete;
  TokenReference& operator=(const TokenReference&) = delete;
  ~TokenReference() { PsDereferencePrimaryToken(token_); }
  PACCESS_TOKEN get() const { return token_; }

 private:
  PACCESS_TOKEN token_;
};

// Classes that the DDK headers do not all name.
enum class TokenQuery : ULONG { ElevationType = 18, Elevation = 20, IntegrityLevel = 25, IsAppContainer = 29 };

NTSTATUS open_token(HANDLE process, KernelHandle* handle) {
  return ZwOpenProcessTokenEx(process, TOKEN_QUERY, OBJ_KERNEL_HANDLE, handle->put());
}
// Without a handle on the process.
NTSTATUS open_token(PEPROCESS process, KernelHandle* handle) {
  const TokenReference token(process);
  return ObOpenObjectByPointer(token.get(), OBJ_KERNEL_HANDLE, nullptr, TOKEN_QUERY, nullptr, KernelMode,
                               handle->put());
}

NTSTATUS query(HANDLE token, TokenQuery what, void* answer, ULONG size) {
  ULONG needed = 0;
  return ZwQueryInformationToken(token, static_cast<TOKEN_INFORMATION_CLASS>(what), answer, size, &needed);
}

NTSTATUS query_number(HANDLE token, TokenQuery what, ULONG* number) {
  ULONG answer = 0;
  const NTSTATUS status = query(token, what, &answer, sizeof(answer));
  if (NT_SUCCESS(status)) *number = answer;
  return status;
}

constexpr ULONG kLongestSid = 68;  // SECURITY_MAX_SID_SIZE: fifteen numbers

// The last number of the label's SID, S-1-16-...
NTSTATUS query_integrity_level(HANDLE token, ULONG* level) {
  struct {
    TOKEN_MANDATORY_LABEL label;
    UCHAR sid[kLongestSid];
  } answer;
  const NTSTATUS status = query(token, TokenQuery::IntegrityLevel, &answer, sizeof(answer));
  if (!NT_SUCCESS(status)) return status;
  const auto* const sid = static_cast<const SID*>(answer.label.Label.Sid);
  if (sid->SubAuthorityCount == 0) return STATUS_INVALID_SID;
  *level = sid->SubAuthority[sid->SubAuthorityCount - 1];
  return STATUS_SUCCESS;
}

}  // namespace

NTSTATUS token_has_group(PEPROCESS process, const ServiceSid* sid, bool* found) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  const TokenReference token(process);
  PVOID information = nullptr;
  const NTSTATUS status = SeQueryInformationToken(token.get(), TokenGroups, &information);
  if (!NT_SUCCESS(status)) return status;
  const auto* const groups = static_cast<const TOKEN_GROUPS*>(information);
  bool among = false;
  for (ULONG index = 0; index < groups->GroupCount && !among; ++index) {
    among = RtlEqualSid(groups->Groups[index].Sid, const_cast<ServiceSid*>(sid));
  }
  ExFreePoolWithTag(information, 0);
  *found = among;
  return STATUS_SUCCESS;
}

NTSTATUS token_session(PEPROCESS process, ULONG* session_id) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  const TokenReference token(process);
  ULONG session = 0;
  const NTSTATUS status = SeQuerySessionIdToken(token.get(), &session);
  if (NT_SUCCESS(status)) *session_id = session;
  return status;
}

TokenElevation token_elevation(PEPROCESS process, HANDLE token) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  TokenElevation elevation;
  KernelHandle opened;
  NTSTATUS status = STATUS_SUCCESS;
  if (!token) {
    status = open_token(process, &opened);
    token = opened.get();
  }
  if (NT_SUCCESS(status)) status = query_number(token, TokenQuery::ElevationType, &elevation.type);
  if (NT_SUCCESS(status)) status = query_number(token, TokenQuery::Elevation, &elevation.elevated);
  if (NT_SUCCESS(status)) status = query_integrity_level(token, &elevation.integrity_level);
  if (!NT_SUCCESS(status)) trace_info("not all of a process's elevation is known: status %08X", status);
  return elevation;
}

NTSTATUS token_is_app_container(HANDLE process, KernelHandle* token, bool* is_app_container) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  NTSTATUS status = open_token(process, token);
  ULONG answer = 0;
  if (NT_SUCCESS(status)) status = query_number(token->get(), TokenQuery::IsAppContainer, &answer);
  if (NT_SUCCESS(status)) *is_app_container = answer != 0;
  return status;
}

}  // namespace wdscope::notifier
