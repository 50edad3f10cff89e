// SPDX-License-Identifier: MIT
//
// Invariants. A file object references its device and counts as an open file of the driver until CLOSE has returned.
// The requests in flight are listed under the file's lock. A request leaves the list when it is completed, and may have
// several holders then (who sent it, its completion, a cancel): it is used again only when nobody else holds it, or
// else goes with the last. The completion of a posted one may well come first and close the file.
#include "host/io/file.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <vector>

#include "host/ex/pool.h"
#include "host/io/control.h"
#include "host/io/device.h"
#include "host/io/driver.h"
#include "host/io/request.h"
#include "host/ke/dispatcher.h"
#include "host/ke/raw_lock.h"
#include "host/ke/thread.h"
#include "host/nt/pool_tag.h"
#include "host/ob/namespace.h"
#include "host/rtl/text.h"
#include "host/se/security.h"

namespace wdscope::host {
namespace {

constexpr NtStatus kStatusNoSuchDevice = nt_status(0xC000000E);
constexpr Ulong kFileTag = pool_tag("File");
constexpr Ulong kFileReadData = 1, kFileWriteData = 2;
constexpr Ulong kFileReadAttributes = 0x80;
constexpr Ulong kFileOpen = 1;          // the disposition, in the upper byte of Options
constexpr std::size_t kQuarantine = 8;  // requests that lie still before one is used again

// Its names follow in memory.
struct FileBody {
  FileObject object;  // first: what drivers see
  bool created;       // CREATE succeeded: CLEANUP and CLOSE are due
  ImageFile image;    // all zero unless it is one
  char16_t* text() { return reinterpret_cast<char16_t*>(this + 1); }
};

// Sends a request without buffers on the file's behalf.
NtStatus send_simple(FileObject* file, std::uint8_t major_function, void (*fill)(IoStackLocation&, void*), void* with) {
  Request* request = allocate_request();
  if (!request) return kStatusInsufficientResources;
  prepare_request(*request, file->device_object, file, major_function);
  if (fill) fill(request->stack[0], with);
  send_request(*request);
  const NtStatus status = request->irp.io_status.status;
  free_request(request);
  return status;
}

void cleanup_file(void* body) {
  auto* file = static_cast<FileBody*>(body);
  if (file->created) send_simple(&file->object, kIrpMjCleanup, nullptr, nullptr);
}

void destroy_file(void* body) {
  auto* file = static_cast<FileBody*>(body);
  DeviceObject* device = file->object.device_object;
  if (device) {
    if (file->created) send_simple(&file->object, kIrpMjClose, nullptr, nullptr);
    std::atomic_ref(device->reference_count).fetch_sub(1);
    loaded_driver_of(device->driver_object)->open_files.fetch_sub(1);
    dereference_object(device);
  }
  release_image(file->image);
}

// With room for so many bytes of names, zeroed.
FileBody* make_file(std::size_t text_size) {
  auto* file = static_cast<FileBody*>(create_object(file_type, sizeof(FileBody) + text_size, kFileTag));
  if (!file) return nullptr;
  file->object.type = 5;
  file->object.size = sizeof(FileObject);
  KeInitializeEvent(&file->object.lock, 1, 0);
  KeInitializeEvent(&file->object.event, 0, 0);
  file->object.irp_list = {&file->object.irp_list, &file->object.irp_list};
  return file;
}

FileBody* make_device_file(std::u16string_view name) {
  const auto length = static_cast<std::uint16_t>(std::min<std::size_t>(name.size() * 2, 0xFFFC));
  FileBody* file = make_file(length == 0 ? 0 : length + 2U);
  if (!file || length == 0) return file;
  std::memcpy(file->text(), name.data(), length);
  file->object.file_name = {length, static_cast<std::uint16_t>(length + 2), file->text()};
  return file;
}

// Counts one more open file, unless the driver is unloading.
bool enter_driver(LoadedDriver& driver) {
  std::int64_t open = driver.open_files.load();
  while (open >= 0)
    if (driver.open_files.compare_exchange_weak(open, open + 1)) return true;
  return false;
}

Ulong rights_of(Access access) {
  Ulong rights = kSynchronize | kFileReadAttributes;
  if (static_cast<Ulong>(access) & static_cast<Ulong>(Access::Read)) rights |= device_type.mapping.read;
  if (static_cast<Ulong>(access) & static_cast<Ulong>(Access::Write)) rights |= device_type.mapping.write;
  return rights;
}

// IO_SECURITY_CONTEXT as IRP_MJ_CREATE passes it.
struct IoSecurityContext {
  void* security_qos;
  void* access_state;
  Ulong desired_access;
  Ulong full_create_options;
};

NtStatus check_open(DeviceObject* device, const std::u16string& remaining, Ulong rights, Account account) {
  if (device->flags & kDeviceInitializing) return kStatusNoSuchDevice;
  const bool below = !remaining.empty();
  if ((!below || (device->characteristics & kFileDeviceSecureOpen)) && !security_grants(device, account, rights))
    return kStatusAccessDenied;
  return kStatusSuccess;
}

// Counts the open on the device; an exclusive device has room for one.
bool enter_device(DeviceObject* device) {
  std::atomic_ref count(device->reference_count);
  if (!(device->flags & kDeviceExclusive)) {
    count.fetch_add(1);
    return true;
  }
  Long none = 0;
  return count.compare_exchange_strong(none, 1);
}

class OpenFile;

// A request of a file, kept to be used again.
struct Sent {
  explicit Sent(Request* kept) : request(kept) {}

  Request* const request;
  Sent* next = nullptr;      // in flight; idle: who lay down after it
  Sent* previous = nullptr;  // in flight
  // Its sender until the request is completed and the call that sent it is back; a cancel for as long as it lasts.
  std::atomic<int> holders{0};

  // Of one that nobody waits for.
  OpenFile* file = nullptr;
  Ulong code = 0;
  std::span<std::byte> output;
  DeviceFile::Completed completed;
};

void let_go(Sent* sent) {
  if (sent->holders.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  free_request(sent->request);
  delete sent;
}

class OpenFile final : public DeviceFile {
 public:
  OpenFile(FileObject* file, Ulong granted) : file_(file), granted_(granted) {}

  ~OpenFile() override {
    // This was the file's only handle: pending requests are the driver's to cancel in CLEANUP.
    object_header(file_, "NtClose").handle_count.fetch_sub(1);
    cleanup_file(file_);
    dereference_object(file_);
    while (Sent* const sent = first_idle_) {
      first_idle_ = sent->next;
      free_request(sent->request);
      delete sent;
    }
  }

  Completion control(std::uint32_t code, std::span<const std::byte> input, std::span<std::byte> output) override {
    Sent* sent = nullptr;
    if (const NtStatus ready = make_ready(code, input, output, sent); !nt_success(ready)) return {ready, 0};
    list(sent, 1);
    send_request(*sent->request);
    const Completion completion = finish_control(*sent->request, code, output);
    settle(sent);
    return completion;
  }

  void submit(std::uint32_t code, std::span<const std::byte> input, std::span<std::byte> output,
              Completed completed) override {
    Sent* sent = nullptr;
    if (const NtStatus ready = make_ready(code, input, output, sent); !nt_success(ready)) return completed({ready, 0});
    sent->file = this;
    sent->code = code;
    sent->output = output;
    sent->completed = std::move(completed);
    sent->request->completed = finish_posted;
    sent->request->owner = sent;
    list(sent, 2);
    post_request(*sent->request);
    let_go(sent);
  }

  void cancel() override {
    std::vector<Sent*> held;
    {
      const WordLock lock(lock_);
      for (Sent* sent = in_flight_; sent; sent = sent->next) {
        sent->holders.fetch_add(1, std::memory_order_relaxed);
        held.push_back(sent);
      }
    }
    // Not under the lock, which their completion takes.
    for (Sent* sent : held) {
      IoCancelIrp(&sent->request->irp);
      let_go(sent);
    }
  }

 private:
  static void finish_posted(Request& request, void* owner) {
    auto* const sent = static_cast<Sent*>(owner);
    const Completion completion = finish_control(request, sent->code, sent->output);
    const Completed completed = std::move(sent->completed);
    sent->file->settle(sent);
    completed(completion);
  }

  NtStatus make_ready(Ulong code, std::span<const std::byte> input, std::span<std::byte> output, Sent*& sent) {
    require_irql_at_most(kPassiveLevel, "NtDeviceIoControlFile");
    const Ulong needed = control_access(code);
    if ((needed & kFileReadData & ~granted_) || (needed & kFileWriteData & ~granted_)) return kStatusAccessDenied;
    sent = acquire();
    if (!sent) return kStatusInsufficientResources;
    prepare_request(*sent->request, file_->device_object, file_, kIrpMjDeviceControl);
    const NtStatus prepared = prepare_control(*sent->request, code, input, output);
    if (!nt_success(prepared)) {
      const WordLock lock(lock_);
      lay_idle(sent);
    }
    return prepared;
  }

  Sent* acquire() {
    {
      const WordLock lock(lock_);
      if (idle_count_ > kQuarantine) {
        Sent* const sent = first_idle_;
        first_idle_ = sent->next;
        --idle_count_;
        return sent;
      }
    }
    Request* const request = allocate_request();
    return request ? new Sent(request) : nullptr;
  }

  void list(Sent* sent, int holders) {
    sent->holders.store(holders, std::memory_order_relaxed);
    sent->previous = nullptr;
    const WordLock lock(lock_);
    sent->next = in_flight_;
    if (in_flight_) in_flight_->previous = sent;
    in_flight_ = sent;
  }

  // The request is completed and off the driver's hands. From here on nobody new takes hold of it.
  void settle(Sent* sent) {
    {
      const WordLock lock(lock_);
      (sent->previous ? sent->previous->next : in_flight_) = sent->next;
      if (sent->next) sent->next->previous = sent->previous;
      if (sent->holders.load(std::memory_order_acquire) == 1) {
        lay_idle(sent);
        return;
      }
    }
    let_go(sent);
  }

  // Lock held.
  void lay_idle(Sent* sent) {
    sent->request->irp.type = 0;
    sent->next = nullptr;
    (first_idle_ ? last_idle_->next : first_idle_) = sent;
    last_idle_ = sent;
    ++idle_count_;
  }

  FileObject* const file_;
  const Ulong granted_;
  std::uint32_t lock_ = 0;
  Sent* in_flight_ = nullptr;
  Sent* first_idle_ = nullptr;
  Sent* last_idle_ = nullptr;
  std::size_t idle_count_ = 0;
};

// The device is referenced and counted; on success the file takes both over.
HostResult<std::unique_ptr<DeviceFile>> create_on(DeviceObject* device, const std::u16string& remaining, Access access,
                                                  Ulong rights, NtStatus* failure) {
  FileBody* body = make_device_file(remaining);
  if (!body) {
    *failure = kStatusInsufficientResources;
    return nullptr;
  }
  FileObject* file = &body->object;
  file->device_object = device;
  file->read_access = (static_cast<Ulong>(access) & 1) != 0;
  file->write_access = (static_cast<Ulong>(access) & 2) != 0;
  file->shared_read = file->shared_write = 1;
  IoSecurityContext context{nullptr, nullptr, rights, 0};
  *failure = send_simple(
      file, kIrpMjCreate,
      [](IoStackLocation& location, void* with) {
        location.parameters.create.security_context = with;
        location.parameters.create.options = kFileOpen << 24;
        location.parameters.create.share_access = 3;
      },
      &context);
  if (!nt_success(*failure)) {
    dereference_object(file);
    return nullptr;
  }
  body->created = true;
  object_header(file, "NtCreateFile").handle_count.fetch_add(1);
  return std::make_unique<OpenFile>(file, rights);
}

HostResult<std::unique_ptr<DeviceFile>> refuse(NtStatus status, std::u16string_view path, std::string_view why) {
  return tl::unexpected(HostError{status, "open " + to_utf8(path) + ": " + std::string(why)});
}

}  // namespace

ObjectType file_type{"File", {0x120089, 0x120116, 0x1200A0, 0x1F01FF}, 0, destroy_file, cleanup_file};

HostResult<std::unique_ptr<DeviceFile>> open_device(std::u16string_view path, Access access, Account account) {
  Lookup found{};
  NtStatus status = look_up(path, &found);
  if (!nt_success(status)) return refuse(status, path, "no such name");
  auto* device = static_cast<DeviceObject*>(found.body);
  if (object_type(found.body) != &device_type) {
    dereference_object(found.body);
    return refuse(kStatusObjectTypeMismatch, path, "not a device");
  }
  const Ulong rights = rights_of(access);
  status = check_open(device, found.remaining, rights, account);
  if (!nt_success(status)) {
    dereference_object(device);
    return refuse(status, path,
                  status == kStatusAccessDenied ? "its security descriptor denies the access"
                                                : "the device is still being initialized");
  }
  LoadedDriver& driver = *loaded_driver_of(device->driver_object);
  if (!enter_driver(driver)) {
    dereference_object(device);
    return refuse(kStatusNoSuchDevice, path, "its driver is unloading");
  }
  if (!enter_device(device)) {
    driver.open_files.fetch_sub(1);
    dereference_object(device);
    return refuse(kStatusAccessDenied, path, "the device is exclusive and already open");
  }
  NtStatus failure = kStatusSuccess;
  auto opened = create_on(device, found.remaining, access, rights, &failure);
  if (!nt_success(failure)) return refuse(failure, path, "the driver refused");
  return opened;
}

FileObject* create_image_file(const ImageOpening& opening) {
  FileBody* body = make_file(image_text_size(opening));
  if (!body) return nullptr;
  if (fill_image(body->image, body->object, body->text(), opening)) return &body->object;
  dereference_object(body);
  return nullptr;
}

ImageFile* image_of(FileObject* file) {
  ImageFile& image = reinterpret_cast<FileBody*>(file)->image;
  return image.path.buffer ? &image : nullptr;
}

std::u16string file_name(void* file) {
  const auto* object = static_cast<FileObject*>(file);
  const std::u16string device = object->device_object ? full_name(object->device_object) : std::u16string();
  return object->file_name.buffer ? device + std::u16string(object->file_name.view()) : device;
}

}  // namespace wdscope::host
