// SPDX-License-Identifier: MIT
#include "cli/explanation.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "abi/defender/flags.h"
#include "cli/cell_table.h"
#include "cli/flag_meanings.h"
#include "cli/printable.h"
#include "cli/process_words.h"
#include "event/decode.h"
#include "event/dos_paths.h"
#include "event/name_pattern.h"
#include "event/names.h"
#include "event/process_filter.h"

namespace wdscope::cli {
namespace {

using Verdict = ExclusionAnswer::Verdict;

Look look_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::InForce:
      return Look::Notice;
    case Verdict::NotInForce:
      return Look::Good;
    case Verdict::CannotTell:
      break;
  }
  return Look::Bad;
}

std::string_view sureness_words(ExclusionAnswer::Sureness sureness) {
  switch (sureness) {
    case ExclusionAnswer::Sureness::Said:
      return "by the notifier's own word";
    case ExclusionAnswer::Sureness::Inferred:
      return "inferred from its trust";
    case ExclusionAnswer::Sureness::None:
      break;
  }
  return "";
}

// The newest build may tell of trust before it announces the process.
bool creation_heard(const ProcessState& process) {
  return process.created_seen() || process.created.learnt.operation() == Operation::Create ||
         process.parent_pid.learnt.operation() == Operation::Create;
}

class Explanation {
 public:
  Explanation(const ProcessState& process, const Gathered& gathered, const TextStyle& style)
      : process_(process), gathered_(gathered), style_(style) {}

  std::string write();

 private:
  void add_name();
  void add_answer();
  void add_facts();
  void add_meanings();
  void add_changes();
  void title(std::string_view text);
  void line(std::string_view text);
  std::string change_words(const Change& change) const;
  std::string parent_words() const;
  std::string doc_rule_words() const;
  std::string time_words(FileTime time);

  const ProcessState& process_;
  const Gathered& gathered_;
  const TextStyle& style_;
  LocalClock clock_;
  std::string out_;
};

std::string Explanation::write() {
  add_name();
  add_answer();
  add_facts();
  add_meanings();
  add_changes();
  return std::move(out_);
}

void Explanation::title(std::string_view text) {
  out_ += '\n';
  begin_look(out_, Look::Bold, style_.color);
  append_printable(out_, text);
  end_look(out_, Look::Bold, style_.color);
  out_ += '\n';
}

// Wrapped at the terminal's width, each line indented.
void Explanation::line(std::string_view text) {
  constexpr std::size_t kIndent = 2;
  constexpr std::size_t kWidest = 100;
  const auto columns = style_.columns ? style_.columns() : std::nullopt;
  const std::size_t width = std::clamp<std::size_t>(columns.value_or(kWidest), 40, kWidest);
  std::size_t used = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    std::string word;
    const std::size_t columns_of_word = append_printable(word, text.substr(0, end));
    if (used != 0 && used + 1 + columns_of_word > width) {
      out_ += '\n';
      used = 0;
    }
    out_.append(used == 0 ? kIndent : 1, ' ');
    used += (used == 0 ? kIndent : 1) + columns_of_word;
    out_ += word;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  out_ += '\n';
}

void Explanation::add_name() {
  const std::string name = process_.image ? std::string(file_name_of(process_.image.value)) : "an unnamed process";
  std::string heading = fmt::format("{}, pid {}", name, shown_pid(process_));
  if (process_.host_pid != 0) heading += fmt::format(" (NT {})", process_.pid);
  if (process_.ended) heading += fmt::format(", ended {}", moment_words(clock_, process_.ended.time));
  title(heading);
  if (process_.image && process_.image.value != name) {
    if (const auto path = dos_path(gathered_.origin, process_.image.value)) line(*path);
    line(process_.image.value);
  }
  if (process_.command_line && !process_.command_line.value.empty()) line(process_.command_line.value);
}

void Explanation::add_answer() {
  const ExclusionAnswer answer = judge_exclusion(process_, gathered_.picture);
  out_ += '\n';
  begin_look(out_, Look::Bold, style_.color);
  out_ += process_.ended ? "Was an exclusion in force for it? " : "Is an exclusion in force for it? ";
  end_look(out_, Look::Bold, style_.color);
  begin_look(out_, look_of(answer.verdict), style_.color);
  out_ += verdict_words(answer.verdict);
  end_look(out_, look_of(answer.verdict), style_.color);
  if (const auto sure = sureness_words(answer.sureness); !sure.empty()) out_ += fmt::format(", {}", sure);
  out_ += '\n';
  std::string reason = answer.reason;
  if (!reason.empty() && reason[0] >= 'a' && reason[0] <= 'z') reason[0] = static_cast<char>(reason[0] - 'a' + 'A');
  if (!reason.ends_with('.') && !reason.ends_with(')')) reason += '.';
  line(reason);
  line(fmt::format("Learnt {} ({}).", moment_words(clock_, answer.learnt.time), notification_words(answer.learnt)));
}

std::string Explanation::doc_rule_words() const {
  if (process_.context.value.doc_rule_address == 0) return "none";
  return process_.doc_rule.empty() ? "one applies; it could not be read" : process_.doc_rule;
}

std::string Explanation::parent_words() const {
  const std::uint64_t pid = process_.parent_pid.value;
  const std::uint32_t factor = gathered_.origin.pid_factor;
  std::string words = fmt::format("{}", factor != 0 && pid % factor == 0 ? pid / factor : pid);
  const ProcessState* parent = gathered_.picture.find(pid);
  const bool younger = parent != nullptr && !parent->is_system() && parent->created && process_.created &&
                       parent->created.value > process_.created.value;
  if (parent != nullptr && !younger && parent->image) words += fmt::format(" {}", file_name_of(parent->image.value));
  return words;
}

void Explanation::add_facts() {
  out_ += '\n';
  CellTable table({{"FACT"}, {"WHOSE WORD"}, {"LEARNT"}, {"FROM"}, {"VALUE"}});
  const auto add = [&](std::string_view fact, std::string_view value, const Learnt& learnt, Look look = Look::Plain) {
    table.add({{fact},
               {voice_words(learnt.voice())},
               {time_words(learnt.time), Look::Dim},
               {notification_words(learnt), Look::Dim},
               {value, look}});
  };
  if (process_.created) add("created", moment_words(clock_, process_.created.value), process_.created.learnt);
  if (process_.parent_pid) add("parent", parent_words(), process_.parent_pid.learnt);
  if (process_.trusted) {
    const bool trusted = process_.trusted.value;
    add("trust", trusted ? "trusted" : "untrusted", process_.trusted.learnt, trusted ? Look::Good : Look::Notice);
  }
  if (process_.context) {
    const ContextWords& words = process_.context.value;
    const Learnt& learnt = process_.context.learnt;
    add("flags", bit_words(words.flags, defender::kProcessFlagNames), learnt);
    add("rules", bit_words(words.rules, defender::kProcessRuleNames), learnt);
    add("doc rule", doc_rule_words(), learnt);
    if (words.has_tail) {
      add("state", bit_words(words.state, defender::kStateNames), learnt);
      const auto known_type = known_type_name(words.known_type);
      add("known type", known_type.empty() ? fmt::format("{:#x}", words.known_type) : std::string(known_type), learnt);
      const auto sent = send_result_name(words.send_result);
      add("create message", sent.empty() ? fmt::format("{:#x}", words.send_result) : std::string(sent), learnt);
    }
  }
  if (process_.protection) {
    add("protection", protection_words(process_.protection.value), process_.protection.learnt);
  }
  if (process_.image) add("image", std::string(file_name_of(process_.image.value)), process_.image.learnt);
  if (process_.command_line) add("command line", "see above", process_.command_line.learnt);
  // Whole on every terminal: what is cut here would be the answer.
  out_ += table.render(style_.color, std::nullopt);
}

// Without the date on the day of the newest event.
std::string Explanation::time_words(FileTime time) {
  std::string words = moment_words(clock_, time);
  const std::string today = moment_words(clock_, gathered_.picture.time());
  const std::size_t date = words.find(' ') + 1;
  if (today.starts_with(words.substr(0, date))) words.erase(0, date);
  return words;
}

void Explanation::add_meanings() {
  title("What it means");
  if (process_.trusted) {
    line(process_.trusted.value
             ? "trusted: an exclusion, a rule of the service or being a part of Defender makes it so; the notifier "
               "tells "
               "its listeners"
             : "untrusted: no exclusion, rule or identity makes it trusted, or not yet; every process starts so");
  }
  if (process_.context) {
    const ContextWords& words = process_.context.value;
    for (const auto& [bit, meaning] : kFlagMeanings) {
      if ((words.flags & bit) == 0 || bit == defender::flag::Trusted) continue;
      line(fmt::format("{}: {}", bit_words(bit, defender::kProcessFlagNames), meaning));
    }
    if ((words.rules & defender::rule::ForceTrusted) != 0) {
      line("force_trusted: the service has it trusted whatever else holds");
    }
    if (words.doc_rule_address != 0) {
      line(fmt::format("doc rule {}: opening documents with these extensions is reported", doc_rule_words()));
    }
    if (words.has_tail && (words.state & defender::state::HardeningExclusions) != 0) {
      line(fmt::format("{}: Defender's own objects of these kinds are not guarded against it",
                       bit_words(words.state & defender::state::HardeningExclusions, defender::kStateNames)));
    }
  } else {
    line(
        "flags, rules, doc rule: not known; the notifier shows them only when a process starts or ends, and where this "
        "build keeps them is found");
  }
  line("Names and meanings are published research on WdFilter, not Microsoft's documentation.");
}

std::string Explanation::change_words(const Change& change) const {
  const auto flags = [&](const auto& names) {
    const std::uint32_t gone = change.before & ~change.after;
    const std::uint32_t come = change.after & ~change.before;
    std::string text;
    if (come != 0) text += fmt::format(" +{}", bit_words(come, names));
    if (gone != 0) text += fmt::format(" -{}", bit_words(gone, names));
    return text;
  };
  switch (change.what) {
    case Change::What::Trust:
      return change.after != 0 ? "untrusted, then trusted" : "trusted, then untrusted";
    case Change::What::Flags:
      return "flags" + flags(defender::kProcessFlagNames);
    case Change::What::State:
      return "state" + flags(defender::kStateNames);
    case Change::What::Rules:
      return fmt::format("rules {}, then {}", bit_words(change.before, defender::kProcessRuleNames),
                         bit_words(change.after, defender::kProcessRuleNames));
    case Change::What::Protection:
      return fmt::format("protection {}, then {}", protection_words(static_cast<std::uint8_t>(change.before)),
                         protection_words(static_cast<std::uint8_t>(change.after)));
    case Change::What::DocRule:
      return change.after != 0 ? "a doc rule applies since" : "no doc rule applies any more";
  }
  return "";
}

void Explanation::add_changes() {
  title(creation_heard(process_) ? "What has changed since its creation"
                                 : "What has changed since it was first heard of");
  if (process_.change_count > process_.changes.size()) {
    line(fmt::format("{} earlier changes are not kept", process_.change_count - process_.changes.size()));
  }
  for (const Change& change : process_.changes) {
    line(fmt::format("{}  {} ({})", time_words(change.learnt.time), change_words(change),
                     notification_words(change.learnt)));
  }
  if (process_.changes.empty()) line("nothing that was notified");
  if (process_.ended) {
    const bool seen = process_.ended.operation() == Operation::Terminate;
    line(fmt::format("{}  ended ({}{})", time_words(process_.ended.time), notification_words(process_.ended),
                     seen ? "" : ": its pid had another process by then"));
  }
}

}  // namespace

std::string_view verdict_words(Verdict verdict) {
  switch (verdict) {
    case Verdict::InForce:
      return "YES";
    case Verdict::NotInForce:
      return "NO";
    case Verdict::CannotTell:
      break;
  }
  return "CANNOT TELL";
}

std::vector<const ProcessState*> find_target(const Gathered& gathered, const std::string& target) {
  std::uint64_t pid = 0;
  const auto parsed = std::from_chars(target.data(), target.data() + target.size(), pid);
  const bool is_pid = parsed.ec == std::errc() && parsed.ptr == target.data() + target.size();
  std::vector<const ProcessState*> running;
  std::vector<const ProcessState*> ended;
  for (const ProcessState* process : gathered.picture.processes()) {
    const bool meant = is_pid ? shown_pid(*process) == pid : image_matches(*process, gathered.origin, target);
    if (meant) (process->ended ? ended : running).push_back(process);
  }
  std::vector<const ProcessState*>& found = running.empty() ? ended : running;
  if (is_pid && found.size() > 1) found.erase(found.begin(), found.end() - 1);
  return found;
}

std::string explain_process(const ProcessState& process, const Gathered& gathered, const TextStyle& style) {
  return Explanation(process, gathered, style).write();
}

std::string explain_processes(const std::vector<const ProcessState*>& processes, const Gathered& gathered,
                              const TextStyle& style) {
  CellTable table(
      {{"PID", Side::Right}, {"EXCLUDED"}, {"TRUST"}, {"IMAGE", Side::Left, Cut::Start, 40}, {"COMMAND LINE"}});
  for (const ProcessState* process : processes) {
    const ExclusionAnswer answer = judge_exclusion(*process, gathered.picture);
    std::string verdict(verdict_words(answer.verdict));
    if (answer.sureness == ExclusionAnswer::Sureness::Inferred) verdict += " (inferred)";
    table.add({{fmt::format("{}", shown_pid(*process))},
               {verdict, look_of(answer.verdict)},
               {!process->trusted        ? ""
                : process->trusted.value ? "yes"
                                         : "no"},
               {shown_image(gathered.origin, process->image.value)},
               {process->command_line.value}});
  }
  return table.render(style.color, style.columns ? style.columns() : std::nullopt);
}

}  // namespace wdscope::cli
