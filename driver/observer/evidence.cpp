// SPDX-License-Identifier: MIT
#include "observer/evidence.h"

namespace wdscope::observer {
namespace {

using defender::OperationType;
using wire::Anomaly;
using wire::anomaly_bit;
using wire::ArgumentGeneration;
using wire::ContextPlace;

void add_one(std::atomic<std::uint64_t>& count) {
  count.fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t read(const std::atomic<std::uint64_t>& count) {
  return count.load(std::memory_order_relaxed);
}

template <std::uint32_t kCount>
void read_all(const std::atomic<std::uint64_t> (&counts)[kCount], std::uint64_t (&values)[kCount]) {
  for (std::uint32_t index = 0; index < kCount; ++index) values[index] = read(counts[index]);
}

constexpr unsigned kPlaceShift = 32;

constexpr std::uint64_t place_vote(ContextPlace place, std::uint32_t magic) {
  return static_cast<std::uint64_t>(place) << kPlaceShift | magic;
}
constexpr ContextPlace place_of(std::uint64_t vote) {
  return static_cast<ContextPlace>(vote >> kPlaceShift);
}
constexpr std::uint32_t magic_of_vote(std::uint64_t vote) {
  return static_cast<std::uint32_t>(vote);
}

}  // namespace

ContextGuess Evidence::guess() const {
  const Verdict::Standing standing = place_.standing();
  if (!standing.leads) return {ContextPlace::None, nullptr};
  return {place_of(standing.value), defender::catalogued_context(magic_of_vote(standing.value))};
}

bool Evidence::note(Verdict::Effect effect, Count& against) {
  if (effect == Verdict::Effect::Nothing) return false;
  add_one(against);
  if (effect == Verdict::Effect::Overturned) add_one(decisions_changed_);
  return true;
}

bool Evidence::weigh_generation(const Argument& argument, const NtWord& nt) {
  const auto index = static_cast<std::uint32_t>(argument.generation);
  if (!argument.parent_known) {
    add_one(creates_disagreeing_[static_cast<std::uint32_t>(ArgumentGeneration::Unknown)]);
    // Neither generation writes such a thing.
    if (!generation_.standing().decided) return false;
    add_one(against_generation_);
    return true;
  }
  if (!nt.parent_known) {
    add_one(creates_unconfirmed_[index]);
    return false;
  }
  if (argument.parent_process_id != nt.parent_process_id) {
    add_one(creates_disagreeing_[index]);
    return false;
  }
  add_one(creates_agreeing_[index]);
  return note(generation_.vote(index), against_generation_);
}

bool Evidence::weigh_place(const Context& context, const NtWord& nt) {
  if (context.recognised) {
    add_one(contexts_agreeing_[static_cast<std::uint32_t>(context.place)]);
    count_magic(context.magic);
    return note(place_.vote(place_vote(context.place, context.magic)), against_place_);
  }
  // What cannot be checked says nothing about where a context is.
  if (!nt.process_known) return false;
  if ((context.anomalies & anomaly_bit(Anomaly::ContextUnreadable)) != 0) {
    add_one(contexts_unreadable_);
    return false;
  }
  const bool of_type = context.located && defender::type_in(context.magic) == defender::kProcessContextType;
  if (!of_type) {
    add_one(contexts_agreeing_[static_cast<std::uint32_t>(ContextPlace::None)]);
    return note(place_.vote(place_vote(ContextPlace::None, 0)), against_place_);
  }
  if ((context.anomalies & anomaly_bit(Anomaly::ContextMagicUnknown)) == 0) {
    add_one(contexts_other_process_);
    return false;
  }
  add_one(contexts_other_magic_);
  return note(place_.vote(place_vote(context.place, context.magic)), against_place_);
}

void Evidence::count_magic(std::uint32_t magic) {
  for (auto& slot : magics_) {
    std::uint32_t found = slot.magic.load(std::memory_order_relaxed);
    if (found == 0 && slot.magic.compare_exchange_strong(found, magic, std::memory_order_relaxed)) found = magic;
    if (found != magic) continue;
    add_one(slot.count);
    return;
  }
}

std::uint32_t Evidence::weigh(const Argument& argument, const Context& context, const NtWord& nt) {
  if (!argument.readable) return 0;
  std::uint32_t anomalies = 0;
  const bool create = argument.is(OperationType::Create);
  if (create && weigh_generation(argument, nt)) anomalies |= anomaly_bit(Anomaly::GenerationDisagrees);
  // Off the stack nothing stands beside an argument; of a create that is not understood neither.
  const bool placed = argument.on_stack && (create ? argument.parent_known : argument.is(OperationType::Terminate));
  if (placed && weigh_place(context, nt)) anomalies |= anomaly_bit(Anomaly::PlaceDisagrees);

  const bool refresh = argument.is(OperationType::Trust) && argument.info.ImageName != 0;
  if (create || refresh) {
    if (argument.info.Trusted == 0x40) add_one(trusted_as_40_);
    if (argument.info.Trusted == 1) add_one(trusted_as_01_);
  }
  const bool by_value = argument.generation == ArgumentGeneration::ParentByValue;
  if (by_value && argument.info.Rules2Bit10 != 0) add_one(byte_1e_set_);
  return anomalies;
}

void Evidence::describe(wire::Evidence& evidence) const {
  evidence.size = sizeof(evidence);
  if (const Verdict::Standing generation = generation_.standing(); generation.decided) {
    evidence.generation = static_cast<std::uint32_t>(generation.value);
  }
  if (const Verdict::Standing place = place_.standing(); place.decided) {
    evidence.place_decided = 1;
    evidence.place = static_cast<std::uint32_t>(place_of(place.value));
    evidence.magic = magic_of_vote(place.value);
  }
  read_all(creates_agreeing_, evidence.creates_agreeing);
  read_all(creates_disagreeing_, evidence.creates_disagreeing);
  read_all(creates_unconfirmed_, evidence.creates_unconfirmed);
  read_all(contexts_agreeing_, evidence.contexts_agreeing);
  evidence.contexts_other_magic = read(contexts_other_magic_);
  evidence.contexts_other_process = read(contexts_other_process_);
  evidence.contexts_unreadable = read(contexts_unreadable_);
  for (std::uint32_t index = 0; index < wire::Evidence::kMagics; ++index) {
    evidence.magics[index] = {magics_[index].magic.load(std::memory_order_relaxed), 0, read(magics_[index].count)};
  }
  evidence.against_generation = read(against_generation_);
  evidence.against_place = read(against_place_);
  evidence.decisions_changed = read(decisions_changed_);
  evidence.trusted_as_40 = read(trusted_as_40_);
  evidence.trusted_as_01 = read(trusted_as_01_);
  evidence.byte_1e_set = read(byte_1e_set_);
}

}  // namespace wdscope::observer
