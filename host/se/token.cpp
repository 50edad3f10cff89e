// SPDX-License-Identifier: MIT
#include "host/se/token.h"

#include <array>
#include <cstring>

#include "host/ex/pool.h"
#include "host/exports.h"
#include "host/ke/thread.h"
#include "host/nt/export_table.h"
#include "host/nt/pool_tag.h"
#include "host/ob/handle.h"
#include "host/ps/process.h"
#include "host/se/security.h"
#include "host/verifier/fault_plan.h"

namespace wdscope::host {
namespace {

constexpr Ulong kTokenGroups = 2;
constexpr Ulong kTokenSessionId = 12, kTokenElevationType = 18, kTokenElevation = 20, kTokenIntegrityLevel = 25;
constexpr Ulong kTokenIsAppContainer = 29;
constexpr Ulong kIntegrityEnabled = 0x60;  // SE_GROUP_INTEGRITY and SE_GROUP_INTEGRITY_ENABLED
constexpr Ulong kGroupEnabled = 7;         // mandatory, enabled by default, enabled
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

struct MandatoryLabel {  // TOKEN_MANDATORY_LABEL with its SID
  SidAndAttributes label;
  Sid sid;
};
constexpr Ulong kMandatoryLabelSize = 0x1C;  // the SID has one number

// What each class asks for; null: a class that is not known.
constexpr auto kFacts = [] {
  std::array<Ulong TokenFacts::*, kTokenIsAppContainer + 1> facts{};
  facts[kTokenSessionId] = &TokenFacts::session_id;
  facts[kTokenElevationType] = &TokenFacts::elevation_type;
  facts[kTokenElevation] = &TokenFacts::elevated;
  facts[kTokenIntegrityLevel] = &TokenFacts::integrity_level;
  facts[kTokenIsAppContainer] = &TokenFacts::app_container;
  return facts;
}();

void destroy_token(void* body) {
  auto* token = static_cast<Token*>(body);
  if (token->groups) pool_free_for_host(token->groups);
}

template <Ulong kSize>
NtStatus answer(const void* value, void* information, Ulong length, Ulong* needed) {
  *needed = kSize;
  if (length < kSize) return kStatusBufferTooSmall;
  std::memcpy(information, value, kSize);
  return kStatusSuccess;
}

NtStatus answer_integrity(Ulong level, void* information, Ulong length, Ulong* needed) {
  auto* const sid = reinterpret_cast<Sid*>(reinterpret_cast<std::uintptr_t>(information) + sizeof(SidAndAttributes));
  const MandatoryLabel label{{sid, kIntegrityEnabled}, {1, 1, {0, 0, 0, 0, 0, 16}, {level}}};
  return answer<kMandatoryLabelSize>(&label, information, length, needed);
}

}  // namespace

ObjectType token_type{"Token", {0x20008, 0x201E0, 0x20000, 0xF01FF}, 0, destroy_token, nullptr};

Token* create_token(const ProcessStart& start) {
  auto* token = static_cast<Token*>(create_object(token_type, sizeof(Token), kTokenTag));
  if (!token) return nullptr;
  token->facts = {start.session_id, start.elevation_type, start.elevated, start.integrity_level, start.app_container};
  if (start.services.empty()) return token;
  token->groups =
      static_cast<ServiceSid*>(pool_allocate_for_host(start.services.size() * sizeof(ServiceSid), kTokenTag));
  if (!token->groups) {
    dereference_object(token);
    return nullptr;
  }
  token->group_count = static_cast<Ulong>(start.services.size());
  for (std::size_t index = 0; index < start.services.size(); ++index) {
    token->groups[index] = {{1, 6, {0, 0, 0, 0, 0, 5}, {kServiceAuthority}}, {}};
    std::memcpy(token->groups[index].more, start.services[index].data(), sizeof token->groups[index].more);
  }
  return token;
}

Token* NTAPI PsReferencePrimaryToken(Process* process) {
  require_irql_at_most(kApcLevel, "PsReferencePrimaryToken");
  reference_object(process->token);
  return process->token;
}

void NTAPI PsDereferencePrimaryToken(Token* token) {
  require_irql_at_most(kApcLevel, "PsDereferencePrimaryToken");
  dereference_object(token);
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
  *session_id = token->facts.session_id;
  return kStatusSuccess;
}

NtStatus NTAPI ZwOpenProcessTokenEx(Handle process, Ulong access, Ulong attributes, Handle* token) {
  require_irql_at_most(kPassiveLevel, "ZwOpenProcessTokenEx");
  if (fault_plan_says_fail("ZwOpenProcessTokenEx", __builtin_return_address(0))) return kStatusInsufficientResources;
  if (attributes & ~kObjValidAttributes) return kStatusInvalidParameter;
  Token* body = nullptr;
  {
    const HandleLook look(process, process_type);
    if (!nt_success(look.status())) return look.status();
    body = look.as<Process>().token;
    reference_object(body);
  }
  return give_handle(body, map_generic(access, token_type.mapping), __builtin_return_address(0), token);
}

NtStatus NTAPI ZwQueryInformationToken(Handle handle, Ulong information_class, void* information, Ulong length,
                                       Ulong* needed) {
  require_irql_at_most(kPassiveLevel, "ZwQueryInformationToken");
  if (fault_plan_says_fail("ZwQueryInformationToken", __builtin_return_address(0))) return kStatusInsufficientResources;
  const bool is_known = information_class < kFacts.size() && kFacts[information_class];
  Ulong fact;
  {
    const HandleLook look(handle, token_type);
    if (!nt_success(look.status())) return look.status();
    if (!is_known) return kStatusInvalidInfoClass;
    fact = look.as<Token>().facts.*kFacts[information_class];
  }
  return information_class == kTokenIntegrityLevel ? answer_integrity(fact, information, length, needed)
                                                   : answer<sizeof fact>(&fact, information, length, needed);
}

}  // namespace wdscope::host
