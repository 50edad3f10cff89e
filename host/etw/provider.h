// SPDX-License-Identifier: MIT
// Event Tracing for Windows as far as a driver's events need it: providers register, a session enables one of them, and
// gets what it writes. One session for each provider.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "host/nt/base.h"

namespace wdscope::host {

class LoadedImage;

using ProviderId = std::array<std::uint8_t, 16>;  // a GUID's bytes

struct EventDescriptor {  // EVENT_DESCRIPTOR
  std::uint16_t id;
  std::uint8_t version;
  std::uint8_t channel;
  std::uint8_t level;
  std::uint8_t opcode;
  std::uint16_t task;
  std::uint64_t keyword;
};
static_assert(sizeof(EventDescriptor) == 0x10);

struct EventDataDescriptor {  // EVENT_DATA_DESCRIPTOR
  const void* bytes;
  Ulong size;
  Ulong reserved;
};
static_assert(sizeof(EventDataDescriptor) == 0x10);

struct TraceSession {
  std::uint8_t level = 0xFF;
  std::uint64_t any_keyword = ~std::uint64_t{0};
  // Gets each event that level and keyword let through, on the thread that writes it, at its IRQL.
  std::function<void(const EventDescriptor& event, std::span<const std::byte> data)> consumer;
};

// Enables the provider, registered or yet to be: its callback is called at PASSIVE_LEVEL on this thread, or when it
// registers. Instead of a session that is there.
void enable_provider(const ProviderId& provider, const TraceSession& session);
void disable_provider(const ProviderId& provider);

// What a driver passes as its callback: ENABLECALLBACK.
using ProviderCallback = void(NTAPI*)(const ProviderId* source, Ulong control, std::uint8_t level,
                                      std::uint64_t any_keyword, std::uint64_t all_keyword, void* filter,
                                      void* context);
inline constexpr Ulong kProviderDisabled = 0;  // EVENT_CONTROL_CODE_...
inline constexpr Ulong kProviderEnabled = 1;

// PASSIVE_LEVEL. INSUFFICIENT_RESOURCES.
NtStatus NTAPI EtwRegister(const ProviderId* provider, ProviderCallback callback, void* context,
                           std::uint64_t* registration);
NtStatus NTAPI EtwUnregister(std::uint64_t registration);  // INVALID_HANDLE
// At any IRQL. Success also when nobody listens. INVALID_HANDLE; BUFFER_OVERFLOW: above 64 KiB with the event's header.
NtStatus NTAPI EtwWrite(std::uint64_t registration, const EventDescriptor* event, const void* activity, Ulong count,
                        const EventDataDescriptor* data);
Boolean NTAPI EtwEventEnabled(std::uint64_t registration, const EventDescriptor* event);
Boolean NTAPI EtwProviderEnabled(std::uint64_t registration, std::uint8_t level, std::uint64_t keyword);

std::vector<std::string> providers_left_by(const LoadedImage& image);
void shut_down_tracing();  // forgets registrations and sessions

}  // namespace wdscope::host
