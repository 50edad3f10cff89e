// SPDX-License-Identifier: MIT
//
// Invariants. A file object references its device and counts as an open file of the driver until CLOSE has returned.
// The requests in flight are listed under the file's lock; a request leaves the list, by its own sender, before it is
// used again, so what cancel() finds under the lock is alive. A posted request has several holders (its sender, its
// completion, a cancel) and goes with the last: its completion may well come first and close the file.
#include "host/io/file.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "host/ex/pool.h"
#include "host/io/control.h"
#include "host/io/device.h"
#include "host/io/driver.h"
#include "host/io/request.h"
#include "host/ke/dispatcher.h"
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

struct FileBody {
  FileObject object;  // first: what drivers see
  bool created;       // CREATE succeeded: CLEANUP and CLOSE are due
  ImageFile image;    // all zero unless it is one
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
  if (file->image.path.buffer) {
    release_image(file->image);  // the file's name is part of it
  } else if (file->object.file_name.buffer) {
    pool_free_for_host(file->object.file_name.buffer);
  }
}

FileBody* make_file(std::u16string_view name) {
  auto* file = static_cast<FileBody*>(create_object(file_type, sizeof(FileBody), kFileTag));
  if (!file) return nullptr;
  file->object.type = 5;
  file->object.size = sizeof(FileObject);
  KeInitializeEvent(&file->object.lock, 1, 0);
  KeInitializeEvent(&file->object.event, 0, 0);
  file->object.irp_list = {&file->object.irp_list, &file->object.irp_list};
  if (name.empty()) return file;
  const auto length = static_cast<std::uint16_t>(std::min<std::size_t>(name.size() * 2, 0xFFFC));
  auto* text = static_cast<char16_t*>(pool_allocate_for_host(length + 2U, kFileTag));
  if (!text) {
    dereference_object(file);
    return nullptr;
  }
  std::memcpy(text, name.data(), length);
  text[length / 2] = 0;
  file->object.file_name = {length, static_cast<std::uint16_t>(length + 2), text};
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

// A request that nobody waits for.
struct Posted {
  Request* request = nullptr;
  OpenFile* file = nullptr;
  Ulong code = 0;
  std::span<std::byte> output;
  DeviceFile::Completed completed;
  std::atomic<int> holders{2};
};

void let_go(Posted* posted) {
  if (posted->holders.fetch_sub(1) != 1) return;
  free_request(posted->request);
  delete posted;
}

class OpenFile final : public DeviceFile {
 public:
  OpenFile(FileObject* file, Ulong granted) : file_(file), granted_(granted) {}

  ~OpenFile() override {
    // This was the file's only handle: pending requests are the driver's to cancel in CLEANUP.
    object_header(file_, "NtClose").handle_count.fetch_sub(1);
    cleanup_file(file_);
    dereference_object(file_);
    for (Request* request : idle_) free_request(request);
  }

  Completion control(std::uint32_t code, std::span<const std::byte> input, std::span<std::byte> output) override {
    require_irql_at_most(kPassiveLevel, "NtDeviceIoControlFile");
    const Ulong needed = control_access(code);
    if ((needed & kFileReadData & ~granted_) || (needed & kFileWriteData & ~granted_)) return {kStatusAccessDenied, 0};
    Request* request = nullptr;
    {
      const std::scoped_lock lock(lock_);
      if (const NtStatus ready = make_ready(code, input, output, request); !nt_success(ready)) return {ready, 0};
      in_flight_.push_back(request);
    }
    send_request(*request);
    const Completion completion = finish_control(*request, code, output);
    unlist(request);
    return completion;
  }

  void submit(std::uint32_t code, std::span<const std::byte> input, std::span<std::byte> output,
              Completed completed) override {
    require_irql_at_most(kPassiveLevel, "NtDeviceIoControlFile");
    const Ulong needed = control_access(code);
    if ((needed & kFileReadData & ~granted_) || (needed & kFileWriteData & ~granted_))
      return completed({kStatusAccessDenied, 0});
    Request* request = nullptr;
    std::unique_lock lock(lock_);
    if (const NtStatus ready = make_ready(code, input, output, request); !nt_success(ready)) {
      lock.unlock();
      return completed({ready, 0});
    }
    Posted* const posted = note_posted(request, code, output, std::move(completed));
    lock.unlock();
    request->completed = finish_posted;
    request->owner = posted;
    post_request(*request);
    let_go(posted);
  }

  void cancel() override {
    std::vector<Posted*> posted;
    {
      const std::scoped_lock lock(lock_);
      for (Request* request : in_flight_)
        if (std::atomic_ref(request->done).load(std::memory_order_acquire) != kRequestDone) IoCancelIrp(&request->irp);
      posted = posted_;
      for (Posted* one : posted) one->holders.fetch_add(1);
    }
    // Not under the lock, which their completion takes.
    for (Posted* one : posted) {
      IoCancelIrp(&one->request->irp);
      let_go(one);
    }
  }

 private:
  static void finish_posted(Request& request, void* owner) {
    auto* const posted = static_cast<Posted*>(owner);
    OpenFile& file = *posted->file;
    const Completion completion = finish_control(request, posted->code, posted->output);
    const Completed completed = std::move(posted->completed);
    {
      const std::scoped_lock lock(file.lock_);
      std::erase(file.posted_, posted);
      if (posted->holders.fetch_sub(1) == 1) {
        file.lay_idle(&request);
        file.idle_posted_.emplace_back(posted);
      }
    }
    completed(completion);
  }

  // Lock held.
  Posted* note_posted(Request* request, Ulong code, std::span<std::byte> output, Completed&& completed) {
    std::unique_ptr<Posted> posted;
    if (idle_posted_.empty()) {
      posted = std::make_unique<Posted>();
    } else {
      posted = std::move(idle_posted_.back());
      idle_posted_.pop_back();
    }
    posted->request = request;
    posted->file = this;
    posted->code = code;
    posted->output = output;
    posted->completed = std::move(completed);
    posted->holders.store(2, std::memory_order_relaxed);
    posted_.push_back(posted.get());
    return posted.release();
  }

  // Lock held, from here until the request is listed: it is a short way, and one lock is cheaper than two.
  NtStatus make_ready(Ulong code, std::span<const std::byte> input, std::span<std::byte> output, Request*& request) {
    request = acquire();
    if (!request) return kStatusInsufficientResources;
    prepare_request(*request, file_->device_object, file_, kIrpMjDeviceControl);
    const NtStatus prepared = prepare_control(*request, code, input, output);
    if (!nt_success(prepared)) lay_idle(request);
    return prepared;
  }

  // Lock held.
  Request* acquire() {
    if (idle_.size() <= kQuarantine) return allocate_request();
    Request* request = idle_.front();
    idle_.pop_front();
    return request;
  }

  // Lock held.
  void lay_idle(Request* request) {
    request->irp.type = 0;
    idle_.push_back(request);
  }

  void unlist(Request* request) {
    const std::scoped_lock lock(lock_);
    *std::find(in_flight_.begin(), in_flight_.end(), request) = in_flight_.back();
    in_flight_.pop_back();
    lay_idle(request);
  }

  FileObject* const file_;
  const Ulong granted_;
  std::mutex lock_;
  std::vector<Request*> in_flight_;
  std::vector<Posted*> posted_;
  std::vector<std::unique_ptr<Posted>> idle_posted_;  // theirs to be used again
  std::deque<Request*> idle_;
};

// The device is referenced and counted; on success the file takes both over.
HostResult<std::unique_ptr<DeviceFile>> create_on(DeviceObject* device, const std::u16string& remaining, Access access,
                                                  Ulong rights, NtStatus* failure) {
  FileBody* body = make_file(remaining);
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
  FileBody* body = make_file({});
  if (!body) return nullptr;
  if (fill_image(body->image, body->object, opening)) return &body->object;
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
