// SPDX-License-Identifier: MIT
#include "host/io/driver.h"

#include "host/io/request.h"
#include "host/ob/namespace.h"
#include "host/rtl/text.h"

#include "host/ex/pool.h"
#include "host/nt/pool_tag.h"

namespace wdscope::host {
namespace {

constexpr Ulong kDriverTag = pool_tag("Driv");

struct DriverBody {
  DriverObject object;  // first: what drivers see
  DriverExtension extension;
  LoadedDriver* loaded;
};

void destroy_driver(void* body) {
  pool_free_for_host(static_cast<DriverBody*>(body)->object.driver_name.buffer);
}

}  // namespace

ObjectType driver_type{"Driver", {0x20001, 0x20002, 0x120000, 0x1F0001}, 0, destroy_driver, nullptr};

DriverObject* create_driver_object(LoadedDriver& driver) {
  auto* body = static_cast<DriverBody*>(create_object(driver_type, sizeof(DriverBody), kDriverTag));
  if (!body) return nullptr;
  const std::u16string service = to_utf16(driver.service_name);
  const std::u16string name = u"\\Driver\\" + service;
  const auto length = static_cast<std::uint16_t>(name.size() * 2);
  auto* text = static_cast<char16_t*>(pool_allocate_for_host(length + 2U, kDriverTag));
  body->object.driver_name = {length, static_cast<std::uint16_t>(length + 2), text};
  if (!text || !nt_success(insert_name(body, name, Lifetime::Permanent))) {
    dereference_object(body);
    return nullptr;
  }
  name.copy(text, name.size());
  text[name.size()] = 0;
  DriverObject& object = body->object;
  object.type = 4;
  object.size = sizeof(DriverObject);
  object.flags = kDriverLegacy;
  object.driver_start = driver.image->base();
  object.driver_size = static_cast<Ulong>(driver.image->size());
  object.driver_init = reinterpret_cast<DriverEntryRoutine>(driver.image->entry_point());
  object.driver_extension = &body->extension;
  for (DispatchRoutine& routine : object.major_function) routine = invalid_device_request;
  body->extension.driver_object = &object;
  const auto service_length = static_cast<std::uint16_t>(service.size() * 2);
  body->extension.service_key_name = {service_length, service_length, text + (name.size() - service.size())};
  body->loaded = &driver;
  return &object;
}

LoadedDriver* loaded_driver_of(DriverObject* object) {
  return reinterpret_cast<DriverBody*>(object)->loaded;
}

}  // namespace wdscope::host
