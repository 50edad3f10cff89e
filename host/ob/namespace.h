// SPDX-License-Identifier: MIT
// The object namespace: directories, symbolic links and named objects. Lookups ignore case unless the machine was
// booted strict. Name rules and statuses follow the NT object manager.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/ob/object.h"

namespace wdscope::host {

enum class NameCase : std::uint8_t { Ignore, Strict };

// Makes the root and the system's directories (\Callback, \Device, \Driver, \GLOBAL??, \ObjectTypes) and links
// (\??, \DosDevices). `shut_down_namespace` forgets every name.
void start_namespace(NameCase name_case);
void shut_down_namespace();

// Checks OBJECT_ATTRIBUTES as the kernel captures them: length, attribute bits, an even name length below 0xFFFE.
NtStatus check_attributes(const ObjectAttributes* attributes);

// What a path leads to. `remaining` is the part after an object that parses names of its own (a device), with its
// leading backslash; empty when the path named the object itself.
struct Lookup {
  void* body;  // with a reference that the caller owns
  std::u16string remaining;
};

// Errors: OBJECT_PATH_SYNTAX_BAD (no leading backslash), OBJECT_NAME_INVALID (ends in a backslash, empty component),
// OBJECT_PATH_NOT_FOUND (a directory on the way), OBJECT_NAME_NOT_FOUND (the leaf), OBJECT_TYPE_MISMATCH (a component
// on the way is no directory).
NtStatus look_up(std::u16string_view path, Lookup* found);
// look_up() for a named object of one type; nothing may remain.
NtStatus look_up_object(std::u16string_view path, ObjectType& type, void** body);

// Gives a nameless object a name, which takes a reference. Errors as for look_up, and OBJECT_NAME_COLLISION.
enum class Lifetime : std::uint8_t { Temporary, Permanent };
NtStatus insert_name(void* body, std::u16string_view path, Lifetime lifetime);
// Takes the name away, if it has one, with the reference that the name held.
void remove_name(void* body);
// Called when an object's handle count falls to zero.
void last_handle_closed(void* body);

std::u16string full_name(void* body);  // empty: nameless
// The same for a report in the midst of a fault: empty also when somebody, or this very thread, is in the namespace.
std::u16string full_name_if_free(void* body);
NtStatus create_symbolic_link(std::u16string_view path, std::u16string_view target, void* caller);

std::vector<std::string> links_left_by(const class LoadedImage& image);

NtStatus NTAPI IoCreateSymbolicLink(const UnicodeString* link, const UnicodeString* target);
NtStatus NTAPI IoDeleteSymbolicLink(const UnicodeString* link);
NtStatus NTAPI ObQueryNameString(void* body, ObjectNameInformation* information, Ulong size, Ulong* needed);
NtStatus NTAPI ZwMakeTemporaryObject(Handle handle);

}  // namespace wdscope::host
