// SPDX-License-Identifier: MIT
//
// Invariants. A callback is called without the lock, and never for a registration that is gone: unregistering waits for
// the one under way. A provider that nobody has enabled is not told of it.
#include "host/etw/provider.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>

#include "host/exports.h"
#include "host/image/loaded_image.h"
#include "host/ke/thread.h"
#include "host/nt/export_table.h"
#include "host/verifier/fault_plan.h"

namespace wdscope::host {
namespace {

constexpr std::size_t kLargestEvent = 65536 - 0x50;  // less EVENT_HEADER

struct Registration {
  ProviderId provider;
  ProviderCallback callback;
  void* context;
  const LoadedImage* owner;
  unsigned calls = 0;  // of the callback, under way
};

std::mutex tracing_lock;
std::condition_variable calls_changed;
std::map<std::uint64_t, Registration> registrations;
std::map<ProviderId, TraceSession> sessions;
std::uint64_t last_registration = 0;

bool lets_through(const TraceSession& session, std::uint8_t level, std::uint64_t keyword) {
  return level <= session.level && (keyword == 0 || (keyword & session.any_keyword) != 0);
}

std::optional<TraceSession> session_of(std::uint64_t registration, std::uint8_t level, std::uint64_t keyword) {
  const std::scoped_lock lock(tracing_lock);
  const auto found = registrations.find(registration);
  if (found == registrations.end()) return std::nullopt;
  const auto session = sessions.find(found->second.provider);
  if (session == sessions.end() || !lets_through(session->second, level, keyword)) return std::nullopt;
  return session->second;
}

// Under the lock, which it gives up for the call.
void tell(std::unique_lock<std::mutex>& lock, Registration& registration, Ulong control, const TraceSession& session) {
  if (!registration.callback) return;
  const ProviderId source{};
  ++registration.calls;
  const std::uint8_t level = session.level;
  const std::uint64_t keyword = session.any_keyword;
  lock.unlock();
  {
    const CallGuard guard("ETW enable callback");
    registration.callback(&source, control, level, keyword, 0, nullptr, registration.context);
  }
  lock.lock();
  --registration.calls;
  calls_changed.notify_all();
}

void tell_all(std::unique_lock<std::mutex>& lock, const ProviderId& provider, Ulong control,
              const TraceSession& session) {
  for (auto& [id, registration] : registrations) {
    if (registration.provider == provider) tell(lock, registration, control, session);
  }
}

}  // namespace

void enable_provider(const ProviderId& provider, const TraceSession& session) {
  std::unique_lock lock(tracing_lock);
  sessions[provider] = session;
  tell_all(lock, provider, kProviderEnabled, session);
}

void disable_provider(const ProviderId& provider) {
  std::unique_lock lock(tracing_lock);
  if (sessions.erase(provider) != 0) tell_all(lock, provider, kProviderDisabled, {});
}

NtStatus NTAPI EtwRegister(const ProviderId* provider, ProviderCallback callback, void* context,
                           std::uint64_t* registration) {
  void* const caller = __builtin_return_address(0);
  require_irql_at_most(kPassiveLevel, "EtwRegister");
  if (fault_plan_says_fail("EtwRegister", caller)) return kStatusInsufficientResources;
  std::unique_lock lock(tracing_lock);
  const std::uint64_t id = ++last_registration;
  Registration& made = registrations[id];
  made = {*provider, callback, context, image_containing(caller)};
  *registration = id;
  const auto session = sessions.find(*provider);
  if (session != sessions.end()) tell(lock, made, kProviderEnabled, session->second);
  return kStatusSuccess;
}

NtStatus NTAPI EtwUnregister(std::uint64_t registration) {
  require_irql_at_most(kPassiveLevel, "EtwUnregister");
  std::unique_lock lock(tracing_lock);
  const auto found = registrations.find(registration);
  if (found == registrations.end()) return kStatusInvalidHandle;
  calls_changed.wait(lock, [&] { return found->second.calls == 0; });
  registrations.erase(found);
  return kStatusSuccess;
}

NtStatus NTAPI EtwWrite(std::uint64_t registration, const EventDescriptor* event, const void*, Ulong count,
                        const EventDataDescriptor* data) {
  {
    const std::scoped_lock lock(tracing_lock);
    if (!registrations.contains(registration)) return kStatusInvalidHandle;
  }
  const auto session = session_of(registration, event->level, event->keyword);
  if (!session) return kStatusSuccess;
  std::vector<std::byte> bytes;
  for (const EventDataDescriptor& piece : std::span(data, count)) {
    if (piece.size > kLargestEvent - bytes.size()) return kStatusBufferOverflow;
    const auto* const begin = static_cast<const std::byte*>(piece.bytes);
    bytes.insert(bytes.end(), begin, begin + piece.size);
  }
  session->consumer(*event, bytes);
  return kStatusSuccess;
}

Boolean NTAPI EtwEventEnabled(std::uint64_t registration, const EventDescriptor* event) {
  return session_of(registration, event->level, event->keyword) ? 1 : 0;
}

Boolean NTAPI EtwProviderEnabled(std::uint64_t registration, std::uint8_t level, std::uint64_t keyword) {
  return session_of(registration, level, keyword) ? 1 : 0;
}

std::vector<std::string> providers_left_by(const LoadedImage& image) {
  const std::scoped_lock lock(tracing_lock);
  std::vector<std::string> left;
  for (const auto& [id, registration] : registrations) {
    if (registration.owner == &image) left.push_back("an ETW provider that was not unregistered");
  }
  return left;
}

void shut_down_tracing() {
  const std::scoped_lock lock(tracing_lock);
  registrations.clear();
  sessions.clear();
}

std::span<const Export> etw_exports() {
  static const Export table[] = {
      NT_EXPORT(EtwRegister),     NT_EXPORT(EtwUnregister),      NT_EXPORT(EtwWrite),
      NT_EXPORT(EtwEventEnabled), NT_EXPORT(EtwProviderEnabled),
  };
  return table;
}

}  // namespace wdscope::host
