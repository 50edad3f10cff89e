// SPDX-License-Identifier: MIT
#include "host/se/token.h"

#include <cstring>

#include "host/ex/pool.h"
#include "host/exports.h"
#include "host/ke/thread.h"
#include "host/nt/export_table.h"
#include "host/nt/pool_tag.h"
#include "host/ps/process.h"
#include "host/verifier/fault_plan.h"

namespace wdscope::host {
namespace {

constexpr Ulong kTokenGroups = 2;
constexpr Ulong kGroupEnabled = 7;  // mandatory, enabled by default, enabled
constexpr Ulong kServiceAuthority = 80;
constexpr Ulong kTokenTag = pool_tag("Toke");

struct SidAndAttributes {
  Sid* sid;
  Ulong attributes;
};
struct TokenGroupsBlock {  // TOKEN_GROUPS; the SIDs follow the last entry
  Ulong group_count;
  SidAndAttributes groups[1];
};
static_assert(offsetof(TokenGroupsBlock, groups) == 8 && sizeof(SidAndAttributes) == 16);

}  // namespace

bool make_token(Token& token, Ulong session_id, std::span<const std::array<std::uint32_t, 5>> services) {
  token = {session_id, static_cast<Ulong>(services.size()), nullptr};
  if (services.empty()) return true;
  token.groups = static_cast<ServiceSid*>(pool_allocate_for_host(services.size() * sizeof(ServiceSid), kTokenTag));
  if (!token.groups) return false;
  for (std::size_t index = 0; index < services.size(); ++index) {
    token.groups[index] = {{1, 6, {0, 0, 0, 0, 0, 5}, {kServiceAuthority}}, {}};
    std::memcpy(token.groups[index].more, services[index].data(), sizeof token.groups[index].more);
  }
  return true;
}

void destroy_token(Token& token) {
  if (token.groups) pool_free_for_host(token.groups);
  token.groups = nullptr;
}

Token* NTAPI PsReferencePrimaryToken(Process* process) {
  require_irql_at_most(kApcLevel, "PsReferencePrimaryToken");
  reference_object(process);
  return &process->token;
}

void NTAPI PsDereferencePrimaryToken(Token* token) {
  require_irql_at_most(kApcLevel, "PsDereferencePrimaryToken");
  dereference_object(reinterpret_cast<std::byte*>(token) - offsetof(Process, token));
}

NtStatus NTAPI SeQueryInformationToken(Token* token, Ulong information_class, void** information) {
  require_irql_at_most(kPassiveLevel, "SeQueryInformationToken");
  if (fault_plan_says_fail("SeQueryInformationToken", __builtin_return_address(0))) {
    return kStatusInsufficientResources;
  }
  if (information_class != kTokenGroups) return kStatusInvalidInfoClass;
  const std::size_t head = offsetof(TokenGroupsBlock, groups) + token->group_count * sizeof(SidAndAttributes);
  auto* const block = static_cast<std::byte*>(pool_allocate(
      PoolKind::Paged, head + token->group_count * sizeof(ServiceSid), kTokenTag, __builtin_return_address(0)));
  if (!block) return kStatusInsufficientResources;
  std::memcpy(block, &token->group_count, sizeof token->group_count);
  for (Ulong index = 0; index < token->group_count; ++index) {
    std::byte* const sid = block + head + index * sizeof(ServiceSid);
    std::memcpy(sid, &token->groups[index], sizeof(ServiceSid));
    const SidAndAttributes entry{reinterpret_cast<Sid*>(sid), kGroupEnabled};
    std::memcpy(block + offsetof(TokenGroupsBlock, groups) + index * sizeof entry, &entry, sizeof entry);
  }
  *information = block;
  return kStatusSuccess;
}

NtStatus NTAPI SeQuerySessionIdToken(Token* token, Ulong* session_id) {
  require_irql_at_most(kPassiveLevel, "SeQuerySessionIdToken");
  if (fault_plan_says_fail("SeQuerySessionIdToken", __builtin_return_address(0))) return kStatusInsufficientResources;
  *session_id = token->session_id;
  return kStatusSuccess;
}

}  // namespace wdscope::host
