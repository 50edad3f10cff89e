// SPDX-License-Identifier: MIT
//
// The check: entries in order; a deny entry for one of the account's groups that covers a right not yet granted ends
// it; allow entries add rights; all wanted rights must have been granted at the end.
#include "host/se/security.h"

#include <array>
#include <cstring>
#include <mutex>

#include "host/se/sids.h"

namespace wdscope::host {
namespace {

constexpr std::uint8_t kAccessAllowed = 0, kAccessDenied = 1;
constexpr std::uint8_t kInheritOnly = 0x8;

std::mutex security_lock;

// Where entry headers stand in an ACL; false: the entries do not fit its size.
template <class Visit>
bool visit_aces(const std::byte* acl, Visit visit) {
  const auto* header = reinterpret_cast<const Acl*>(acl);
  std::size_t at = sizeof(Acl);
  for (unsigned i = 0; i < header->ace_count; ++i) {
    const auto* ace = reinterpret_cast<const Ace*>(acl + at);
    if (at + offsetof(Ace, sid) + sid_length(0) > header->size || ace->size < offsetof(Ace, sid) + sid_length(0) ||
        at + ace->size > header->size || offsetof(Ace, sid) + sid_length(ace->sid.sub_authority_count) > ace->size)
      return false;
    if (!visit(*ace)) return true;
    at += ace->size;
  }
  return true;
}

bool has_group(Account account, const Sid& sid) {
  const SystemSids& sids = system_sids();
  const auto is = [&](const Sid* group) { return same_sid(*group, sid); };
  if (is(sids.world) || is(sids.authenticated_users)) return true;
  switch (account) {
    case Account::System:
      return is(sids.local_system) || is(sids.administrators);
    case Account::Administrator:
      return is(sids.administrators) || is(sids.users) || is(sids.interactive);
    case Account::User:
      return is(sids.users) || is(sids.interactive);
  }
  return false;
}

}  // namespace

NTAPI Ulong map_generic(Ulong access, const GenericMapping& mapping) noexcept {
  Ulong mapped = access & ~(kGenericRead | kGenericWrite | kGenericExecute | kGenericAll);
  if (access & kGenericRead) mapped |= mapping.read;
  if (access & kGenericWrite) mapped |= mapping.write;
  if (access & kGenericExecute) mapped |= mapping.execute;
  if (access & (kGenericAll | kMaximumAllowed)) mapped |= mapping.all;
  return mapped & ~kMaximumAllowed;
}

NtStatus SecurityDescriptor::parse(const void* descriptor, std::unique_ptr<SecurityDescriptor>* parsed) {
  const auto* raw = static_cast<const RawSecurityDescriptor*>(descriptor);
  if (!raw || raw->revision != 1) return kStatusInvalidSecurityDescriptor;
  auto copy = std::make_unique<SecurityDescriptor>();
  const std::byte* dacl = nullptr;
  if (raw->control & kDaclPresent) {
    if (raw->control & kSelfRelative) {
      Ulong offset = 0;  // header, owner, group, SACL, DACL: offsets of four bytes each
      std::memcpy(&offset, static_cast<const std::byte*>(descriptor) + 0x10, sizeof offset);
      if (offset) dacl = static_cast<const std::byte*>(descriptor) + offset;
    } else {
      dacl = reinterpret_cast<const std::byte*>(raw->dacl);
    }
  }
  if (dacl) {
    const auto* header = reinterpret_cast<const Acl*>(dacl);
    if (header->revision < 2 || header->revision > 4 || header->size < sizeof(Acl)) return kStatusInvalidAcl;
    if (!visit_aces(dacl, [](const Ace&) { return true; })) return kStatusInvalidAcl;
    copy->has_dacl_ = true;
    copy->dacl_.assign(dacl, dacl + header->size);
  }
  *parsed = std::move(copy);
  return kStatusSuccess;
}

const SecurityDescriptor& SecurityDescriptor::device_default() {
  static const auto instance = [] {
    SecurityDescriptor made;
    const SystemSids& sids = system_sids();
    const std::pair<const Sid*, Ulong> entries[] = {
        {sids.local_system, kGenericAll}, {sids.administrators, kGenericAll}, {sids.world, kGenericRead}};
    made.has_dacl_ = true;
    made.dacl_.resize(sizeof(Acl));
    for (const auto& [sid, mask] : entries) {
      const std::size_t length = sid_length(sid->sub_authority_count);
      const std::size_t at = made.dacl_.size();
      made.dacl_.resize(at + offsetof(Ace, sid) + length);
      auto* ace = reinterpret_cast<Ace*>(made.dacl_.data() + at);
      ace->type = kAccessAllowed;
      ace->size = static_cast<std::uint16_t>(offsetof(Ace, sid) + length);
      ace->mask = mask;
      std::memcpy(&ace->sid, sid, length);
    }
    const Acl header{2, 0, static_cast<std::uint16_t>(made.dacl_.size()), std::size(entries), 0};
    std::memcpy(made.dacl_.data(), &header, sizeof header);
    return made;
  }();
  return instance;
}

bool SecurityDescriptor::grants(Account account, Ulong access, const GenericMapping& mapping) const {
  if (!has_dacl_) return true;
  Ulong wanted = map_generic(access, mapping);
  bool denied = false;
  visit_aces(dacl_.data(), [&](const Ace& ace) {
    if (ace.flags & kInheritOnly || !has_group(account, ace.sid)) return true;
    const Ulong mask = map_generic(ace.mask, mapping);
    if (ace.type == kAccessDenied && (mask & wanted)) denied = true;
    if (ace.type == kAccessAllowed) wanted &= ~mask;
    return !denied && wanted != 0;
  });
  return !denied && wanted == 0;
}

void set_security(void* body, std::unique_ptr<SecurityDescriptor> descriptor) {
  std::scoped_lock lock(security_lock);
  ObjectHeader& header = object_header(body, "ZwSetSecurityObject");
  delete header.security;
  header.security = descriptor.release();
}

bool security_grants(void* body, Account account, Ulong access) {
  std::scoped_lock lock(security_lock);
  const ObjectHeader& header = object_header(body, "SeAccessCheck");
  const SecurityDescriptor& descriptor = header.security ? *header.security : SecurityDescriptor::device_default();
  return descriptor.grants(account, access, header.type->mapping);
}

}  // namespace wdscope::host
