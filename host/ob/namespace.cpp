// SPDX-License-Identifier: MIT
//
// Invariants. One lock guards every directory, every name and every permanent flag. A named object is referenced by its
// directory, so an object found under the lock is alive. No object is destroyed while the lock is held: what leaves a
// directory is dereferenced after the lock is dropped.
#include "host/ob/namespace.h"

#include <map>
#include <mutex>

#include <fmt/format.h>

#include "host/image/loaded_image.h"
#include "host/io/device.h"
#include "host/ke/thread.h"
#include "host/nt/pool_tag.h"
#include "host/ob/handle.h"
#include "host/rtl/text.h"
#include "host/rtl/upcase.h"
#include "host/verifier/fault_plan.h"

namespace wdscope::host {

struct Directory {
  std::map<std::u16string, void*>* entries;  // key: folded name
};

namespace {

struct SymbolicLink {
  std::u16string* target;
  const LoadedImage* owner;
};

constexpr int kMaximumReparses = 32;

std::mutex namespace_lock;
NameCase name_case = NameCase::Ignore;
Directory* root = nullptr;

std::u16string fold(std::u16string_view name) {
  std::u16string folded(name);
  if (name_case == NameCase::Ignore)
    for (char16_t& unit : folded) unit = upcase(unit);
  return folded;
}

void destroy_directory(void* body) {
  delete static_cast<Directory*>(body)->entries;
}
void destroy_link(void* body) {
  delete static_cast<SymbolicLink*>(body)->target;
}

Directory* make_directory() {
  auto* directory = static_cast<Directory*>(create_object(directory_type, sizeof(Directory), pool_tag("ODir")));
  directory->entries = new std::map<std::u16string, void*>;
  return directory;
}

void* entry_of(Directory& directory, std::u16string_view name) {
  const auto found = directory.entries->find(fold(name));
  return found == directory.entries->end() ? nullptr : found->second;
}

// One step of a walk: where the path stands after it.
struct Walk {
  Directory* directory;  // the directory that holds, or would hold, the leaf
  std::u16string leaf;
  void* body;  // what the leaf names, or null
  std::u16string remaining;
};

// Where a symbolic link is met: follow it even as the last component (Open), or stop at it (the link itself is meant).
enum class AtLink : std::uint8_t { Follow, Stop };

// Caller holds the lock.
NtStatus walk(std::u16string path, AtLink at_link, Walk* result) {
  for (int reparse = 0; reparse < kMaximumReparses; ++reparse) {
    if (path.empty() || path.front() != u'\\') return kStatusObjectPathSyntaxBad;
    Directory* directory = root;
    std::size_t at = 1;
    if (path.size() == 1) {
      *result = {nullptr, u"", root, u""};
      return kStatusSuccess;
    }
    bool reparsed = false;
    while (!reparsed) {
      const std::size_t end = std::min(path.find(u'\\', at), path.size());
      const std::u16string name = path.substr(at, end - at);
      if (name.empty()) return kStatusObjectNameInvalid;
      const bool last = end == path.size();
      void* body = entry_of(*directory, name);
      if (!body) {
        if (!last)
          return path.find_first_not_of(u'\\', end) == std::u16string::npos ? kStatusObjectNameInvalid
                                                                            : kStatusObjectPathNotFound;
        *result = {directory, name, nullptr, u""};
        return kStatusSuccess;
      }
      ObjectType* type = object_type(body);
      if (type == &symbolic_link_type && (!last || at_link == AtLink::Follow)) {
        path = *static_cast<SymbolicLink*>(body)->target + path.substr(end);
        reparsed = true;
        continue;
      }
      if (last || type == &device_type) {
        *result = {directory, name, body, path.substr(end)};
        return kStatusSuccess;
      }
      if (end + 1 == path.size()) return kStatusObjectNameInvalid;
      if (type != &directory_type) return kStatusObjectTypeMismatch;
      directory = static_cast<Directory*>(body);
      at = end + 1;
    }
  }
  return kStatusObjectNameNotFound;
}

NtStatus insert_locked(void* body, std::u16string_view path, Lifetime lifetime) {
  Walk place{};
  const NtStatus status = walk(std::u16string(path), AtLink::Stop, &place);
  if (!nt_success(status)) return status;
  if (place.body && !place.remaining.empty()) return kStatusObjectTypeMismatch;
  if (place.body) return kStatusObjectNameCollision;
  ObjectHeader& header = object_header(body, "ObInsertObject");
  reference_object(body);
  header.directory = place.directory;
  header.name = new std::u16string(place.leaf);
  header.permanent = lifetime == Lifetime::Permanent;
  place.directory->entries->emplace(fold(place.leaf), body);
  return kStatusSuccess;
}

// Caller holds the lock; true: the caller owes a dereference once it has dropped it.
[[nodiscard]] bool unlink_locked(ObjectHeader& header) {
  if (!header.directory) return false;
  header.directory.load()->entries->erase(fold(*header.name));
  header.directory = nullptr;
  return true;
}

void make_system_directory(std::u16string_view path) {
  Directory* directory = make_directory();
  insert_locked(directory, path, Lifetime::Permanent);
  dereference_object(directory);
}

NtStatus insert_link(std::u16string_view path, std::u16string_view target, Lifetime lifetime, void* caller) {
  auto* link = static_cast<SymbolicLink*>(create_object(symbolic_link_type, sizeof(SymbolicLink), pool_tag("OLnk")));
  if (!link) return kStatusInsufficientResources;
  link->target = new std::u16string(target);
  link->owner = caller ? image_containing(caller) : nullptr;
  NtStatus status = kStatusSuccess;
  {
    std::scoped_lock lock(namespace_lock);
    status = insert_locked(link, path, lifetime);
  }
  dereference_object(link);
  return status;
}

void forget_directory(Directory& directory, std::vector<void*>& gone) {
  for (auto& [name, body] : *directory.entries) {
    if (object_type(body) == &directory_type) forget_directory(*static_cast<Directory*>(body), gone);
    object_header(body, "namespace").directory = nullptr;
    gone.push_back(body);
  }
  directory.entries->clear();
}

void collect_links(const Directory& directory, const LoadedImage& image, std::vector<std::string>& left) {
  for (auto& [name, body] : *directory.entries) {
    ObjectType* type = object_type(body);
    if (type == &directory_type) collect_links(*static_cast<Directory*>(body), image, left);
    if (type == &symbolic_link_type && static_cast<SymbolicLink*>(body)->owner == &image)
      left.push_back(fmt::format("the symbolic link {}", to_utf8(*object_header(body, "namespace").name)));
  }
}

}  // namespace

ObjectType directory_type{"Directory", {0x20003, 0x2000C, 0x20003, 0xF000F}, 0, destroy_directory, nullptr};
ObjectType symbolic_link_type{"SymbolicLink", {0x20001, 0x20000, 0x20001, 0xF0001}, 0, destroy_link, nullptr};

void start_namespace(NameCase wanted) {
  {
    std::scoped_lock lock(namespace_lock);
    name_case = wanted;
    root = make_directory();
    for (const char16_t* path : {u"\\Callback", u"\\Device", u"\\Driver", u"\\GLOBAL??", u"\\ObjectTypes"})
      make_system_directory(path);
  }
  insert_link(u"\\??", u"\\GLOBAL??", Lifetime::Permanent, nullptr);
  insert_link(u"\\DosDevices", u"\\??", Lifetime::Permanent, nullptr);
}

void shut_down_namespace() {
  std::vector<void*> gone;
  {
    std::scoped_lock lock(namespace_lock);
    if (!root) return;
    forget_directory(*root, gone);
    gone.push_back(root);
    root = nullptr;
  }
  for (void* body : gone) dereference_object(body);
}

NtStatus check_attributes(const ObjectAttributes* attributes) {
  if (!attributes) return kStatusSuccess;
  if (attributes->length != sizeof(ObjectAttributes) || (attributes->attributes & ~kObjValidAttributes))
    return kStatusInvalidParameter;
  if (const UnicodeString* name = attributes->object_name)
    if (name->length % 2 != 0 || name->length == 0xFFFE) return kStatusObjectNameInvalid;
  return kStatusSuccess;
}

NtStatus look_up(std::u16string_view path, Lookup* found) {
  std::scoped_lock lock(namespace_lock);
  Walk place{};
  const NtStatus status = walk(std::u16string(path), AtLink::Follow, &place);
  if (!nt_success(status)) return status;
  if (!place.body) return kStatusObjectNameNotFound;
  reference_object(place.body);
  *found = {place.body, std::move(place.remaining)};
  return kStatusSuccess;
}

NtStatus look_up_object(std::u16string_view path, ObjectType& type, void** body) {
  Lookup found{};
  const NtStatus status = look_up(path, &found);
  if (!nt_success(status)) return status;
  if (object_type(found.body) != &type || !found.remaining.empty()) {
    dereference_object(found.body);
    return kStatusObjectTypeMismatch;
  }
  *body = found.body;
  return kStatusSuccess;
}

NtStatus insert_name(void* body, std::u16string_view path, Lifetime lifetime) {
  std::scoped_lock lock(namespace_lock);
  return insert_locked(body, path, lifetime);
}

void remove_name(void* body) {
  bool owed = false;
  {
    std::scoped_lock lock(namespace_lock);
    owed = unlink_locked(object_header(body, "ObMakeTemporaryObject"));
  }
  if (owed) dereference_object(body);
}

void last_handle_closed(void* body) {
  // Names are given before the first handle: who has none by now never will.
  if (!object_header(body, "ZwClose").directory.load(std::memory_order_relaxed)) return;
  bool owed = false;
  {
    std::scoped_lock lock(namespace_lock);
    ObjectHeader& header = object_header(body, "ZwClose");
    // Devices are named for as long as they exist: their handles are those of file objects.
    owed = !header.permanent && header.handle_count == 0 && header.type != &device_type && unlink_locked(header);
  }
  if (owed) dereference_object(body);
}

namespace {

// namespace_lock held.
std::u16string name_within_lock(void* body) {
  std::u16string path;
  for (ObjectHeader* header = &object_header(body, "ObQueryNameString"); header->directory;
       header = &object_header(header->directory, "ObQueryNameString"))
    path = u"\\" + *header->name + path;
  return path;
}

}  // namespace

std::u16string full_name(void* body) {
  std::scoped_lock lock(namespace_lock);
  return name_within_lock(body);
}

std::u16string full_name_if_free(void* body) {
  const std::unique_lock lock(namespace_lock, std::try_to_lock);
  return lock ? name_within_lock(body) : std::u16string();
}

NtStatus create_symbolic_link(std::u16string_view path, std::u16string_view target, void* caller) {
  return insert_link(path, target, Lifetime::Permanent, caller);
}

std::vector<std::string> links_left_by(const LoadedImage& image) {
  std::scoped_lock lock(namespace_lock);
  std::vector<std::string> left;
  if (root) collect_links(*root, image, left);
  return left;
}

NtStatus NTAPI IoCreateSymbolicLink(const UnicodeString* link, const UnicodeString* target) {
  require_irql_at_most(kPassiveLevel, "IoCreateSymbolicLink");
  if (fault_plan_says_fail("IoCreateSymbolicLink", __builtin_return_address(0))) return kStatusInsufficientResources;
  return create_symbolic_link(link->view(), target->view(), __builtin_return_address(0));
}

NtStatus NTAPI IoDeleteSymbolicLink(const UnicodeString* link) {
  require_irql_at_most(kPassiveLevel, "IoDeleteSymbolicLink");
  void* body = nullptr;
  {
    std::scoped_lock lock(namespace_lock);
    Walk place{};
    const NtStatus status = walk(std::u16string(link->view()), AtLink::Stop, &place);
    if (!nt_success(status)) return status;
    if (!place.body) return kStatusObjectNameNotFound;
    if (object_type(place.body) != &symbolic_link_type) return kStatusObjectTypeMismatch;
    if (!unlink_locked(object_header(place.body, "IoDeleteSymbolicLink"))) return kStatusObjectNameNotFound;
    body = place.body;
  }
  dereference_object(body);
  return kStatusSuccess;
}

NtStatus NTAPI ObQueryNameString(void* body, ObjectNameInformation* information, Ulong size, Ulong* needed) {
  require_irql_at_most(kPassiveLevel, "ObQueryNameString");
  const std::u16string name = object_type(body) == &file_type ? file_name(body) : full_name(body);
  const auto length = static_cast<std::uint16_t>(name.size() * sizeof(char16_t));
  const Ulong wanted = sizeof(ObjectNameInformation) + (name.empty() ? 0U : length + 2U);
  *needed = wanted;
  if (size < wanted) return nt_status(0xC0000004);
  if (name.empty()) {
    information->name = {};
    return kStatusSuccess;
  }
  auto* text = reinterpret_cast<char16_t*>(information + 1);
  information->name = {length, static_cast<std::uint16_t>(length + 2), text};
  name.copy(text, name.size());
  text[name.size()] = 0;
  return kStatusSuccess;
}

NtStatus NTAPI ZwMakeTemporaryObject(Handle handle) {
  require_irql_at_most(kPassiveLevel, "ZwMakeTemporaryObject");
  void* body = nullptr;
  const NtStatus status = reference_by_handle(handle, kDelete, nullptr, ProcessorMode::Kernel, &body);
  if (!nt_success(status)) return status;
  {
    std::scoped_lock lock(namespace_lock);
    object_header(body, "ZwMakeTemporaryObject").permanent = false;
  }
  last_handle_closed(body);  // nothing happens while a handle is open: ours is
  dereference_object(body);
  return kStatusSuccess;
}

}  // namespace wdscope::host
