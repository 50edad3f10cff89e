// SPDX-License-Identifier: MIT
// Which build of WdFilter the notifier behaves like: everything that differs between the builds, as one table each.
#pragma once

#include "abi/defender/commands.h"
#include "abi/defender/mp_data.h"
#include "abi/wire/engine.h"
#include "kit/nt.h"

namespace wdscope::notifier {

// What WD_PS_NOTIFY_INFO's member 0x08 carries for a create.
enum class ParentMember { AddressOfId, Id };

// What lies around the argument at the create and exit sites.
enum class Neighbourhood { Frame1910, Zeros, FrameA5 };

// Whether a create is notified before or after the service has been asked.
enum class CreateOrder { NotifyThenAsk, AskThenNotify };

// How the trusted byte of a create and of a refresh is written.
enum class TrustedByte { RawFlag, ZeroOrOne };

struct Profile {
  wire::NotifierProfile id;
  const char* name;
  const defender::MpDataLayout& data;
  std::uint32_t context_size;
  std::uint32_t context_magic;
  ParentMember parent_member;
  Neighbourhood neighbourhood;
  CreateOrder create_order;
  TrustedByte trusted_byte;
  bool writes_byte_1e;  // the newest build alone
  std::uint8_t message_version;
  std::uint16_t reply_size;
  const defender::CommandProtocol& commands;

  // 25080 and later: the members behind 0xC0, the third rule word, the state bits.
  bool has_context_tail() const { return context_size == 0x130; }
  // The 2019 build wrote none of the bytes behind Trusted; their content is stack residue.
  bool writes_rule_bytes() const { return has_context_tail(); }
};

// The profile of a registry value, or null for an unknown one.
const Profile* find_profile(ULONG value);

inline constexpr ULONG kDefaultProfile = static_cast<ULONG>(wire::NotifierProfile::WdA5);

}  // namespace wdscope::notifier
