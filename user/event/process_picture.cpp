// SPDX-License-Identifier: MIT
#include "event/process_picture.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "abi/defender/flags.h"

namespace wdscope {
namespace {

// A node of the index: its link, its key, its share of the buckets and what the allocator adds, twice.
constexpr std::size_t kIndexBytes = 2 * sizeof(void*) + sizeof(std::uint64_t) + 2 * 2 * sizeof(void*);
static_assert(sizeof(ProcessState) + ProcessState::kKeptChanges * sizeof(Change) + kIndexBytes <=
              ProcessPicture::kMaximumProcessBytes);

void note_change(ProcessState& process, Change::What what, std::uint32_t before, std::uint32_t after,
                 const Learnt& learnt) {
  if (before == after) return;
  ++process.change_count;
  if (process.changes.empty()) process.changes.reserve(ProcessState::kKeptChanges);
  if (process.changes.size() == ProcessState::kKeptChanges) process.changes.erase(process.changes.begin());
  process.changes.push_back({learnt, what, before, after});
}

ContextWords words_of(const ProcessEvent& event) {
  const ContextFacts& context = *event.context;
  ContextWords words{context.magic, context.flags, context.rules, context.subsystem, context.doc_rule_address};
  if (event.context_tail) {
    words.state = event.context_tail->state;
    words.known_type = event.context_tail->known_type;
    words.send_result = event.context_tail->send_result;
    words.has_tail = true;
  }
  return words;
}

// "AcroRd32.exe: pdf, fdf"
std::string words_of(const DocRuleFacts& rule) {
  std::string words = rule.image ? rule.image->value : std::string();
  if (!rule.extensions || rule.extensions->value.empty()) return words;
  words += ": ";
  for (const char c : rule.extensions->value) {
    if (c == '\0') {
      words += ", ";
    } else {
      words += c;
    }
  }
  words.shrink_to_fit();
  return words;
}

void learn_context(ProcessState& process, const ProcessEvent& event, const Learnt& learnt) {
  const ContextWords words = words_of(event);
  if (process.context) {
    const ContextWords& before = process.context.value;
    // Trust is a fact of its own.
    constexpr std::uint32_t kOthers = ~defender::flag::Trusted;
    note_change(process, Change::What::Flags, before.flags & kOthers, words.flags & kOthers, learnt);
    note_change(process, Change::What::Rules, before.rules, words.rules, learnt);
    if (before.has_tail && words.has_tail) {
      note_change(process, Change::What::State, before.state, words.state, learnt);
    }
    note_change(process, Change::What::DocRule, before.doc_rule_address != 0, words.doc_rule_address != 0, learnt);
  }
  process.context = Fact<ContextWords>{words, learnt};
  process.doc_rule = event.doc_rule ? words_of(*event.doc_rule) : std::string();
}

void learn_trust(ProcessState& process, bool trusted, const Learnt& learnt) {
  if (process.trusted) {
    note_change(process, Change::What::Trust, process.trusted.value ? 1 : 0, trusted ? 1 : 0, learnt);
  }
  process.trusted = Fact<bool>{trusted, learnt};
}

void learn_protection(ProcessState& process, std::uint8_t protection, const Learnt& learnt) {
  if (process.protection) {
    // The notifier looked once, at the start; NT looks now. A word of the other one is no change.
    if (process.protection.learnt.voice() != learnt.voice() && learnt.voice() == Voice::Nt) return;
    if (process.protection.learnt.voice() == learnt.voice()) {
      note_change(process, Change::What::Protection, process.protection.value, protection, learnt);
    }
  }
  process.protection = Fact<std::uint8_t>{protection, learnt};
}

void learn_text(Fact<std::string>& fact, std::string_view text, const Learnt& learnt) {
  if (fact && fact.value == text) return;  // first heard stands: it is the older knowledge
  if (fact && fact.learnt.voice() == Voice::Notifier && learnt.voice() == Voice::Nt) return;
  fact.value.assign(text);
  fact.value.shrink_to_fit();
  fact.learnt = learnt;
}

template <class T>
void learn_once(Fact<T>& fact, const std::optional<T>& said, const std::optional<T>& nt, const ProcessEvent& event) {
  if (said) {
    if (!fact || fact.learnt.voice() == Voice::Nt) fact = Fact<T>{*said, Learnt::from(event, Voice::Notifier)};
  } else if (nt && !fact) {
    fact = Fact<T>{*nt, Learnt::from(event, Voice::Nt)};
  }
}

}  // namespace

Learnt Learnt::from(const ProcessEvent& event, Voice voice) {
  Learnt learnt;
  learnt.time = event.time;
  learnt.sequence = event.sequence & ((std::uint64_t{1} << 56) - 1);
  learnt.operation_ = static_cast<std::uint64_t>(event.operation);
  learnt.voice_ = static_cast<std::uint64_t>(voice);
  return learnt;
}

std::optional<std::uint32_t> ProcessState::flags() const {
  if (!context) return std::nullopt;
  std::uint32_t flags = context.value.flags;
  if (trusted && trusted.learnt.sequence > context.learnt.sequence) {
    flags = (flags & ~defender::flag::Trusted) | (trusted.value ? defender::flag::Trusted : 0);
  }
  return flags;
}

ProcessState& ProcessPicture::process_of(const ProcessEvent& event) {
  const auto [place, fresh] = newest_.try_emplace(*event.pid);
  ProcessState& process = place->second;
  if (!fresh) {
    const auto created = event.created();
    const bool both_known = created && process.created;
    const bool another = both_known ? *created != process.created.value
                                    : event.operation == Operation::Create && (process.ended || process.created_seen());
    if (!another) return process;
    if (!process.ended) process.ended = Learnt::from(event, Voice::Nt);
    if (policy_ == Ended::Kept) replaced_.push_back(std::move(process));
    process = ProcessState();
  }
  process.pid = *event.pid;
  process.host_pid = event.host_pid.value_or(0);
  process.first_seen = Learnt::from(event, Voice::Notifier);
  return process;
}

const ProcessState* ProcessPicture::add(const ProcessEvent& event) {
  time_ = std::max(time_, event.time);
  // An unknown operation's argument may be anyone's.
  if (!event.pid || event.operation == Operation::Unknown) return nullptr;
  ProcessState& process = process_of(event);
  const Learnt notifier = Learnt::from(event, Voice::Notifier);
  const Learnt nt = Learnt::from(event, Voice::Nt);

  learn_once(process.created, event.context ? std::optional(event.context->created) : std::nullopt, event.nt_created,
             event);
  learn_once(process.parent_pid, event.parent_pid, event.nt_parent_pid, event);
  if (event.context) learn_context(process, event, notifier);
  if (event.trusted) {
    learn_trust(process, *event.trusted, notifier);
  } else if (event.context) {
    // A terminate's argument says nothing of trust; its context does.
    learn_trust(process, (event.context->flags & defender::flag::Trusted) != 0, notifier);
  } else if (event.loaded_context && event.loaded_context->trusted) {
    learn_trust(process, *event.loaded_context->trusted, notifier);
  }
  if (const auto said = event.notifier_protection()) {
    learn_protection(process, *said, notifier);
  } else if (event.nt_protection) {
    learn_protection(process, *event.nt_protection, nt);
  }
  // The System process has an empty image.
  if (event.image && !event.image->value.empty()) {
    learn_text(process.image, event.image->value, notifier);
  } else if (event.nt_image_name) {
    learn_text(process.image, *event.nt_image_name, nt);
  }
  if (event.command_line) learn_text(process.command_line, event.command_line->value, notifier);
  if (event.operation == Operation::Terminate) end(process, notifier);
  return &process;
}

void ProcessPicture::add(const LossEvent& loss) {
  if (loss.lost_count == 0) return;
  lost_count_ += loss.lost_count;
  last_lost_sequence_ = std::max(last_lost_sequence_, loss.first_sequence + (loss.lost_count - 1));
}

void ProcessPicture::end(ProcessState& process, const Learnt& learnt) {
  if (process.ended) return;
  process.ended = learnt;
  if (policy_ != Ended::Forgotten) return;
  ended_pids_.push_back(process.pid);
  if (ended_pids_.size() > kForgetAfter) forget_oldest();
}

void ProcessPicture::forget_oldest() {
  const auto place = newest_.find(ended_pids_.front());
  ended_pids_.pop_front();
  // The pid may have another process by now.
  if (place != newest_.end() && place->second.ended) newest_.erase(place);
}

std::vector<const ProcessState*> ProcessPicture::processes() const {
  std::vector<const ProcessState*> all;
  all.reserve(newest_.size() + replaced_.size());
  for (const ProcessState& process : replaced_) all.push_back(&process);
  for (const auto& [pid, process] : newest_) all.push_back(&process);
  const auto order = [](const ProcessState* process) {
    const FileTime age = process->is_system() ? INT64_MIN
                         : process->created   ? process->created.value
                                              : process->first_seen.time;
    return std::pair(age, std::uint64_t{process->first_seen.sequence});
  };
  std::sort(all.begin(), all.end(),
            [&order](const ProcessState* a, const ProcessState* b) { return order(a) < order(b); });
  return all;
}

const ProcessState* ProcessPicture::find(std::uint64_t pid) const {
  const auto place = newest_.find(pid);
  return place == newest_.end() ? nullptr : &place->second;
}

}  // namespace wdscope
