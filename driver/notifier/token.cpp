// SPDX-License-Identifier: MIT
#include "notifier/token.h"

#include "kit/irql.h"

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

}  // namespace wdscope::notifier
