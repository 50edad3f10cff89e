// SPDX-License-Identifier: MIT
// The notifier's device \Device\wdnotifier: the way its messages reach the service that plays Defender's engine, where
// WdFilter has filter-manager ports. Ours, not Defender's: only the messages, replies and commands inside are
// (abi/defender/messages.h, abi/defender/commands.h). SYSTEM and Administrators only; exclusive: opening it connects
// the one engine, closing it disconnects it. Without an engine every create goes through at once.
#pragma once

#include <cstdint>

#include "abi/wire/control.h"

namespace wdscope::wire {

inline constexpr char16_t kEngineDeviceName[] = u"\\Device\\wdnotifier";
inline constexpr char16_t kEngineDosDeviceName[] = u"\\DosDevices\\wdnotifier";
inline constexpr char kEngineUserDeviceName[] = "\\\\.\\wdnotifier";

// In: nothing. Out: EngineMessage, then the message. Waits for the next message; cancellable. STATUS_BUFFER_TOO_SMALL
// leaves the message queued. Creates wait for their reply at most MaxProcessCreationMessageTimeout ms (registry
// parameter).
inline constexpr std::uint32_t kEngineGetMessage = control_code(0x900, Method::Buffered, ControlAccess::Read);
// In: EngineReply, then the reply. STATUS_NOT_FOUND when that message no longer waits (time-out, or no reply expected).
inline constexpr std::uint32_t kEngineReply = control_code(0x901, Method::Buffered, ControlAccess::Write);

// In: one command, from its COMMAND_HEADER on (abi/defender/commands.h). Out: its COMMAND_REPLY, if it has one. The
// request's status is the command's, when the driver has done it; the same process notifications that the change causes
// have then been sent. Any thread of the connected engine may send one while others wait for messages.
inline constexpr std::uint32_t kEngineCommand = control_code(0x902, Method::Buffered, ControlAccess::Write);

// In: EngineReply, then the reply. Out: as of kEngineGetMessage. Both in one request, for an engine that handles its
// messages one after the other: first the reply is given, if anybody still waits for it, then the next message is
// waited for. STATUS_INVALID_PARAMETER: the input is no reply; nothing is done. STATUS_BUFFER_TOO_SMALL: the reply is
// given all the same.
inline constexpr std::uint32_t kEngineReplyAndGetMessage =
    control_code(0x904, Method::Buffered, ControlAccess::ReadWrite);

struct EngineMessage {
  std::uint64_t message_id;      // for the reply
  std::uint32_t message_size;    // bytes that follow
  std::uint32_t reply_expected;  // 1: a process is standing still for it
};
static_assert(sizeof(EngineMessage) == 16);

struct EngineReply {
  std::uint64_t message_id;
  std::uint32_t reply_size;  // bytes that follow; a wrong size or version is a malformed reply, as for Defender
  std::uint32_t status;      // 0, or an NTSTATUS: the send failed
};
static_assert(sizeof(EngineReply) == 16);

// The longest message: header, payload and three strings.
inline constexpr std::uint32_t kMaximumEngineMessageSize = 0x18 + 0x80 + 3 * 0x10000;

// Values of the registry parameter "Profile" of the notifier.
// Wd20H1: the build that Windows Insider build 19008 had, known by its context's layout alone; else assumed like 1910.
enum class NotifierProfile : std::uint32_t { Wd1910 = 1910, Wd20H1 = 19008, Wd25080 = 25080, WdA5 = 0xA5 };

}  // namespace wdscope::wire
