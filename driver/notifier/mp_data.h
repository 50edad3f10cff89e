// SPDX-License-Identifier: MIT
// MpData: the global state, at the true size and with the true offsets of the profile. The module's other globals
// (process table, engine port) stand in their own files.
#pragma once

#include <atomic>

#include "abi/defender/mp_data.h"
#include "kit/locks.h"
#include "kit/nt.h"
#include "notifier/parameters.h"

namespace wdscope::notifier {

using kit::LockMode;
using kit::ResourceLock;

extern UCHAR* MpData;             // null before start and after stop
extern const Profile* MpProfile;  // set as long as MpData is
extern Parameters MpParameters;

// Allocates and fills MpData: magic, driver object, routine pointers by name, OS version mask, resource.
// PASSIVE_LEVEL. STATUS_INSUFFICIENT_RESOURCES.
[[nodiscard]] NTSTATUS start_data(PDRIVER_OBJECT driver, const Parameters& parameters);
// Frees it; nothing happens when it is not there.
void stop_data();

// The member of MpData; it must be present in the profile.
template <class T>
T& mp_data(defender::MpDataMember<T> defender::MpDataLayout::*member) {
  return *reinterpret_cast<T*>(MpData + (MpProfile->data.*member).offset);
}
// The same as an atomic: for members that several threads write.
template <class T>
std::atomic_ref<T> mp_data_atomic(defender::MpDataMember<T> defender::MpDataLayout::*member) {
  return std::atomic_ref<T>(mp_data(member));
}
template <class T>
bool mp_data_has(defender::MpDataMember<T> defender::MpDataLayout::*member) {
  return (MpProfile->data.*member).present();
}

// Pointers are kept as addresses, as the structures of abi/defender have them.
template <class T>
T* as_pointer(defender::KernelAddress address) {
  return reinterpret_cast<T*>(static_cast<ULONG_PTR>(address));
}
inline defender::KernelAddress as_address(const volatile void* pointer) {
  return reinterpret_cast<ULONG_PTR>(pointer);
}

PERESOURCE mp_data_resource();

}  // namespace wdscope::notifier
