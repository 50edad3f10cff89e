// SPDX-License-Identifier: MIT
#include "notifier/parameters.h"

#include "kit/registry.h"
#include "notifier/trace.h"

namespace wdscope::notifier {
namespace {

constexpr kit::NumberParameter kProfileParameter = {u"Profile", kDefaultProfile, 0, MAXULONG};
constexpr kit::NumberParameter kMpNamesParameter = {u"MpNames", 0, 0, 1};
constexpr kit::NumberParameter kTimeoutParameter = {u"MaxProcessCreationMessageTimeout", kDefaultCreateTimeoutMs, 1,
                                                    kMaximumCreateTimeoutMs};

}  // namespace

NTSTATUS read_parameters(const UNICODE_STRING& registry_path, Parameters* parameters) {
  std::uint32_t profile = 0;
  std::uint32_t mp_names = 0;
  std::uint32_t timeout_ms = 0;
  NTSTATUS status = kit::read_number(registry_path, kProfileParameter, profile);
  if (NT_SUCCESS(status)) status = kit::read_number(registry_path, kMpNamesParameter, mp_names);
  if (NT_SUCCESS(status)) status = kit::read_number(registry_path, kTimeoutParameter, timeout_ms);
  if (!NT_SUCCESS(status)) {
    trace_error("cannot read the parameters of %wZ: status %08X", &registry_path, status);
    return status;
  }
  const Profile* const chosen = find_profile(profile);
  if (!chosen) {
    trace_error("parameter Profile is %u: must be 1910, 25080 or 165 (0xA5)", profile);
    return STATUS_INVALID_PARAMETER;
  }
  *parameters = {chosen, mp_names ? CallbackNames::Mp : CallbackNames::Wd, effective_create_timeout_ms(timeout_ms)};
  return STATUS_SUCCESS;
}

}  // namespace wdscope::notifier
