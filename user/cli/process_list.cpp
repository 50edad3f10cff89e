// SPDX-License-Identifier: MIT
#include "cli/process_list.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cli/cell_table.h"
#include "cli/process_words.h"
#include "event/dos_paths.h"
#include "event/name_pattern.h"

namespace wdscope::cli {
namespace {

constexpr std::size_t kWide = 132;  // from here on whole paths have room

std::string_view trust_words(const ProcessState& process) {
  return !process.trusted ? "" : process.trusted.value ? "yes" : "no";
}

Look trust_look(const ProcessState& process) {
  return process.trusted && process.trusted.value ? Look::Good : Look::Notice;
}

std::string flags_words(const ProcessState& process) {
  const auto flags = process.flags();
  return flags ? bit_words(*flags, defender::kProcessFlagNames) : std::string();
}

Look flags_look(const ProcessState& process) {
  return (process.flags().value_or(0) & defender::flag::Excluded) != 0 ? Look::Notice : Look::Plain;
}

std::string shown_protection(const ProcessState& process) {
  return process.protection ? protection_words(process.protection.value) : std::string();
}

std::string_view doc_rule_words(const ProcessState& process) {
  if (!process.context) return {};
  if (process.context.value.doc_rule_address == 0) return "no";
  return process.doc_rule.empty() ? "yes" : std::string_view(process.doc_rule);
}

std::string shown_parent(const ProcessState& process, std::uint32_t pid_factor) {
  if (!process.parent_pid) return {};
  const std::uint64_t pid = process.parent_pid.value;
  return fmt::format_int(pid_factor != 0 && pid % pid_factor == 0 ? pid / pid_factor : pid).str();
}

std::string_view image_words(const ProcessState& process, bool whole) {
  if (!process.image) return {};
  return whole ? std::string_view(process.image.value) : file_name_of(process.image.value);
}

bool has_ended(const Gathered& gathered) {
  const auto all = gathered.picture.processes();
  return std::any_of(all.begin(), all.end(), [](const ProcessState* process) { return bool(process->ended); });
}

std::string closing_line(std::size_t shown, const std::vector<const ProcessState*>& processes,
                         const ProcessFilter& filter, const CellTable& table, const TextStyle& style) {
  const std::size_t all = processes.size();
  std::string line;
  begin_look(line, Look::Dim, style.color);
  line += shown == all ? fmt::format("# {} processes", all) : fmt::format("# {} of {} processes", shown, all);
  std::vector<std::string> unknown = table.unknown_columns();
  for (std::string& title : unknown) {
    std::transform(title.begin(), title.end(), title.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  }
  if (!unknown.empty()) line += fmt::format("; known of none: {}", fmt::join(unknown, ", "));
  if (filter.excluded || filter.flags != 0 || filter.state != 0) {
    const auto unknown_flags = std::count_if(processes.begin(), processes.end(),
                                             [](const ProcessState* process) { return !process->context; });
    if (unknown_flags != 0)
      line += fmt::format("; the flags of {} are not known, so they are not shown", unknown_flags);
  }
  end_look(line, Look::Dim, style.color);
  return line + '\n';
}

std::optional<std::size_t> width_of(const TextStyle& style) {
  return style.columns ? style.columns() : std::nullopt;
}

// A process and where it hangs.
struct Twig {
  const ProcessState* process;
  const ProcessState* parent = nullptr;
  std::vector<std::size_t> children;  // indices of twigs
  bool meant = false;
  bool drawn = false;  // meant, or above something that is
};

class Tree {
 public:
  Tree(const Gathered& gathered, const ProcessFilter& filter);
  // Calls `visit` with each drawn twig, parents first, and the lines before its name.
  template <class Visit>
  void walk(Visit visit) const;

 private:
  std::vector<Twig> twigs_;
  std::vector<std::size_t> roots_;
};

Tree::Tree(const Gathered& gathered, const ProcessFilter& filter) {
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> by_pid;
  for (const ProcessState* process : gathered.picture.processes()) {
    by_pid[process->pid].push_back(twigs_.size());
    twigs_.push_back({process, nullptr, {}, filter.matches(*process, gathered.origin), false});
  }
  std::vector<std::size_t> above(twigs_.size(), twigs_.size());
  for (std::size_t i = 0; i < twigs_.size(); ++i) {
    const ProcessState& process = *twigs_[i].process;
    const auto candidates = process.parent_pid ? by_pid.find(process.parent_pid.value) : by_pid.end();
    std::size_t parent = twigs_.size();
    if (candidates != by_pid.end()) {
      // Of several that had the pid, the newest that is not younger than its child.
      for (const std::size_t index : candidates->second) {
        const ProcessState& candidate = *twigs_[index].process;
        const bool younger = !candidate.is_system() && candidate.created && process.created &&
                             candidate.created.value > process.created.value;
        if (index != i && !younger) parent = index;
      }
    }
    above[i] = parent;
  }
  // Pids that were reused without known times could make a ring; a walk up that does not end is cut where it began.
  for (std::size_t i = 0; i < twigs_.size(); ++i) {
    std::size_t steps = 0;
    for (std::size_t at = above[i]; at != twigs_.size() && steps <= twigs_.size(); at = above[at]) ++steps;
    if (steps > twigs_.size()) above[i] = twigs_.size();
  }
  for (std::size_t i = 0; i < twigs_.size(); ++i) {
    if (above[i] == twigs_.size()) {
      roots_.push_back(i);
    } else {
      twigs_[above[i]].children.push_back(i);
    }
    if (!twigs_[i].meant) continue;
    for (std::size_t at = i; at != twigs_.size() && !twigs_[at].drawn; at = above[at]) twigs_[at].drawn = true;
  }
}

template <class Visit>
void Tree::walk(Visit visit) const {
  struct Step {
    std::size_t index;
    std::string lines;   // before its own branch
    std::string branch;  // "├─ ", "└─ " or nothing for a root
  };
  std::vector<Step> steps;
  const auto push = [&](const std::vector<std::size_t>& children, const std::string& lines, bool rooted) {
    bool last = true;
    for (auto child = children.rbegin(); child != children.rend(); ++child) {
      if (!twigs_[*child].drawn) continue;
      steps.push_back({*child, lines, !rooted ? "" : last ? "└─ " : "├─ "});
      last = false;
    }
  };
  push(roots_, "", false);
  while (!steps.empty()) {
    const Step step = std::move(steps.back());
    steps.pop_back();
    visit(twigs_[step.index], step.lines + step.branch);
    const std::string_view below = step.branch.empty() ? "" : step.branch == "└─ " ? "   " : "│  ";
    push(twigs_[step.index].children, step.lines + std::string(below), true);
  }
}

}  // namespace

ProcessList list_processes(const Gathered& gathered, const ProcessFilter& filter, const TextStyle& style) {
  const auto columns = width_of(style);
  const bool whole = !columns || *columns >= kWide;
  const bool with_end = has_ended(gathered);
  std::vector<Column> titles = {{"PID", Side::Right}, {"PPID", Side::Right}, {"TRUST"}, {"SINCE"}};
  if (with_end) titles.push_back({"ENDED"});
  titles.insert(titles.end(), {{"PROTECTION"},
                               {"DOC RULE"},
                               {"FLAGS", Side::Left, Cut::End, whole ? 31u : 16u},
                               {"IMAGE", Side::Left, Cut::Start, whole ? 44u : 20u},
                               {"COMMAND LINE"}});
  CellTable table(std::move(titles));
  SinceWords since(gathered.picture.time());
  const auto all = gathered.picture.processes();
  for (const ProcessState* process : all) {
    if (!filter.matches(*process, gathered.origin)) continue;
    const Look look = process->ended ? Look::Gone : Look::Plain;
    const auto path = whole ? dos_path(gathered.origin, process->image.value) : std::nullopt;
    table.add({{fmt::format_int(shown_pid(*process)).str(), look},
               {shown_parent(*process, gathered.origin.pid_factor)},
               {trust_words(*process), trust_look(*process)},
               {process->created ? since.of(process->created.value) : std::string_view()}});
    if (with_end) table.add({{process->ended ? since.of(process->ended.time) : "running"}});
    table.add({{shown_protection(*process)},
               {doc_rule_words(*process)},
               {flags_words(*process), flags_look(*process)},
               {path ? std::string_view(*path) : image_words(*process, whole), look},
               {process->command_line.value}});
  }
  ProcessList list;
  list.shown = table.row_count();
  list.text = table.render(style.color, columns) + closing_line(list.shown, all, filter, table, style);
  return list;
}

ProcessList draw_tree(const Gathered& gathered, const ProcessFilter& filter, const TextStyle& style) {
  const auto columns = width_of(style);
  CellTable table({{"PID", Side::Right},
                   {"TRUST"},
                   {"SINCE"},
                   {"FLAGS", Side::Left, Cut::End, 16},
                   {"PROCESS", Side::Left, Cut::End}});
  SinceWords since(gathered.picture.time());
  ProcessList list;
  std::string name;
  const Tree tree(gathered, filter);
  tree.walk([&](const Twig& twig, const std::string& lines) {
    const ProcessState& process = *twig.process;
    const Look look = !twig.meant ? Look::Dim : process.ended ? Look::Gone : Look::Plain;
    name = lines;
    name += process.command_line.value.empty() ? image_words(process, false) : process.command_line.value;
    if (name.size() == lines.size()) name += '?';
    table.add({{fmt::format_int(shown_pid(process)).str(), look},
               {trust_words(process), twig.meant ? trust_look(process) : Look::Dim},
               {process.created ? since.of(process.created.value) : std::string_view(), look},
               {flags_words(process), flags_look(process)},
               {name, look}});
    if (twig.meant) ++list.shown;
  });
  list.text =
      table.render(style.color, columns) + closing_line(list.shown, gathered.picture.processes(), filter, table, style);
  return list;
}

}  // namespace wdscope::cli
