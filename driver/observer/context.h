// SPDX-License-Identifier: MIT
// The notifier's process context, found near the argument on its stack: an accident of compilation, not a contract.
// So a pointer is only a candidate until everything agrees: a kernel address aligned to 8, a magic of type 0xDA0F with
// a known size, the argument's process id, and the creation time that NT has for it. A candidate that fails is not
// decoded; apart from its magic nothing of it is told.
//
// Candidates (research: ExecutiveCallbackObjects, listings of the 0xA5 build), creates and exits only, and only when
// the argument lies on the current stack:
//   2019 (parent by pointer)  Argument1 - 0x10
//   0xA5 (parent by value)    Argument1 - 0x08; here - 0x10 holds an EPROCESS
// An exit does not tell its generation: both are tried, first where a context was last found.
#pragma once

#include <cstdint>

#include "abi/defender/process_context.h"
#include "abi/wire/record.h"
#include "observer/argument.h"

namespace wdscope::observer {

struct Context {
  bool located;     // `place`, `address`, `magic`: a candidate was read
  bool recognised;  // `common`
  bool tail_known;  // `tail`: the layout of 0x130 bytes
  wire::ContextPlace place;
  std::uint32_t magic;
  std::uint32_t anomalies;
  std::uint64_t address;
  defender::MP_PROCESS_CONTEXT common;
  // From 0xF0 of MP_PROCESS_CONTEXT_25080 to its end.
  struct Tail {
    std::uint32_t known_process_type;
    std::uint32_t padding_f4;
    std::uint64_t first_image_base;
    std::uint32_t session_id;
    std::uint32_t padding_104;
    std::uint64_t copy_cache;
    std::uint64_t copy_cache_lock;
    std::uint32_t unknown_118;
    std::uint32_t rules3;
    std::uint32_t state;
    std::uint32_t send_result;
    std::uint32_t info_applications;
    std::uint32_t padding_12c;
  } tail;
};
static_assert(offsetof(defender::MP_PROCESS_CONTEXT_25080, KnownProcessType) + sizeof(Context::Tail) ==
              sizeof(defender::MP_PROCESS_CONTEXT_25080));

// Who the context must belong to.
struct ProcessKey {
  std::uint64_t process_id;
  std::int64_t created_100ns;
};

// Finds and checks it; members that the flags do not vouch for are undefined. `expected` is where one was last
// recognised; `key` null: NT does not know the process, so that nothing can be recognised. IRQL <= APC_LEVEL.
void find_context(const Argument& argument, const ProcessKey* key, wire::ContextPlace expected, Context& context);

}  // namespace wdscope::observer
