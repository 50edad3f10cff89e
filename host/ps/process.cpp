// SPDX-License-Identifier: MIT
//
// Invariants. A bucket's chain is guarded by the bucket's lock; a process leaves its chain before its memory goes, so
// what a lookup finds under the lock can be asked for a reference, which fails only when the last one is being given
// up. The running list has a lock of its own and holds one reference for each member.
#include "host/ps/process.h"

#include <algorithm>
#include <cstring>

#include "host/io/file.h"
#include "host/ke/dispatcher.h"
#include "host/ke/raw_lock.h"
#include "host/ke/thread.h"
#include "host/ke/time.h"
#include "host/nt/pool_tag.h"

namespace wdscope::host {
namespace {

constexpr std::uint64_t kSystemProcessId = 4;
constexpr std::size_t kBuckets = 64 * 1024;  // a machine of ten thousands of processes has short chains
constexpr Ulong kProcessTag = pool_tag("Proc");

struct Bucket {
  std::uint32_t lock = 0;
  Process* first = nullptr;
};

using BucketLock = WordLock<std::uint32_t>;

Bucket buckets[kBuckets];
std::uint32_t running_lock = 0;
using RunningLock = WordLock<std::uint32_t>;
Process* first_running = nullptr;
Process* last_running = nullptr;
std::atomic<std::size_t> running_count{0};
std::atomic<std::int64_t> last_time{0};

Bucket& bucket_of(std::uint64_t process_id) {
  return buckets[(process_id >> 2) % kBuckets];
}

// Caller holds the bucket's lock.
bool unlink(Bucket& bucket, Process* process) {
  for (Process** link = &bucket.first; *link; link = &(*link)->next_in_bucket)
    if (*link == process) {
      *link = process->next_in_bucket;
      return true;
    }
  return false;
}

// How much of a text a UNICODE_STRING can count, in bytes.
std::size_t counted_length(std::u16string_view text) {
  return std::min<std::size_t>(text.size() * 2, 0xFFFE);
}

// Its strings' characters stand behind the process, in its own block.
void store_strings(Process& process, std::u16string_view image, std::u16string_view command_line) {
  const std::size_t image_length = counted_length(image);
  const std::size_t command_length = counted_length(command_line);
  if (image_length + command_length == 0) return;
  auto* text = reinterpret_cast<char16_t*>(&process + 1);
  std::memcpy(text, image.data(), image_length);
  std::memcpy(text + image_length / 2, command_line.data(), command_length);
  process.image = {static_cast<std::uint16_t>(image_length), static_cast<std::uint16_t>(image_length), text};
  process.command_line = {static_cast<std::uint16_t>(command_length), static_cast<std::uint16_t>(command_length),
                          text + image_length / 2};
  const std::u16string_view leaf = image.substr(image.rfind(u'\\') + 1);
  for (std::size_t i = 0; i < leaf.size() && i + 1 < sizeof process.image_file_name; ++i)
    process.image_file_name[i] = leaf[i] < 0x80 ? static_cast<char>(leaf[i]) : '?';
}

void destroy_process(void* body) {
  auto* process = static_cast<Process*>(body);
  {
    Bucket& bucket = bucket_of(process->process_id);
    BucketLock lock(bucket.lock);
    unlink(bucket, process);
  }
  if (process->image_file) dereference_object(process->image_file);
  if (process->token) dereference_object(process->token);
}

void append_running(Process* process) {
  RunningLock lock(running_lock);
  process->previous_running = last_running;
  process->next_running = nullptr;
  (last_running ? last_running->next_running : first_running) = process;
  last_running = process;
  running_count.store(running_count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

Process* make_system_process() {
  alignas(16) static std::byte storage[kObjectHeaderSize + sizeof(Process)];
  auto* process = static_cast<Process*>(create_static_object(process_type, storage));
  initialize_dispatcher_header(&process->header, DispatcherType::Process, sizeof(Process), 0);
  process->process_id = kSystemProcessId;
  process->created_100ns = unique_system_time_100ns();
  process->exit_status = kStatusPending;
  alignas(16) static std::byte token_storage[kObjectHeaderSize + sizeof(Token)];
  process->token = static_cast<Token*>(create_static_object(token_type, token_storage));
  process->token->facts.elevation_type = 1;
  process->token->facts.elevated = 1;
  process->token->facts.integrity_level = 0x4000;
  process->protection = 0x72;  // PsProtectedSignerWinSystem, protected: as Windows 10 shows for System
  std::strcpy(process->image_file_name, "System");
  return process;
}

NTAPI_ASIDE Process* referenced_system_process() noexcept {
  reference_object(system_process());
  return system_process();
}

}  // namespace

ObjectType process_type{
    "Process", {0x20410, 0x20BEB, 0x121001, 0x1FFFFF}, kObjOpenLink | kObjExclusive, destroy_process, nullptr};

std::int64_t unique_system_time_100ns() {
  const std::int64_t time = system_time_100ns();
  std::int64_t last = last_time.load();
  while (!last_time.compare_exchange_weak(last, std::max(time, last + 1))) {
  }
  return std::max(time, last + 1);
}

Process* system_process() {
  static Process* const process = make_system_process();
  return process;
}

Process* create_process(const ProcessStart& start) {
  const std::size_t text_length = counted_length(start.image) + counted_length(start.command_line);
  auto* process = static_cast<Process*>(create_object(process_type, sizeof(Process) + text_length, kProcessTag));
  if (!process) return nullptr;
  initialize_dispatcher_header(&process->header, DispatcherType::Process, sizeof(Process), 0);
  process->process_id = start.process_id;
  __builtin_prefetch(&bucket_of(start.process_id), 1);  // ids rise: nobody has touched its line for long
  process->parent_process_id = start.parent_process_id;
  process->created_100ns = start.created_100ns ? start.created_100ns : unique_system_time_100ns();
  process->exit_status = kStatusPending;
  process->session_id = start.session_id;
  process->protection = start.protection;
  process->subsystem_process = start.subsystem_process;
  process->file_open_name_available = start.file_open_name_available;
  store_strings(*process, start.image, start.command_line);
  process->token = create_token(start);
  if (!process->token) {
    dereference_object(process);
    return nullptr;
  }
  if (!start.image.empty()) {
    process->image_file = create_image_file({.path = start.image,
                                             .opened_as = start.opened_as,
                                             .cleaned_up = start.image_file_closed,
                                             .transacted = start.transacted});
    if (!process->image_file) {
      dereference_object(process);
      return nullptr;
    }
  }
  return process;
}

NtStatus insert_process(Process* process) {
  const std::uint64_t id = process->process_id;
  if (id % 4 != 0 || id <= kSystemProcessId) return kStatusInvalidParameter;
  reference_object(process);
  Bucket& bucket = bucket_of(id);
  {
    BucketLock lock(bucket.lock);
    Process* old = bucket.first;
    while (old && old->process_id != id) old = old->next_in_bucket;
    if (!old || old->exited_100ns != 0) {
      if (old) unlink(bucket, old);
      process->next_in_bucket = bucket.first;
      bucket.first = process;
      old = nullptr;
    }
    if (old) {
      process->next_in_bucket = nullptr;
      process = nullptr;
    }
  }
  if (!process) return kStatusInvalidParameter;
  append_running(process);
  return kStatusSuccess;
}

void end_process(Process* process, NtStatus exit_status) {
  {
    RunningLock lock(running_lock);
    (process->previous_running ? process->previous_running->next_running : first_running) = process->next_running;
    (process->next_running ? process->next_running->previous_running : last_running) = process->previous_running;
    running_count.store(running_count.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
  }
  std::atomic_ref(process->exit_status).store(exit_status, std::memory_order_release);
  process->exited_100ns.store(unique_system_time_100ns(), std::memory_order_release);
  signal_dispatcher_object(&process->header);
}

void drop_running_reference(Process* process) {
  dereference_object(process);
}

NTAPI Process* find_process(std::uint64_t process_id) noexcept {
  if (process_id == kSystemProcessId) return referenced_system_process();
  Bucket& bucket = bucket_of(process_id);
  BucketLock lock(bucket.lock);
  for (Process* process = bucket.first; process; process = process->next_in_bucket)
    if (process->process_id == process_id) return try_reference_object(process) ? process : nullptr;
  return nullptr;
}

std::size_t running_process_count() {
  return running_count.load(std::memory_order_relaxed);
}

std::vector<Process*> running_processes() {
  std::vector<Process*> processes{system_process()};
  reference_object(system_process());
  RunningLock lock(running_lock);
  for (Process* process = first_running; process; process = process->next_running) {
    reference_object(process);
    processes.push_back(process);
  }
  return processes;
}

void start_processes() {
  last_time = 0;  // each machine's clock is its own
  system_process()->created_100ns = unique_system_time_100ns();
}

void shut_down_processes() {
  for (Process* process : running_processes()) {
    if (process != system_process()) {
      end_process(process, kStatusSuccess);
      drop_running_reference(process);
    }
    dereference_object(process);
  }
}

}  // namespace wdscope::host
