// SPDX-License-Identifier: MIT
#include "kit/callback.h"

#include "abi/defender/callback_names.h"

namespace wdscope::kit {

NTSTATUS MpCreateCallback(PCALLBACK_OBJECT* object, PCWSTR name) {
  UNICODE_STRING text;
  RtlInitUnicodeString(&text, name);
  OBJECT_ATTRIBUTES attributes;
  InitializeObjectAttributes(&attributes, &text, defender::kCallbackAttributes, nullptr, nullptr);
  PCALLBACK_OBJECT created = nullptr;
  const NTSTATUS status = ExCreateCallback(&created, &attributes, TRUE, TRUE);
  if (!NT_SUCCESS(status)) return status;
  if (!created) return STATUS_UNSUCCESSFUL;
  *object = created;
  return STATUS_SUCCESS;
}

NTSTATUS MpRegisterCallback(PCALLBACK_OBJECT object, PCALLBACK_FUNCTION function, PVOID context, PVOID* registration) {
  if (!object || !function || !registration) return STATUS_INVALID_PARAMETER;
  PVOID const registered = ExRegisterCallback(object, function, context);
  if (!registered) return STATUS_UNSUCCESSFUL;
  *registration = registered;
  return STATUS_SUCCESS;
}

}  // namespace wdscope::kit
