// SPDX-License-Identifier: MIT
// The process picture: the stream of events folded into what is known of each process, with when and from which
// notification it was learnt, by whom it was said, and what changed since.
//
// - A process is its pid and its creation time. An event with another creation time is another process; the one that
//   had the pid before has ended, unseen. A create for a process that has ended is always a new one.
// - The newest word stands. A fact that an event does not tell keeps its older word, with the older time.
// - Lost events may have changed anything: `lost_behind` says whether some are missing after a fact was learnt.
// - A process costs at most kMaximumProcessBytes and its strings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "event/event.h"

namespace wdscope {

// Whose word a fact is. Nobody's: it is not known.
enum class Voice : std::uint8_t { Nobody, Notifier, Nt };

// When something was learnt, and from which notification.
struct Learnt {
  FileTime time = 0;
  std::uint64_t sequence : 56 = 0;
  std::uint64_t operation_ : 4 = 0;
  std::uint64_t voice_ : 4 = static_cast<std::uint64_t>(Voice::Nobody);

  explicit operator bool() const { return voice() != Voice::Nobody; }
  Operation operation() const { return static_cast<Operation>(operation_); }
  Voice voice() const { return static_cast<Voice>(voice_); }
  static Learnt from(const ProcessEvent& event, Voice voice);
};
static_assert(sizeof(Learnt) == 16);

template <class T>
struct Fact {
  T value{};
  Learnt learnt;

  explicit operator bool() const { return static_cast<bool>(learnt); }
};

// What a recognised context told, all at once.
struct ContextWords {
  std::uint32_t magic = 0;
  std::uint32_t flags = 0;
  std::uint32_t rules = 0;
  std::uint32_t subsystem = 0;
  std::uint64_t doc_rule_address = 0;
  // Of the layout of 0x130 bytes; has_tail says whether they mean anything.
  std::uint32_t state = 0;
  std::uint32_t known_type = 0;
  std::uint32_t send_result = 0;
  bool has_tail = false;
};

struct Change {
  enum class What : std::uint8_t { Trust, Flags, Rules, State, Protection, DocRule };
  Learnt learnt;
  What what = What::Trust;
  std::uint32_t before = 0;  // Trust, DocRule: 0 or 1
  std::uint32_t after = 0;
};

struct ProcessState {
  static constexpr std::size_t kKeptChanges = 3;  // the newest ones; older ones are counted

  std::uint64_t pid = 0;
  std::uint32_t host_pid = 0;  // lab: the Linux process; 0: none
  std::uint32_t change_count = 0;
  Learnt first_seen;
  Fact<FileTime> created;
  Fact<std::uint64_t> parent_pid;
  Fact<bool> trusted;
  Fact<ContextWords> context;
  std::string doc_rule;  // of the context: "AcroRd32.exe: pdf, fdf"; empty: none, or not readable
  Fact<std::uint8_t> protection;
  Fact<std::string> image;  // a path; NT's word is a file name of at most 15 characters
  Fact<std::string> command_line;
  Learnt ended;  // its terminate, or the event that showed that the pid has another process
  std::vector<Change> changes;

  bool created_seen() const { return first_seen.operation() == Operation::Create; }
  // NT's System process, which is older than every other, whatever its creation time says.
  bool is_system() const { return pid == 4; }
  // The flags with the newest word on trust, which the notifier keeps in them. Absent without a context.
  std::optional<std::uint32_t> flags() const;
};

class ProcessPicture {
 public:
  enum class Ended : std::uint8_t {
    Kept,       // for looking back at a recording
    Forgotten,  // for a stream without end: all but the last few
  };
  // What a process takes besides the characters of its image and command line.
  static constexpr std::size_t kMaximumProcessBytes = 512;

  explicit ProcessPicture(Ended policy) : policy_(policy) {}

  // The process as it is after the event, or null for an event that names none. Valid until the next call.
  const ProcessState* add(const ProcessEvent& event);
  void add(const LossEvent& loss);

  // Each process by its creation, or when it was first heard of if that is not known.
  std::vector<const ProcessState*> processes() const;
  // The newest process of this pid, running or ended; null when none was seen.
  const ProcessState* find(std::uint64_t pid) const;

  // Whether events are missing behind the one that `learnt` names.
  bool lost_behind(const Learnt& learnt) const { return lost_count_ != 0 && learnt.sequence < last_lost_sequence_; }
  std::uint64_t lost_count() const { return lost_count_; }
  // Of the newest event; 0 before the first.
  FileTime time() const { return time_; }

 private:
  static constexpr std::size_t kForgetAfter = 1024;

  ProcessState& process_of(const ProcessEvent& event);
  void end(ProcessState& process, const Learnt& learnt);
  void forget_oldest();

  Ended policy_;
  std::unordered_map<std::uint64_t, ProcessState> newest_;  // by pid
  std::deque<ProcessState> replaced_;                       // ended, and their pid has another process
  std::deque<std::uint64_t> ended_pids_;                    // Ended::Forgotten: oldest first
  std::uint64_t lost_count_ = 0;
  std::uint64_t last_lost_sequence_ = 0;
  FileTime time_ = 0;
};

}  // namespace wdscope
