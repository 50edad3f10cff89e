// SPDX-License-Identifier: MIT
#include "notifier/profile.h"

#include "abi/defender/messages.h"
#include "abi/defender/process_context.h"

namespace wdscope::notifier {
namespace {

constexpr Profile kWd1910 = {
    .id = wire::NotifierProfile::Wd1910,
    .name = "1910",
    .data = defender::kMpData1910,
    .context_size = sizeof(defender::MP_PROCESS_CONTEXT),
    .context_magic = defender::kProcessContextMagic1910,
    .parent_member = ParentMember::AddressOfId,
    .neighbourhood = Neighbourhood::Frame1910,
    .create_order = CreateOrder::NotifyThenAsk,
    .trusted_byte = TrustedByte::RawFlag,
    .writes_byte_1e = false,
    .message_version = defender::kMessageVersion1910,
    .reply_size = sizeof(defender::CREATE_REPLY_1910),
    .commands = defender::kCommands1910,
};

// assumed: everything but the context's size and last member is as in 1910.
constexpr Profile kWd20H1 = {
    .id = wire::NotifierProfile::Wd20H1,
    .name = "20H1 preview",
    .data = defender::kMpData1910,
    .context_size = sizeof(defender::MP_PROCESS_CONTEXT_20H1),
    .context_magic = defender::kProcessContextMagic20H1,
    .parent_member = ParentMember::AddressOfId,
    .neighbourhood = Neighbourhood::Frame1910,
    .create_order = CreateOrder::NotifyThenAsk,
    .trusted_byte = TrustedByte::RawFlag,
    .writes_byte_1e = false,
    .message_version = defender::kMessageVersion1910,
    .reply_size = sizeof(defender::CREATE_REPLY_1910),
    .commands = defender::kCommands1910,
};

constexpr Profile kWd25080 = {
    .id = wire::NotifierProfile::Wd25080,
    .name = "25080",
    .data = defender::kMpData25080,
    .context_size = sizeof(defender::MP_PROCESS_CONTEXT_25080),
    .context_magic = defender::kProcessContextMagic25080,
    .parent_member = ParentMember::Id,
    .neighbourhood = Neighbourhood::Zeros,
    .create_order = CreateOrder::NotifyThenAsk,
    .trusted_byte = TrustedByte::ZeroOrOne,
    .writes_byte_1e = false,
    .message_version = defender::kMessageVersion25080,
    .reply_size = sizeof(defender::CREATE_REPLY_25080),
    .commands = defender::kCommands25080,
};

constexpr Profile kWdA5 = {
    .id = wire::NotifierProfile::WdA5,
    .name = "a5",
    .data = defender::kMpData25080,
    .context_size = sizeof(defender::MP_PROCESS_CONTEXT_25080),
    .context_magic = defender::kProcessContextMagic25080,
    .parent_member = ParentMember::Id,
    .neighbourhood = Neighbourhood::FrameA5,
    .create_order = CreateOrder::AskThenNotify,
    .trusted_byte = TrustedByte::ZeroOrOne,
    .writes_byte_1e = true,
    .message_version = defender::kMessageVersionA5,
    .reply_size = sizeof(defender::CREATE_REPLY_25080),
    .commands = defender::kCommandsA5,
};

}  // namespace

const Profile* find_profile(ULONG value) {
  switch (static_cast<wire::NotifierProfile>(value)) {
    case wire::NotifierProfile::Wd1910:
      return &kWd1910;
    case wire::NotifierProfile::Wd20H1:
      return &kWd20H1;
    case wire::NotifierProfile::Wd25080:
      return &kWd25080;
    case wire::NotifierProfile::WdA5:
      return &kWdA5;
  }
  return nullptr;
}

}  // namespace wdscope::notifier
