// SPDX-License-Identifier: MIT
#include "host/se/sids.h"

#include <cstring>
#include <initializer_list>

#include "host/exports.h"
#include "host/ke/thread.h"
#include "host/nt/export_table.h"
#include "host/ob/handle.h"
#include "host/se/token.h"
#include "host/verifier/fault_plan.h"

namespace wdscope::host {
namespace {

constexpr NtStatus kStatusUnknownRevision = nt_status(0xC0000058);
constexpr NtStatus kStatusAllottedSpaceExceeded = nt_status(0xC0000099);
constexpr NtStatus kStatusInvalidSid = nt_status(0xC0000078);
constexpr std::uint8_t kSidRevision = 1, kMaximumSubAuthorities = 15;

struct WideSid {  // room for two sub-authorities
  Sid sid;
  Ulong second;
};

struct SeExportsBlock {  // SE_EXPORTS (source: header, ntifs.h)
  std::int64_t privileges[23];
  Sid *null_sid, *world, *local, *creator_owner, *creator_group, *nt_authority, *dialup, *network, *batch, *interactive,
      *local_system, *administrators, *users, *guests, *power_users, *account_operators, *system_operators,
      *print_operators, *backup_operators, *authenticated_users, *restricted, *anonymous_logon;
  std::int64_t more_privileges[3];
  Sid *local_service, *network_service;
  std::int64_t late_privileges[8];
  Sid *iuser, *untrusted_mandatory;
};
static_assert(offsetof(SeExportsBlock, world) == 0xC0);
static_assert(offsetof(SeExportsBlock, local_system) == 0x108);
static_assert(offsetof(SeExportsBlock, administrators) == 0x110);
static_assert(offsetof(SeExportsBlock, local_service) == 0x180);

Sid* make_sid(std::uint8_t authority, std::initializer_list<Ulong> sub_authorities) {
  static WideSid storage[32];
  static std::size_t used = 0;
  WideSid& made = storage[used++];
  made.sid.revision = kSidRevision;
  made.sid.sub_authority_count = static_cast<std::uint8_t>(sub_authorities.size());
  made.sid.identifier_authority[5] = authority;
  auto* target = reinterpret_cast<std::byte*>(&made) + 8;
  for (const Ulong sub_authority : sub_authorities) {
    std::memcpy(target, &sub_authority, sizeof sub_authority);
    target += sizeof sub_authority;
  }
  return &made.sid;
}

SeExportsBlock make_exports() {
  constexpr std::uint8_t kNull = 0, kWorld = 1, kLocal = 2, kCreator = 3, kNt = 5, kLabel = 16;
  constexpr Ulong kBuiltin = 32;
  SeExportsBlock made{};
  // SE_CREATE_TOKEN_PRIVILEGE is 2 and the others follow; the order of the structure's members differs a little.
  constexpr std::uint8_t kPrivileges[23] = {2,  3,  4,  5,  6,  7,  8,  9,  10, 15, 14, 11,
                                            12, 13, 16, 17, 18, 19, 20, 21, 22, 23, 24};
  for (std::size_t i = 0; i < std::size(kPrivileges); ++i) made.privileges[i] = kPrivileges[i];
  for (std::int64_t i = 0; i < 3; ++i) made.more_privileges[i] = 25 + i;
  for (std::int64_t i = 0; i < 8; ++i) made.late_privileges[i] = 28 + i;
  made.null_sid = make_sid(kNull, {0});
  made.world = make_sid(kWorld, {0});
  made.local = make_sid(kLocal, {0});
  made.creator_owner = make_sid(kCreator, {0});
  made.creator_group = make_sid(kCreator, {1});
  made.nt_authority = make_sid(kNt, {});
  made.dialup = make_sid(kNt, {1});
  made.network = make_sid(kNt, {2});
  made.batch = make_sid(kNt, {3});
  made.interactive = make_sid(kNt, {4});
  made.local_system = make_sid(kNt, {18});
  made.administrators = make_sid(kNt, {kBuiltin, 544});
  made.users = make_sid(kNt, {kBuiltin, 545});
  made.guests = make_sid(kNt, {kBuiltin, 546});
  made.power_users = make_sid(kNt, {kBuiltin, 547});
  made.account_operators = make_sid(kNt, {kBuiltin, 548});
  made.system_operators = make_sid(kNt, {kBuiltin, 549});
  made.print_operators = make_sid(kNt, {kBuiltin, 550});
  made.backup_operators = make_sid(kNt, {kBuiltin, 551});
  made.authenticated_users = make_sid(kNt, {11});
  made.restricted = make_sid(kNt, {12});
  made.anonymous_logon = make_sid(kNt, {7});
  made.local_service = make_sid(kNt, {19});
  made.network_service = make_sid(kNt, {20});
  made.iuser = make_sid(kNt, {17});
  made.untrusted_mandatory = make_sid(kLabel, {0});
  return made;
}

SeExportsBlock& exports_block() {
  static SeExportsBlock block = make_exports();
  return block;
}

NtStatus NTAPI RtlCreateSecurityDescriptor(RawSecurityDescriptor* descriptor, Ulong revision) {
  if (revision != 1) return kStatusUnknownRevision;
  *descriptor = {1, 0, 0, nullptr, nullptr, nullptr, nullptr};
  return kStatusSuccess;
}

NtStatus NTAPI RtlSetDaclSecurityDescriptor(RawSecurityDescriptor* descriptor, Boolean present, Acl* dacl,
                                            Boolean defaulted) {
  if (descriptor->revision != 1) return kStatusUnknownRevision;
  if (descriptor->control & kSelfRelative) return kStatusInvalidSecurityDescriptor;
  descriptor->control = static_cast<std::uint16_t>(descriptor->control & ~(kDaclPresent | kDaclDefaulted));
  descriptor->dacl = nullptr;
  if (!present) return kStatusSuccess;
  descriptor->control =
      static_cast<std::uint16_t>(descriptor->control | kDaclPresent | (defaulted ? kDaclDefaulted : 0));
  descriptor->dacl = dacl;
  return kStatusSuccess;
}

NtStatus NTAPI RtlCreateAcl(Acl* acl, Ulong length, Ulong revision) {
  if (length < sizeof(Acl)) return kStatusBufferTooSmall;
  if (revision < 2 || revision > 4 || length > 0xFFFF) return kStatusInvalidParameter;
  *acl = {static_cast<std::uint8_t>(revision), 0, static_cast<std::uint16_t>(length & ~3U), 0, 0};
  return kStatusSuccess;
}

NtStatus NTAPI RtlAddAccessAllowedAce(Acl* acl, Ulong revision, Ulong mask, const Sid* sid) {
  if (!sid || sid->revision != kSidRevision || sid->sub_authority_count > kMaximumSubAuthorities)
    return kStatusInvalidSid;
  if (revision > 4 || acl->revision > 4) return nt_status(0xC0000059);  // REVISION_MISMATCH
  auto* bytes = reinterpret_cast<std::byte*>(acl);
  std::size_t at = sizeof(Acl);
  for (unsigned i = 0; i < acl->ace_count; ++i) {
    if (at + sizeof(std::uint32_t) > acl->size) return kStatusInvalidAcl;
    at += reinterpret_cast<Ace*>(bytes + at)->size;
  }
  const std::size_t length = offsetof(Ace, sid) + sid_length(sid->sub_authority_count);
  if (at + length > acl->size) return kStatusAllottedSpaceExceeded;
  auto* ace = reinterpret_cast<Ace*>(bytes + at);
  ace->type = ace->flags = 0;
  ace->size = static_cast<std::uint16_t>(length);
  ace->mask = mask;
  std::memcpy(&ace->sid, sid, sid_length(sid->sub_authority_count));
  ++acl->ace_count;
  return kStatusSuccess;
}

Ulong NTAPI RtlLengthSid(const Sid* sid) {
  return static_cast<Ulong>(sid_length(sid->sub_authority_count));
}
Ulong NTAPI RtlLengthRequiredSid(Ulong count) {
  return static_cast<Ulong>(sid_length(count));
}
Boolean NTAPI RtlEqualSid(const Sid* a, const Sid* b) {
  return same_sid(*a, *b);
}
Boolean NTAPI RtlValidSid(const Sid* sid) {
  return sid && sid->revision == kSidRevision && sid->sub_authority_count <= kMaximumSubAuthorities;
}
Ulong* NTAPI RtlSubAuthoritySid(Sid* sid, Ulong index) {
  return reinterpret_cast<Ulong*>(reinterpret_cast<std::byte*>(sid) + 8) + index;
}

NtStatus NTAPI RtlInitializeSid(Sid* sid, const std::uint8_t* authority, std::uint8_t count) {
  if (count > kMaximumSubAuthorities) return kStatusInvalidParameter;
  sid->revision = kSidRevision;
  sid->sub_authority_count = count;
  std::memcpy(sid->identifier_authority, authority, sizeof sid->identifier_authority);
  return kStatusSuccess;
}

// Only the DACL is kept: the host checks nothing else of a descriptor.
NtStatus NTAPI ZwSetSecurityObject(Handle handle, Ulong information, const void* descriptor) {
  require_irql_at_most(kPassiveLevel, "ZwSetSecurityObject");
  if (fault_plan_says_fail("ZwSetSecurityObject", __builtin_return_address(0))) return kStatusInsufficientResources;
  Ulong granted = 0;
  NtStatus status = granted_access(handle, &granted);
  if (!nt_success(status)) return status;
  if ((information & kDaclSecurityInformation) && !(granted & kWriteDac)) return kStatusAccessDenied;
  if (information & ~kDaclSecurityInformation) return kStatusNotSupported;
  std::unique_ptr<SecurityDescriptor> parsed;
  status = SecurityDescriptor::parse(descriptor, &parsed);
  if (!nt_success(status)) return status;
  void* body = nullptr;
  status = reference_by_handle(handle, 0, nullptr, ProcessorMode::Kernel, &body);
  if (!nt_success(status)) return status;
  set_security(body, std::move(parsed));
  dereference_object(body);
  return kStatusSuccess;
}

SeExportsBlock* SeExports = &exports_block();

}  // namespace

bool same_sid(const Sid& a, const Sid& b) {
  return a.sub_authority_count == b.sub_authority_count && std::memcmp(&a, &b, sid_length(a.sub_authority_count)) == 0;
}

const SystemSids& system_sids() {
  static const SystemSids sids = [] {
    const SeExportsBlock& block = exports_block();
    return SystemSids{block.world,        block.interactive,    block.authenticated_users,
                      block.local_system, block.administrators, block.users};
  }();
  return sids;
}

std::span<const Export> se_exports() {
  static const Export table[] = {
      NT_EXPORT(RtlCreateSecurityDescriptor),
      NT_EXPORT(RtlSetDaclSecurityDescriptor),
      NT_EXPORT(RtlCreateAcl),
      NT_EXPORT(RtlAddAccessAllowedAce),
      NT_EXPORT(RtlLengthSid),
      NT_EXPORT(RtlLengthRequiredSid),
      NT_EXPORT(RtlEqualSid),
      NT_EXPORT(RtlValidSid),
      NT_EXPORT(RtlSubAuthoritySid),
      NT_EXPORT(RtlInitializeSid),
      NT_EXPORT(ZwSetSecurityObject),
      NT_EXPORT(SeExports),
      NT_EXPORT(PsReferencePrimaryToken),
      NT_EXPORT(PsDereferencePrimaryToken),
      NT_EXPORT(SeQueryInformationToken),
      NT_EXPORT(SeQuerySessionIdToken),
      NT_EXPORT(ZwOpenProcessTokenEx),
      NT_EXPORT(ZwQueryInformationToken),
  };
  return table;
}

}  // namespace wdscope::host
