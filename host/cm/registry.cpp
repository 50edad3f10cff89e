// SPDX-License-Identifier: MIT
#include "host/cm/registry.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <variant>
#include <vector>

#include "host/exports.h"
#include "host/ke/thread.h"
#include "host/nt/export_table.h"
#include "host/nt/pool_tag.h"
#include "host/ob/handle.h"
#include "host/ob/namespace.h"
#include "host/rtl/text.h"
#include "host/rtl/upcase.h"
#include "host/se/security.h"
#include "host/verifier/fault_plan.h"

namespace wdscope::host {
namespace {

constexpr Ulong kRegSz = 1, kRegDword = 4;
constexpr std::u16string_view kServices = u"\\Registry\\Machine\\System\\CurrentControlSet\\Services";
constexpr Ulong kKeyTag = pool_tag("CKey");

struct Value {
  std::u16string name;  // as it was set
  Ulong type;
  std::vector<std::byte> data;
};

using Values = std::map<std::u16string, Value>;  // key: folded name

struct Key {  // an open key: its folded path
  std::u16string* path;
};

std::mutex registry_lock;
std::map<std::u16string, Values> keys;  // key: folded path

void destroy_key(void* body) {
  delete static_cast<Key*>(body)->path;
}
ObjectType key_type{"Key", {0x20019, 0x20006, 0x20019, 0xF003F}, 0, destroy_key, nullptr};

std::u16string fold(std::u16string_view text) {
  std::u16string folded(text);
  for (char16_t& unit : folded) unit = upcase(unit);
  return folded;
}

Value make_value(const std::string& name, const RegistryValue& from) {
  Value value{to_utf16(name), kRegDword, {}};
  if (const auto* number = std::get_if<std::uint32_t>(&from)) {
    value.data.resize(sizeof *number);
    std::memcpy(value.data.data(), number, sizeof *number);
  } else {
    const auto& text = std::get<std::u16string>(from);
    value.type = kRegSz;
    value.data.resize((text.size() + 1) * 2);
    std::memcpy(value.data.data(), text.c_str(), value.data.size());
  }
  return value;
}

bool exists(const std::u16string& path) {
  if (keys.contains(path)) return true;
  // The keys above the services are there too.
  const std::u16string services = fold(kServices);
  return services == path || services.starts_with(path + u"\\");
}

NtStatus full_path(const ObjectAttributes& attributes, std::u16string* path) {
  const std::u16string_view name = attributes.object_name ? attributes.object_name->view() : std::u16string_view();
  if (attributes.root_directory == 0) {
    if (name.empty() || name.front() != u'\\') return kStatusObjectPathSyntaxBad;
    *path = fold(name);
    return kStatusSuccess;
  }
  void* root = nullptr;
  const NtStatus status = reference_by_handle(attributes.root_directory, 0, &key_type, ProcessorMode::Kernel, &root);
  if (!nt_success(status)) return status;
  *path = *static_cast<Key*>(root)->path + (name.empty() ? u"" : u"\\" + fold(name));
  dereference_object(root);
  return name.starts_with(u'\\') ? kStatusObjectPathSyntaxBad : kStatusSuccess;
}

// Where each class puts things: fixed part, then perhaps the name, then perhaps the data.
NtStatus answer(const Value& value, KeyValueInformationClass info_class, std::byte* out, Ulong length, Ulong* needed) {
  const auto name_length = static_cast<Ulong>(value.name.size() * 2);
  const auto data_length = static_cast<Ulong>(value.data.size());
  std::vector<std::byte> whole;
  std::size_t fixed = 0;
  const auto put = [&](std::size_t at, Ulong word) { std::memcpy(whole.data() + at, &word, sizeof word); };
  switch (info_class) {
    case KeyValueInformationClass::Basic:
      fixed = 12;
      whole.resize(fixed + name_length);
      put(4, value.type);
      put(8, name_length);
      std::memcpy(whole.data() + fixed, value.name.data(), name_length);
      break;
    case KeyValueInformationClass::Full: {
      fixed = 20;
      const std::size_t data_at = (fixed + name_length + 3) & ~std::size_t{3};
      whole.resize(data_at + data_length);
      put(4, value.type);
      put(8, static_cast<Ulong>(data_at));
      put(12, data_length);
      put(16, name_length);
      std::memcpy(whole.data() + fixed, value.name.data(), name_length);
      std::memcpy(whole.data() + data_at, value.data.data(), data_length);
      break;
    }
    case KeyValueInformationClass::Partial:
      fixed = 12;
      whole.resize(fixed + data_length);
      put(4, value.type);
      put(8, data_length);
      std::memcpy(whole.data() + fixed, value.data.data(), data_length);
      break;
    default:
      return kStatusInvalidParameter;
  }
  *needed = static_cast<Ulong>(whole.size());
  if (length < fixed) return kStatusBufferTooSmall;
  const std::size_t fits = std::min<std::size_t>(length, whole.size());
  std::memcpy(out, whole.data(), fits);
  return fits < whole.size() ? kStatusBufferOverflow : kStatusSuccess;
}

}  // namespace

std::u16string service_key_path(std::string_view service_name) {
  return std::u16string(kServices) + u"\\" + to_utf16(service_name);
}

void create_service_key(std::string_view service_name, const std::map<std::string, RegistryValue>& parameters) {
  std::scoped_lock lock(registry_lock);
  const std::u16string path = fold(service_key_path(service_name));
  keys[path] = {};
  Values& values = keys[path + fold(u"\\Parameters")];
  values.clear();
  for (const auto& [name, from] : parameters) values[fold(to_utf16(name))] = make_value(name, from);
}

void delete_service_key(std::string_view service_name) {
  std::scoped_lock lock(registry_lock);
  const std::u16string path = fold(service_key_path(service_name));
  keys.erase(path);
  keys.erase(path + fold(u"\\Parameters"));
}

void shut_down_registry() {
  std::scoped_lock lock(registry_lock);
  keys.clear();
}

NtStatus NTAPI ZwOpenKey(Handle* key, Ulong access, const ObjectAttributes* attributes) {
  require_irql_at_most(kPassiveLevel, "ZwOpenKey");
  if (fault_plan_says_fail("ZwOpenKey", __builtin_return_address(0))) return kStatusInsufficientResources;
  if (!attributes) return kStatusInvalidParameter;
  NtStatus status = check_attributes(attributes);
  std::u16string path;
  if (nt_success(status)) status = full_path(*attributes, &path);
  if (!nt_success(status)) return status;
  {
    std::scoped_lock lock(registry_lock);
    if (!exists(path)) return kStatusObjectNameNotFound;
  }
  auto* body = static_cast<Key*>(create_object(key_type, sizeof(Key), kKeyTag));
  if (!body) return kStatusInsufficientResources;
  body->path = new std::u16string(std::move(path));
  status = open_handle(body, map_generic(access, key_type.mapping), __builtin_return_address(0), key);
  dereference_object(body);
  return status;
}

NtStatus NTAPI ZwQueryValueKey(Handle key, const UnicodeString* name, KeyValueInformationClass info_class,
                               void* information, Ulong length, Ulong* needed) {
  require_irql_at_most(kPassiveLevel, "ZwQueryValueKey");
  if (fault_plan_says_fail("ZwQueryValueKey", __builtin_return_address(0))) return kStatusInsufficientResources;
  void* body = nullptr;
  NtStatus status = reference_by_handle(key, 0, &key_type, ProcessorMode::Kernel, &body);
  if (!nt_success(status)) return status;
  {
    std::scoped_lock lock(registry_lock);
    status = kStatusObjectNameNotFound;
    if (const auto found = keys.find(*static_cast<Key*>(body)->path); found != keys.end())
      if (const auto value = found->second.find(fold(name->view())); value != found->second.end())
        status = answer(value->second, info_class, static_cast<std::byte*>(information), length, needed);
  }
  dereference_object(body);
  return status;
}

std::span<const Export> cm_exports() {
  static const Export table[] = {NT_EXPORT(ZwOpenKey), NT_EXPORT(ZwQueryValueKey)};
  return table;
}

}  // namespace wdscope::host
