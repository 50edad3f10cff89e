// SPDX-License-Identifier: MIT
// The registry as far as drivers read it: a service's key and its Parameters, made when the driver is loaded. Key and
// value names ignore case, always.
#pragma once

#include <map>
#include <string>

#include "host/machine.h"
#include "host/nt/base.h"

namespace wdscope::host {

// \Registry\Machine\System\CurrentControlSet\Services\<service>
std::u16string service_key_path(std::string_view service_name);

// Makes the service's key and its Parameters subkey with these values.
void create_service_key(std::string_view service_name, const std::map<std::string, RegistryValue>& parameters);
void delete_service_key(std::string_view service_name);
void shut_down_registry();

enum class KeyValueInformationClass : Ulong { Basic = 0, Full = 1, Partial = 2 };

// OBJECT_NAME_NOT_FOUND, OBJECT_PATH_SYNTAX_BAD, INVALID_PARAMETER.
NtStatus NTAPI ZwOpenKey(Handle* key, Ulong access, const ObjectAttributes* attributes);
// BUFFER_TOO_SMALL: not even the fixed part fits; BUFFER_OVERFLOW: the fixed part was written, and what fits of the
// rest. *needed gets the whole size. OBJECT_NAME_NOT_FOUND: no such value.
NtStatus NTAPI ZwQueryValueKey(Handle key, const UnicodeString* name, KeyValueInformationClass info_class,
                               void* information, Ulong length, Ulong* needed);

}  // namespace wdscope::host
