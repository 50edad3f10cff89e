// SPDX-License-Identifier: MIT
#include "notifier/parameters.h"

#include "abi/defender/exclusions.h"
#include "kit/kernel_string.h"
#include "kit/registry.h"
#include "notifier/file_name.h"
#include "notifier/hardening_table.h"
#include "notifier/trace.h"

namespace wdscope::notifier {
namespace {

constexpr std::uint32_t kNamesByService = 2;  // no registry value
constexpr kit::NumberParameter kProfileParameter = {u"Profile", kDefaultProfile, 0, MAXULONG};
constexpr kit::NumberParameter kMpNamesParameter = {u"MpNames", kNamesByService, 0, 1};
constexpr kit::NumberParameter kMarkParentsParameter = {u"MarkParents", 0, 0, 1};
constexpr kit::NumberParameter kTrackDllHostParameter = {u"TrackDllHost", 0, 0, 1};
constexpr kit::TextParameter kSystemRootParameter = {u"SystemRootPath", u"\\Device\\HarddiskVolume1\\Windows"};
constexpr kit::TextParameter kProductPathParameter = {u"ProductPath",
                                                      u"\\Device\\HarddiskVolume1\\Program Files\\Windows Defender"};
constexpr kit::TextParameter kHardeningParameter = {u"HardeningTable", defender::kAssumedHardeningTable};
constexpr kit::NumberParameter kTimeoutParameter = {u"MaxProcessCreationMessageTimeout", kDefaultCreateTimeoutMs, 1,
                                                    kMaximumCreateTimeoutMs};

template <std::size_t kUnits>
NTSTATUS read_parameter_text(const UNICODE_STRING& registry_path, const kit::TextParameter& parameter,
                             ParameterText<kUnits>* text) {
  return kit::read_text(registry_path, parameter, text->units, kUnits);
}

template <std::size_t kUnits>
void set_text(ParameterText<kUnits>* text, const char16_t* value) {
  std::size_t unit = 0;
  for (; value[unit]; ++unit) text->units[unit] = value[unit];
  text->units[unit] = 0;
}

bool is_hardening_table(UNICODE_STRING rest) {
  HardeningRow row;
  while (rest.Length) {
    if (!take_hardening_row(&rest, &row)) return false;
  }
  return true;
}

NTSTATUS read_text_parameters(const UNICODE_STRING& registry_path, Parameters* parameters) {
  NTSTATUS status = read_parameter_text(registry_path, kSystemRootParameter, &parameters->system_root);
  if (NT_SUCCESS(status)) {
    status = read_parameter_text(registry_path, kProductPathParameter, &parameters->product_path);
  }
  if (NT_SUCCESS(status)) {
    status = read_parameter_text(registry_path, kHardeningParameter, &parameters->hardening_table);
  }
  if (!NT_SUCCESS(status) || is_hardening_table(parameters->hardening_table.view())) return status;
  trace_error("parameter HardeningTable must be name=kinds,name=kinds with kinds from 0 to 7, but is \"%ws\"",
              parameters->hardening_table.units);
  return STATUS_INVALID_PARAMETER;
}

// The generation of 2019 goes by the last component of its service's key: "Wd..." for the product WdFilter, "Mp..." for
// any other (the older one is called MpFilter). assumed: the literal; this driver's own service counts as WdFilter. The
// later builds know one name alone.
CallbackNames names_by_service(const UNICODE_STRING& registry_path, const Profile& profile) {
  UNICODE_STRING service;
  if (profile.has_context_tail() || !NT_SUCCESS(final_component(&registry_path, &service))) return CallbackNames::Wd;
  const bool wd = equal_names(service, kit::counted(u"WdFilter")) || equal_names(service, kit::counted(u"wdnotifier"));
  return wd ? CallbackNames::Wd : CallbackNames::Mp;
}

}  // namespace

Parameters default_parameters() {
  Parameters parameters = {};
  parameters.profile = find_profile(kDefaultProfile);
  parameters.names = CallbackNames::Wd;
  parameters.create_timeout_ms = kDefaultCreateTimeoutMs;
  set_text(&parameters.system_root, kSystemRootParameter.default_value);
  set_text(&parameters.product_path, kProductPathParameter.default_value);
  set_text(&parameters.hardening_table, kHardeningParameter.default_value);
  return parameters;
}

NTSTATUS read_parameters(const UNICODE_STRING& registry_path, Parameters* parameters) {
  std::uint32_t profile = 0;
  std::uint32_t mp_names = 0;
  std::uint32_t timeout_ms = 0;
  std::uint32_t mark_parents = 0;
  std::uint32_t track_dllhost = 0;
  NTSTATUS status = kit::read_number(registry_path, kProfileParameter, profile);
  if (NT_SUCCESS(status)) status = kit::read_number(registry_path, kMpNamesParameter, mp_names);
  if (NT_SUCCESS(status)) status = kit::read_number(registry_path, kTimeoutParameter, timeout_ms);
  if (NT_SUCCESS(status)) status = kit::read_number(registry_path, kMarkParentsParameter, mark_parents);
  if (NT_SUCCESS(status)) status = kit::read_number(registry_path, kTrackDllHostParameter, track_dllhost);
  if (NT_SUCCESS(status)) status = read_text_parameters(registry_path, parameters);
  if (!NT_SUCCESS(status)) {
    trace_error("cannot read the parameters of %wZ: status %08X", &registry_path, status);
    return status;
  }
  const Profile* const chosen = find_profile(profile);
  if (!chosen) {
    trace_error("parameter Profile is %u: must be 1910, 19008 (20H1 preview), 25080 or 165 (0xA5)", profile);
    return STATUS_INVALID_PARAMETER;
  }
  parameters->profile = chosen;
  parameters->names = mp_names == kNamesByService ? names_by_service(registry_path, *chosen)
                      : mp_names                  ? CallbackNames::Mp
                                                  : CallbackNames::Wd;
  parameters->mark_parents = mark_parents != 0;
  parameters->track_dllhost = track_dllhost != 0;
  parameters->create_timeout_ms = effective_create_timeout_ms(timeout_ms);
  return STATUS_SUCCESS;
}

}  // namespace wdscope::notifier
