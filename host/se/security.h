// SPDX-License-Identifier: MIT
// Security descriptors, SIDs and the access check, as far as opening a device needs them: an owner-less descriptor with
// a DACL, evaluated in order against the groups of an account.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "host/machine.h"
#include "host/nt/base.h"
#include "host/ob/object.h"

namespace wdscope::host {

struct Sid {  // SID; `sub_authority_count` of them
  std::uint8_t revision;
  std::uint8_t sub_authority_count;
  std::uint8_t identifier_authority[6];
  Ulong sub_authority[1];
};

struct Acl {  // ACL; the entries follow
  std::uint8_t revision, sbz1;
  std::uint16_t size, ace_count, sbz2;
};

struct Ace {  // ACCESS_ALLOWED_ACE and ACCESS_DENIED_ACE
  std::uint8_t type, flags;
  std::uint16_t size;
  Ulong mask;
  Sid sid;
};

struct RawSecurityDescriptor {  // SECURITY_DESCRIPTOR, absolute
  std::uint8_t revision, sbz1;
  std::uint16_t control;
  Sid* owner;
  Sid* group;
  Acl* sacl;
  Acl* dacl;
};
static_assert(sizeof(RawSecurityDescriptor) == 0x28);

inline constexpr Ulong kDaclSecurityInformation = 4;
inline constexpr std::uint16_t kDaclPresent = 0x4, kDaclDefaulted = 0x8, kSelfRelative = 0x8000;  // SE_...

// Replaces the GENERIC_* bits by what they mean for a type.
NTAPI Ulong map_generic(Ulong access, const GenericMapping& mapping) noexcept;

// The executive's copy of a descriptor's DACL.
class SecurityDescriptor {
 public:
  // INVALID_SECURITY_DESCR / INVALID_ACL when malformed. Accepts absolute and self-relative descriptors.
  static NtStatus parse(const void* descriptor, std::unique_ptr<SecurityDescriptor>* parsed);
  // What the I/O manager gives a device on which nobody set one: SYSTEM and Administrators everything, Everyone
  // GENERIC_READ (assumed).
  static const SecurityDescriptor& device_default();

  // Whether all of `access` (specific rights) is granted to the account.
  bool grants(Account account, Ulong access, const GenericMapping& mapping) const;

 private:
  bool has_dacl_ = false;        // without one everybody may do everything
  std::vector<std::byte> dacl_;  // ACL and its entries
};

// Replaces the descriptor of an object, and the check of one (null: no descriptor set; the caller knows the default).
void set_security(void* body, std::unique_ptr<SecurityDescriptor> descriptor);
bool security_grants(void* body, Account account, Ulong access);

}  // namespace wdscope::host
