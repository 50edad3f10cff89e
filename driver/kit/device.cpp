// SPDX-License-Identifier: MIT
#include "kit/device.h"

#include <utility>

#include "kit/irql.h"

namespace wdscope::kit {
namespace {

// S-1-5-18 and S-1-5-32-544 as they lie in memory.
template <std::size_t kCount>
struct Sid {
  UCHAR revision = SID_REVISION;
  UCHAR sub_authority_count = kCount;
  UCHAR authority[6] = {0, 0, 0, 0, 0, 5};
  ULONG sub_authorities[kCount];
};
constexpr Sid<1> kLocalSystem{.sub_authorities = {SECURITY_LOCAL_SYSTEM_RID}};
constexpr Sid<2> kAdministrators{.sub_authorities = {SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_ADMINS}};

NTSTATUS allow_all(PACL acl, const void* sid) {
  return RtlAddAccessAllowedAce(acl, ACL_REVISION, FILE_ALL_ACCESS, const_cast<PSID>(sid));
}

// D:P(A;;FA;;;SY)(A;;FA;;;BA)
NTSTATUS restrict_to_administrators(PDEVICE_OBJECT device) {
  // An ACE's last member is the first word of its SID.
  constexpr std::size_t kAclSize =
      sizeof(ACL) + 2 * (sizeof(ACCESS_ALLOWED_ACE) - sizeof(ULONG)) + sizeof(kLocalSystem) + sizeof(kAdministrators);
  alignas(ULONG) UCHAR acl_bytes[kAclSize];
  auto* const acl = reinterpret_cast<PACL>(acl_bytes);
  NTSTATUS status = RtlCreateAcl(acl, sizeof(acl_bytes), ACL_REVISION);
  if (NT_SUCCESS(status)) status = allow_all(acl, &kLocalSystem);
  if (NT_SUCCESS(status)) status = allow_all(acl, &kAdministrators);

  SECURITY_DESCRIPTOR descriptor;
  if (NT_SUCCESS(status)) status = RtlCreateSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION);
  if (NT_SUCCESS(status)) status = RtlSetDaclSecurityDescriptor(&descriptor, TRUE, acl, FALSE);
  if (!NT_SUCCESS(status)) return status;
  descriptor.Control |= SE_DACL_PROTECTED;

  HANDLE handle = nullptr;
  status = ObOpenObjectByPointer(device, OBJ_KERNEL_HANDLE, nullptr, WRITE_DAC, nullptr, KernelMode, &handle);
  if (!NT_SUCCESS(status)) return status;
  status = ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, &descriptor);
  ZwClose(handle);
  return status;
}

}  // namespace

NTSTATUS ControlDevice::create(PDRIVER_OBJECT driver, const UNICODE_STRING& name, const UNICODE_STRING& dos_name,
                               std::uint32_t device_type, Opens opens, std::uint32_t extension_size) {
  expect_irql_at_most(PASSIVE_LEVEL);
  UNICODE_STRING device_name = name;
  PDEVICE_OBJECT device = nullptr;
  NTSTATUS status = IoCreateDevice(driver, extension_size, &device_name, device_type, FILE_DEVICE_SECURE_OPEN,
                                   opens == Opens::Exclusive ? TRUE : FALSE, &device);
  if (!NT_SUCCESS(status)) return status;
  status = restrict_to_administrators(device);
  UNICODE_STRING link = dos_name;
  if (NT_SUCCESS(status)) status = IoCreateSymbolicLink(&link, &device_name);
  if (!NT_SUCCESS(status)) {
    IoDeleteDevice(device);
    return status;
  }
  device_ = device;
  dos_name_ = dos_name;
  return STATUS_SUCCESS;
}

void ControlDevice::destroy() {
  if (device_ == nullptr) return;
  expect_irql_at_most(PASSIVE_LEVEL);
  // The link was made by create(); should the namespace have lost it, there is nothing left to undo.
  static_cast<void>(IoDeleteSymbolicLink(&dos_name_));
  IoDeleteDevice(std::exchange(device_, nullptr));
}

}  // namespace wdscope::kit
