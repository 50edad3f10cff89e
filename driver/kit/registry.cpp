// SPDX-License-Identifier: MIT
#include "kit/registry.h"

#include "kit/irql.h"
#include "kit/kernel_string.h"
#include "kit/pool.h"

namespace wdscope::kit {
namespace {

class Key {
 public:
  Key() = default;
  ~Key() {
    if (handle_ != nullptr) ZwClose(handle_);
  }
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;

  NTSTATUS open(UNICODE_STRING& path) {
    OBJECT_ATTRIBUTES attributes = named_object(path, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE);
    return ZwOpenKey(&handle_, KEY_READ, &attributes);
  }
  HANDLE handle() const { return handle_; }

 private:
  HANDLE handle_ = nullptr;
};

NTSTATUS open_parameters(const UNICODE_STRING& registry_path, Key& key) {
  const UNICODE_STRING parameters = counted(u"\\Parameters");
  const std::size_t size = std::size_t{registry_path.Length} + parameters.Length;
  if (size > 0xFFFE) return STATUS_NAME_TOO_LONG;
  PoolBytes text;
  if (const NTSTATUS status = text.allocate(Pool::Paged, size, tag::Registry); !NT_SUCCESS(status)) return status;
  UNICODE_STRING path{0, static_cast<USHORT>(size), text.as<WCHAR>()};
  RtlCopyUnicodeString(&path, &registry_path);
  if (const NTSTATUS status = RtlAppendUnicodeStringToString(&path, &parameters); !NT_SUCCESS(status)) {
    return status;
  }
  return key.open(path);
}

}  // namespace

NTSTATUS read_number(const UNICODE_STRING& registry_path, const NumberParameter& parameter, std::uint32_t& value) {
  expect_irql_at_most(PASSIVE_LEVEL);
  Key key;
  NTSTATUS status = open_parameters(registry_path, key);
  if (status == STATUS_OBJECT_NAME_NOT_FOUND || status == STATUS_OBJECT_PATH_NOT_FOUND) {
    value = parameter.default_value;
    return STATUS_SUCCESS;
  }
  if (!NT_SUCCESS(status)) return status;

  union {
    KEY_VALUE_PARTIAL_INFORMATION information;
    UCHAR bytes[sizeof(KEY_VALUE_PARTIAL_INFORMATION) + sizeof(std::uint64_t)];
  } answer{};
  UNICODE_STRING name;
  const auto* const name_text = reinterpret_cast<PCWSTR>(parameter.name);
  RtlInitUnicodeString(&name, name_text);
  ULONG answer_size = 0;
  status = ZwQueryValueKey(key.handle(), &name, KeyValuePartialInformation, &answer, sizeof(answer), &answer_size);
  if (status == STATUS_OBJECT_NAME_NOT_FOUND) {
    value = parameter.default_value;
    return STATUS_SUCCESS;
  }
  // A longer value is certainly no number of ours.
  if (status == STATUS_BUFFER_OVERFLOW || status == STATUS_BUFFER_TOO_SMALL) status = STATUS_INVALID_PARAMETER;
  std::uint32_t found = 0;
  if (NT_SUCCESS(status)) {
    if (answer.information.Type == REG_DWORD && answer.information.DataLength == sizeof(found)) {
      RtlCopyMemory(&found, answer.information.Data, sizeof(found));
      if (found < parameter.minimum || found > parameter.maximum) status = STATUS_INVALID_PARAMETER;
    } else {
      status = STATUS_INVALID_PARAMETER;
    }
  }
  if (status == STATUS_INVALID_PARAMETER) {
    DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "%wZ\\Parameters: %ws must be a REG_DWORD from %u to %u.\n",
               &registry_path, name_text, parameter.minimum, parameter.maximum);
  }
  if (!NT_SUCCESS(status)) return status;
  value = found;
  return STATUS_SUCCESS;
}

namespace {

NTSTATUS refuse_text(const UNICODE_STRING& registry_path, const TextParameter& parameter, std::size_t units) {
  DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "%wZ\\Parameters: %ws must be a REG_SZ of up to %u characters.\n",
             &registry_path, reinterpret_cast<PCWSTR>(parameter.name), static_cast<unsigned>(units - 1));
  return STATUS_INVALID_PARAMETER;
}

void copy_default(const TextParameter& parameter, WCHAR* text) {
  std::size_t unit = 0;
  for (; parameter.default_value[unit] != 0; ++unit) text[unit] = static_cast<WCHAR>(parameter.default_value[unit]);
  text[unit] = 0;
}

}  // namespace

NTSTATUS read_text(const UNICODE_STRING& registry_path, const TextParameter& parameter, WCHAR* text,
                   std::size_t units) {
  expect_irql_at_most(PASSIVE_LEVEL);
  Key key;
  NTSTATUS status = open_parameters(registry_path, key);
  PoolBytes answer;
  const std::size_t answer_size = sizeof(KEY_VALUE_PARTIAL_INFORMATION) + units * sizeof(WCHAR);
  if (NT_SUCCESS(status)) status = answer.allocate(Pool::Paged, answer_size, tag::Registry);
  if (NT_SUCCESS(status)) {
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, reinterpret_cast<PCWSTR>(parameter.name));
    ULONG needed = 0;
    status = ZwQueryValueKey(key.handle(), &name, KeyValuePartialInformation, answer.data(),
                             static_cast<ULONG>(answer_size), &needed);
  }
  if (status == STATUS_OBJECT_NAME_NOT_FOUND || status == STATUS_OBJECT_PATH_NOT_FOUND) {
    copy_default(parameter, text);
    return STATUS_SUCCESS;
  }
  if (status == STATUS_BUFFER_OVERFLOW || status == STATUS_BUFFER_TOO_SMALL) {
    return refuse_text(registry_path, parameter, units);
  }
  if (!NT_SUCCESS(status)) return status;

  const auto* const found = answer.as<const KEY_VALUE_PARTIAL_INFORMATION>();
  if (found->Type != REG_SZ || found->DataLength % sizeof(WCHAR) != 0) {
    return refuse_text(registry_path, parameter, units);
  }
  std::size_t length = found->DataLength / sizeof(WCHAR);
  const auto* const data = reinterpret_cast<const WCHAR*>(found->Data);
  if (length != 0 && data[length - 1] == 0) --length;  // stored with or without its terminator
  if (length >= units) return refuse_text(registry_path, parameter, units);
  RtlCopyMemory(text, data, length * sizeof(WCHAR));
  text[length] = 0;
  return STATUS_SUCCESS;
}

}  // namespace wdscope::kit
