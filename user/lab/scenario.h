// SPDX-License-Identifier: MIT
// A scenario: what happens to one machine, step by step, and what its notifier must tell of it. docs/scenarios.md has
// every word of the file that says so.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "event/result.h"
#include "lab/policy.h"
#include "lab/profile.h"

namespace wdscope::scenario {

// Where something stands in the file; 0: not from a file.
struct Place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

// What the service says of a process.
struct ServiceWord {
  ProcessInfoRule info;  // its pattern is not used
  bool trusted = false;
};

// A process that starts, or one that runs and was never announced.
struct Start {
  enum class How : std::uint8_t { Announced, Adopted };
  // How the service answers; Dies: it vanishes in mid-verdict.
  enum class Reply : std::uint8_t { Allow, Deny, Delay, TimeOut, Malformed, Dies };
  enum class Outcome : std::uint8_t { Accepted, Denied, Refused };

  How how = How::Announced;
  std::string name;
  std::string image;         // a DOS or NT path; empty: C:\t\NAME.exe
  std::string command_line;  // empty: the name
  std::string parent;        // name; empty: System
  std::optional<std::uint64_t> process_id;
  std::uint32_t session_id = 0;
  std::uint8_t protection = 0;  // PS_PROTECTION
  bool subsystem = false;
  std::vector<std::string> services;  // whose SIDs its token has: words of kServices
  Reply reply = Reply::Allow;
  std::uint32_t delay_ms = 0;
  ServiceWord word;
  Outcome outcome = Outcome::Accepted;  // what must come of it
};

struct Exit {
  std::string name;
};

// A command of the service (abi/defender/commands.h). What a kind does not use stays empty.
struct Command {
  enum class Kind : std::uint8_t {
    Exclusions,
    DocRules,
    ProcessInfo,
    Friendly,
    Taint,
    ResetHardening,
    TrustedInstaller,
    Query
  };
  struct Patch {  // bytes written over the command, for malformed ones
    std::uint32_t offset = 0;
    std::uint64_t value = 0;
    std::uint32_t size = 4;
  };
  Kind kind = Kind::Query;
  std::vector<std::string> processes;  // Exclusions: as in a policy
  std::vector<DocRule> rules;
  std::string name;  // of the process meant
  ServiceWord word;
  std::uint32_t flags = 0;                          // TrustedInstaller: 1 registry, 2 file, 4 object
  std::optional<std::uint64_t> trusted, untrusted;  // Query: the counts that must come
  std::vector<Patch> patches;
  std::optional<std::uint32_t> size;  // cut or extended to so many bytes, as its header then says too
  std::uint32_t status = 0;           // that it must end with
};

struct Service {
  enum class Action : std::uint8_t { Connect, Disconnect };
  Action action = Action::Connect;
  std::string name;  // Connect: the process that it is; empty: System
};

// wdnis.sys: the stand-in for WdNisDrv, the notification's other consumer.
enum class DriverName : std::uint8_t { Notifier, Observer, NetworkInspection };

struct LoadDriver {
  enum class Action : std::uint8_t { Load, Unload };
  Action action = Action::Load;
  DriverName driver = DriverName::Notifier;
  bool refused = false;  // it must not succeed
};

// Somebody notifies the Nri object: the notifier repeats what it knows.
struct Refresh {};

// wdnis.sys gets another list of process exceptions, whereupon it notifies the Nri object.
struct Exceptions {
  std::vector<std::string> images;  // paths
};

// Many processes that start and end at random, for none of which anything is expected.
struct Crowd {
  std::uint64_t lives = 0;
  std::uint32_t running = 16;  // at most, at a time
};

using Action = std::variant<Start, Exit, Command, Service, LoadDriver, Refresh, Exceptions, Crowd>;

// Something that the notifier tells: a notification, or a message to the service.
enum class Told : std::uint8_t {
  Create,
  Terminate,
  Trust,
  Refresh,
  MessageCreate,
  MessageExit,
  MessageOneUntrusted,
  MessageNoneUntrusted,
  MessageTaint,
};
constexpr bool is_message(Told told) {
  return told >= Told::MessageCreate;
}

// What must be told. Absent: whatever it is. Members of the context can only be compared where the profile tells it.
struct Expected {
  Place place;
  Told told = Told::Create;
  std::string name;  // of the process; empty for what speaks of none
  std::optional<bool> trusted;
  std::optional<std::string> parent;        // name, or "System"
  std::optional<std::string> image;         // pattern
  std::optional<std::string> command_line;  // pattern
  std::optional<std::uint32_t> flags;       // bits that are set
  std::optional<std::uint32_t> no_flags;    // bits that are not
  std::optional<std::uint32_t> rules, rules2, rules3, known_type, send_result, infos;
  std::optional<std::uint64_t> injection_target_mask, injection_request_mask;
  std::optional<bool> doc_rule;
  std::optional<std::uint32_t> hardening_excluded;  // bits as in Command::flags: these and no others
};

inline constexpr std::uint32_t kEveryAllocation = 0;
inline constexpr std::size_t kProfileCount = kProfiles.size();

struct Step {
  Place place;
  Action action;
  std::vector<Profile> profiles;  // in which it happens; empty: all
  std::uint32_t after_ms = 1;     // that pass before it
  // Of the drivers' allocations during the step the n-th fails, or every one.
  std::optional<std::uint32_t> fail_allocation;
  // What is told, all of it in this order: messages too when one of them is named (or Scenario::messages). Absent: not
  // looked at. By profile; a list for all stands in each, and what 1910 tells in its preview's too.
  std::array<std::optional<std::vector<Expected>>, kProfileCount> expected;

  bool happens_in(Profile profile) const;
};

struct Scenario {
  std::string name;               // of the file, for messages
  std::string title;              // what it shows
  std::vector<Profile> profiles;  // that it is for
  std::uint64_t seed = 1;
  // What is there at the beginning.
  bool notifier = true, observer = true, service = true;
  bool messages = false;  // every list names the messages to the service too
  std::vector<Step> steps;
};

// Words of the format, in the order of their values.
extern const std::vector<std::string> kToldWords;     // Told
extern const std::vector<std::string> kReplyWords;    // Start::Reply
extern const std::vector<std::string> kOutcomeWords;  // Start::Outcome
extern const std::vector<std::string> kDriverWords;   // DriverName
extern const std::vector<std::string> kCommandWords;  // Command::Kind
extern const std::vector<std::string> kProfileWords;  // kProfiles
extern const std::vector<std::string> kServiceWords;  // Start::services
extern const std::vector<std::string> kKindWords;     // of hardening: bits 1, 2, 4

// InputUnreadable, or InputDamaged with file, line and column and what was expected. The first fault wins, and nothing
// of the file counts.
Result<Scenario> load(const std::filesystem::path& file);
Result<Scenario> parse(std::string_view text, std::string_view name);
// The file that says this.
std::string write(const Scenario& scenario);

}  // namespace wdscope::scenario
