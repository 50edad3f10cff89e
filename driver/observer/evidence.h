// SPDX-License-Identifier: MIT
// Which notifier this machine has, decided by what its notifications turn out to be and re-checked by each of them.
//
// Only what NT confirms is a vote. For the argument's generation: a create whose parent, found in the way of that
// generation, is the parent that NT has for the process. For the place of the context: a create or exit whose context
// has the id and creation time that NT has; or, when no place holds anything of a context's type, that there is none.
// (The observer's own process routine has usually not run yet at that moment, so NT is asked about the process itself.)
//
// The decision never vouches for an event: each is checked alike. It says what to try first, and which event is odd.
#pragma once

#include <atomic>
#include <cstdint>

#include "abi/wire/control.h"
#include "observer/argument.h"
#include "observer/context.h"
#include "observer/verdict.h"

namespace wdscope::observer {

class Evidence {
 public:
  Evidence() = default;
  Evidence(const Evidence&) = delete;
  Evidence& operator=(const Evidence&) = delete;

  // What to try first for the next context. Any IRQL.
  ContextGuess guess() const;

  // What NT says of the process whose notification it is.
  struct NtWord {
    bool process_known;
    bool parent_known;
    std::uint64_t parent_process_id;
  };
  // Takes one notification into account, and returns the wire::anomaly_bit()s of what it is against. Any IRQL.
  std::uint32_t weigh(const Argument& argument, const Context& context, const NtWord& nt);

  // Any IRQL; counters that others go on counting.
  void describe(wire::Evidence& evidence) const;

 private:
  using Count = std::atomic<std::uint64_t>;
  static constexpr std::uint32_t kGenerations = 3;
  static constexpr std::uint32_t kPlaces = 3;

  bool weigh_generation(const Argument& argument, const NtWord& nt);
  bool weigh_place(const Context& context, const NtWord& nt);
  bool note(Verdict::Effect effect, Count& against);
  void count_magic(std::uint32_t magic);

  Verdict generation_;
  Verdict place_;  // place << 32 | magic
  Count creates_agreeing_[kGenerations]{};
  Count creates_disagreeing_[kGenerations]{};
  Count creates_unconfirmed_[kGenerations]{};
  Count contexts_agreeing_[kPlaces]{};
  Count contexts_other_magic_{0};
  Count contexts_other_process_{0};
  Count contexts_unreadable_{0};
  struct {
    std::atomic<std::uint32_t> magic{0};
    Count count{0};
  } magics_[wire::Evidence::kMagics];
  Count against_generation_{0};
  Count against_place_{0};
  Count decisions_changed_{0};
  Count trusted_as_40_{0};
  Count trusted_as_01_{0};
  Count byte_1e_set_{0};
};

}  // namespace wdscope::observer
