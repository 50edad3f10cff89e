// SPDX-License-Identifier: MIT
// The notifier's process context, found near the argument on its stack: an accident of compilation, not a contract.
// So a pointer is only a candidate until everything agrees: a kernel address aligned to 8, a magic of type 0xDA0F with
// a known layout, the argument's process id, and the creation time that NT has for it. A candidate that fails is not
// decoded; apart from its magic nothing of it is told.
//
// Candidates (research: ExecutiveCallbackObjects, listings of the 0xA5 build), creates and exits only, and only when
// the argument lies on the current stack:
//   2019 (parent by pointer)  Argument1 - 0x10
//   0xA5 (parent by value)    Argument1 - 0x08; here - 0x10 holds an EPROCESS
// Both are tried: first where a context was last found, else where the create's generation says. An exit does not tell
// its generation.
#pragma once

#include <cstdint>

#include "abi/defender/context_layout.h"
#include "abi/wire/record.h"
#include "observer/argument.h"

namespace wdscope::observer {

struct Context {
  bool located;     // `place`, `address`, `magic`: a candidate was read
  bool recognised;  // `layout`, `bytes`
  wire::ContextPlace place;
  std::uint32_t magic;
  std::uint32_t anomalies;
  std::uint64_t address;
  const defender::ContextLayout* layout;
  // The context's begin, as far as its layout is decoded.
  alignas(8) std::uint8_t bytes[defender::kMaximumContextSpan];

  bool has(defender::ContextMember member) const { return layout->has(member); }
  // Zero where the layout does not have it.
  template <defender::ContextMember kMember>
  std::uint64_t number() const {
    std::uint64_t value = 0;
    if (has(kMember)) __builtin_memcpy(&value, bytes + layout->offset_of(kMember), defender::size_of(kMember));
    return value;
  }
  template <defender::ContextMember kMember>
  std::uint32_t word() const {
    static_assert(defender::size_of(kMember) <= sizeof(std::uint32_t));
    return static_cast<std::uint32_t>(number<kMember>());
  }
};

// Who the context must belong to.
struct ProcessKey {
  std::uint64_t process_id;
  std::int64_t created_100ns;
};

// Where, and in which layout, a context was last recognised. Only saves reads, never decides: the next one is checked
// alike.
struct ContextGuess {
  wire::ContextPlace place;
  const defender::ContextLayout* layout;  // null: any
};

// Finds and checks it; members that the flags do not vouch for are undefined. `key` null: NT does not know the process,
// so that nothing can be recognised. IRQL <= APC_LEVEL.
void find_context(const Argument& argument, const ProcessKey* key, const ContextGuess& guess, Context& context);

}  // namespace wdscope::observer
