// SPDX-License-Identifier: MIT
#include "notifier/notification.h"

#include "abi/defender/flags.h"

namespace wdscope::notifier {
namespace {

using defender::OperationType;
using defender::WD_PS_NOTIFY_INFO;

// assumed: the 2019 build leaves these bytes as its stack had them. One fixed value that is no bit of meaning makes
// runs repeatable and shows a reader who trusts them.
constexpr std::uint8_t kUnwritten = 0xCC;

// Room of zeros on both sides, wider than any known frame: no leftover of the stack can pass for a context pointer.
struct PaddedInfo {
  std::uint8_t before[0x40];
  WD_PS_NOTIFY_INFO info;
  std::uint8_t after[0x40];
};

enum class Trust : std::uint8_t { No, Yes, AsFlagged };

std::uint8_t trusted_byte(MP_PROCESS_CONTEXT* context, Trust trust) {
  if (trust != Trust::AsFlagged) return trust == Trust::Yes;
  const std::uint32_t bit = context_flags(context).load() & defender::flag::Trusted;
  if (MpProfile->trusted_byte == TrustedByte::RawFlag) return static_cast<std::uint8_t>(bit);
  return bit != 0;
}

// Everything but member 0x08, which only a create has and each generation writes differently.
void fill(WD_PS_NOTIFY_INFO& info, OperationType operation, MP_PROCESS_CONTEXT* context, Trust trust) {
  info.ProcessId = context->ProcessId;
  info.ParentProcessId = 0;
  info.ImageName = 0;
  info.OperationType = static_cast<std::uint32_t>(operation);
  info.Trusted = trusted_byte(context, trust);
  if (!MpProfile->writes_rule_bytes()) {
    info.Rules2Bit1 = info.Rules2Bit10 = info.Byte1F = kUnwritten;
    return;
  }
  const std::uint32_t rules2 = operation == OperationType::Terminate ? 0 : rules2_of(context);
  info.Rules2Bit1 = (rules2 & defender::rule2::NotifyByte1D) != 0;
  info.Rules2Bit10 = MpProfile->writes_byte_1e && (rules2 & defender::rule2::NotifyByte1E) != 0;
  info.Byte1F = 0;
}

void notify(WD_PS_NOTIFY_INFO* info) {
  ExNotifyCallback(as_pointer<_CALLBACK_OBJECT>(mp_data(&defender::MpDataLayout::ProcessNotification)), info, nullptr);
}

void notify_site(const SiteFrame& site, OperationType operation) {
  const bool create = operation == OperationType::Create;
  WD_PS_NOTIFY_INFO info = {};
  fill(info, operation, site.context, create ? Trust::AsFlagged : Trust::No);
  const auto parent = reinterpret_cast<ULONG_PTR>(site.parent_process_id);
  if (create) {
    info.ParentProcessId = parent;
    info.ImageName = as_address(site.image_name);
  }

  switch (MpProfile->neighbourhood) {
    case Neighbourhood::Frame1910: {
      defender::WD_PS_NOTIFY_FRAME_1910 frame = {};
      frame.Context = as_address(site.context);
      frame.ParentProcessId = parent;
      frame.Info = info;
      if (create) frame.Info.ParentProcessId = as_address(&frame.ParentProcessId);
      frame.ImageName = as_address(site.image_name);
      frame.CommandLine = as_address(site.command_line);
      notify(&frame.Info);
      return;
    }
    case Neighbourhood::Zeros: {
      PaddedInfo frame = {};
      frame.info = info;
      notify(&frame.info);
      return;
    }
    case Neighbourhood::FrameA5: {
      defender::WD_PS_NOTIFY_FRAME_A5 frame = {};
      frame.AccessDenied = as_address(site.access_denied);
      frame.CommandLinePointer = as_address(site.command_line);
      frame.Process = as_address(site.process);
      frame.Context = as_address(site.context);
      frame.Info = info;
      frame.ImageName = as_address(site.image_name);
      frame.CommandLine = as_address(site.command_line);
      frame.ParentProcessId = parent;
      RtlCopyMemory(frame.Creator, &site.creator, sizeof(site.creator));
      notify(&frame.Info);
      return;
    }
  }
}

// Types 3 are sent from frames of other functions, about which nothing is known.
void notify_trust(MP_PROCESS_CONTEXT* context, Trust trust, PCUNICODE_STRING image_name) {
  PaddedInfo frame = {};
  fill(frame.info, OperationType::Trust, context, trust);
  frame.info.ImageName = as_address(image_name);
  notify(&frame.info);
}

}  // namespace

void notify_created(const SiteFrame& site) {
  notify_site(site, OperationType::Create);
}
void notify_terminated(const SiteFrame& site) {
  notify_site(site, OperationType::Terminate);
}

void notify_refreshed(MP_PROCESS_CONTEXT* context) {
  notify_trust(context, Trust::AsFlagged, image_name_of(context));
}
void notify_set_trusted(MP_PROCESS_CONTEXT* context) {
  notify_trust(context, Trust::Yes, nullptr);
}
void notify_set_untrusted(MP_PROCESS_CONTEXT* context) {
  notify_trust(context, Trust::No, nullptr);
}

}  // namespace wdscope::notifier
