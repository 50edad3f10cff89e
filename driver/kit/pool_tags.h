// SPDX-License-Identifier: MIT
// Every pool tag of our drivers, so that no two meet. Defender's own tags (the notifier's structures) are published
// names; ours begin with "Ws". In memory, and in every tool, a tag reads as written here.
#pragma once

#include "kit/nt.h"

namespace wdscope::kit {

constexpr ULONG pool_tag(const char (&text)[5]) {
  return static_cast<ULONG>(static_cast<unsigned char>(text[0])) |
         static_cast<ULONG>(static_cast<unsigned char>(text[1])) << 8 |
         static_cast<ULONG>(static_cast<unsigned char>(text[2])) << 16 |
         static_cast<ULONG>(static_cast<unsigned char>(text[3])) << 24;
}

namespace tag {

// kit
inline constexpr ULONG Registry = pool_tag("WsRg");  // values and paths while they are read
inline constexpr ULONG Ring = pool_tag("WsRi");      // the event ring's bytes
inline constexpr ULONG RingIndex = pool_tag("WsRx");
inline constexpr ULONG Test = pool_tag("WsTe");

// observer
inline constexpr ULONG Observer = pool_tag("WsOb");
inline constexpr ULONG RawCapture = pool_tag("WsRw");  // buffers of a raw capture
inline constexpr ULONG Reader = pool_tag("WsRd");      // one for each open handle
inline constexpr ULONG Staging = pool_tag("WsSt");     // buffers for records with long texts

// wdnis
inline constexpr ULONG Nis = pool_tag("WsNi");            // the driver's state
inline constexpr ULONG NisExceptions = pool_tag("WsNx");  // the process exceptions

// notifier: ours
inline constexpr ULONG NameMarks = pool_tag("WsNm");  // beside a list in force
inline constexpr ULONG Notifier = pool_tag("WsNo");

}  // namespace tag
}  // namespace wdscope::kit
