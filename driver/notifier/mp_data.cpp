// SPDX-License-Identifier: MIT
#include "notifier/mp_data.h"

#include "kit/pool.h"
#include "notifier/pool_tag.h"

namespace wdscope::notifier {

using defender::MpDataLayout;

UCHAR* MpData;
const Profile* MpProfile;
Parameters MpParameters;

namespace {

defender::KernelAddress system_routine(PCWSTR name) {
  UNICODE_STRING text;
  RtlInitUnicodeString(&text, name);
  return as_address(MmGetSystemRoutineAddress(&text));
}

constexpr ULONG kWindows10Build = 10240;
constexpr ULONG kSubsystemsBuild = 14980;  // research WdFilter-Research
constexpr ULONG kRedstone3Build = 16299;

std::uint32_t os_version_mask() {
  namespace os_version = defender::os_version;
  RTL_OSVERSIONINFOW version = {};
  version.dwOSVersionInfoSize = sizeof(version);
  RtlGetVersion(&version);
  std::uint32_t mask = os_version::Vista | os_version::Windows7 | os_version::Windows8 | os_version::Windows81;
  if (version.dwBuildNumber >= kWindows10Build) mask |= os_version::Windows10;
  if (version.dwBuildNumber >= kSubsystemsBuild) mask |= os_version::Subsystems;
  if (version.dwBuildNumber >= kRedstone3Build) mask |= os_version::Redstone3;
  return mask;
}

}  // namespace

NTSTATUS start_data(PDRIVER_OBJECT driver, const Parameters& parameters) {
  const Profile& profile = *parameters.profile;
  auto* const block =
      static_cast<UCHAR*>(kit::allocate_zeroed(kit::Pool::NonPaged, profile.data.size, pool_tag::kData));
  if (!block) return STATUS_INSUFFICIENT_RESOURCES;
  const NTSTATUS status = ExInitializeResourceLite(reinterpret_cast<PERESOURCE>(block + profile.data.Resource.offset));
  if (!NT_SUCCESS(status)) {
    ExFreePoolWithTag(block, pool_tag::kData);
    return status;
  }

  MpData = block;
  MpProfile = &profile;
  MpParameters = parameters;
  mp_data(&MpDataLayout::Magic) =
      defender::magic_of(static_cast<std::uint16_t>(profile.data.size), defender::kMpDataType);
  mp_data(&MpDataLayout::DriverObject) = as_address(driver);
  mp_data(&MpDataLayout::SetCreateProcessNotifyRoutineEx) = system_routine(L"PsSetCreateProcessNotifyRoutineEx");
  mp_data(&MpDataLayout::SetCreateProcessNotifyRoutineEx2) = system_routine(L"PsSetCreateProcessNotifyRoutineEx2");
  mp_data(&MpDataLayout::SetCreateThreadNotifyRoutineEx) = system_routine(L"PsSetCreateThreadNotifyRoutineEx");
  mp_data(&MpDataLayout::OsVersionMask) = os_version_mask();
  if (mp_data_has(&MpDataLayout::WdNames)) {
    mp_data(&MpDataLayout::WdNames) = parameters.names == CallbackNames::Wd;
  }
  if (mp_data_has(&MpDataLayout::MarkParents)) mp_data(&MpDataLayout::MarkParents) = parameters.mark_parents;
  if (mp_data_has(&MpDataLayout::DllHostTracking)) mp_data(&MpDataLayout::DllHostTracking) = parameters.track_dllhost;
  return STATUS_SUCCESS;
}

void stop_data() {
  if (!MpData) return;
  ExDeleteResourceLite(mp_data_resource());
  ExFreePoolWithTag(MpData, pool_tag::kData);
  MpData = nullptr;
  MpProfile = nullptr;
}

PERESOURCE mp_data_resource() {
  return reinterpret_cast<PERESOURCE>(mp_data(&MpDataLayout::Resource).bytes);
}

}  // namespace wdscope::notifier
