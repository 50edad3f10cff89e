// SPDX-License-Identifier: MIT
// ETW, of which Wine 8's kernel has nothing: a provider registers, and nobody listens.
#include "wine/helper/executive.h"

namespace wdscope::wine {
namespace {

constexpr REGHANDLE kRegistration = 1;

NTSTATUS NTAPI register_provider(LPCGUID, PETWENABLECALLBACK, PVOID, REGHANDLE* registration) {
  *registration = kRegistration;
  return STATUS_SUCCESS;
}

NTSTATUS NTAPI unregister_provider(REGHANDLE registration) {
  return registration == kRegistration ? STATUS_SUCCESS : STATUS_INVALID_HANDLE;
}

NTSTATUS NTAPI write(REGHANDLE, PCEVENT_DESCRIPTOR, LPCGUID, ULONG, PEVENT_DATA_DESCRIPTOR) {
  return STATUS_SUCCESS;
}

}  // namespace

void* tracing_routine(std::string_view name) {
  const Routine routines[] = {{"EtwRegister", reinterpret_cast<void*>(register_provider)},
                              {"EtwUnregister", reinterpret_cast<void*>(unregister_provider)},
                              {"EtwWrite", reinterpret_cast<void*>(write)}};
  return find_routine(routines, name);
}

}  // namespace wdscope::wine
