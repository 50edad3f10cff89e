// SPDX-License-Identifier: MIT
// Processes. A Process is the EPROCESS that drivers see: an object whose first bytes are a dispatcher header, so that
// it can be waited for. It lives until its last reference goes, and can be looked up by its id until then.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "host/machine.h"
#include "host/nt/base.h"
#include "host/nt/ke.h"
#include "host/nt/ps.h"
#include "host/ob/object.h"
#include "host/se/token.h"

namespace wdscope::host {

struct FileObject;

struct Process {
  DispatcherHeader header;  // type 3; signalled at exit
  std::uint64_t process_id;
  std::uint64_t parent_process_id;
  std::int64_t created_100ns;
  std::atomic<std::int64_t> exited_100ns;  // 0: running
  NtStatus exit_status;                    // STATUS_PENDING while it runs
  std::uint32_t session_id;
  std::uint8_t protection;
  bool subsystem_process;
  bool file_open_name_available;
  char image_file_name[15];  // the last component of the image, cut to 14 characters; NUL-terminated
  UnicodeString image;       // both in its own block: drivers are shown these very strings
  UnicodeString command_line;
  Token* token;
  FileObject* image_file;  // what the image was opened as; null for a subsystem process without an image
  std::uint64_t first_thread_id;
  std::atomic<bool> exiting;  // somebody has begun to end it
  Process* next_in_bucket;    // process table
  Process* next_running;      // order of creation
  Process* previous_running;
};

extern ObjectType process_type;

// The System process, id 4: there before any machine and after it.
Process* system_process();

// A process that is in no table yet; the caller owns one reference. Null: no memory.
Process* create_process(const ProcessStart& start);

// Enters it into the table of ids and the list of running processes, which takes one reference. INVALID_PARAMETER: the
// id is not a multiple of 4, is 0 or 4, or belongs to a running process. An exited process that is still referenced
// gives up its id to the new one: unlike Windows, where ids are not handed out by the feed.
NtStatus insert_process(Process* process);
// Takes it off the list of the running and signals it. It can still be looked up while references remain.
void end_process(Process* process, NtStatus exit_status);
void drop_running_reference(Process* process);

// With a reference; null: no such id.
NTAPI Process* find_process(std::uint64_t process_id) noexcept;
std::size_t running_process_count();
// The running processes with a reference each, System first, then in order of creation.
std::vector<Process*> running_processes();
// FILETIME now, never the same twice.
std::int64_t unique_system_time_100ns();

void start_processes();      // resets the System process's creation time and enters it
void shut_down_processes();  // ends whatever still runs, without notifying

NtStatus NTAPI PsLookupProcessByProcessId(std::uint64_t process_id, Process** process);
Process* NTAPI PsGetCurrentProcess();
std::int64_t NTAPI PsGetProcessCreateTimeQuadPart(Process* process);

}  // namespace wdscope::host
