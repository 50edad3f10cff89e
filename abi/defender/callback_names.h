// SPDX-License-Identifier: MIT
// Names of Defender's executive callback objects. Source: research ExecutiveCallbackObjects.
#pragma once

namespace wdscope::defender {

inline constexpr char16_t kWdProcessNotificationCallback[] = u"\\Callback\\WdProcessNotificationCallback";
inline constexpr char16_t kMpProcessNotificationCallback[] = u"\\Callback\\MpProcessNotificationCallback";
inline constexpr char16_t kWdNriNotificationCallback[] = u"\\Callback\\WdNriNotificationCallback";
inline constexpr char16_t kMpNriNotificationCallback[] = u"\\Callback\\MpNriNotificationCallback";

// OBJ_KERNEL_HANDLE | OBJ_PERMANENT: what Defender opens and creates them with.
inline constexpr unsigned kCallbackAttributes = 0x210;

}  // namespace wdscope::defender
