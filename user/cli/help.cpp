// SPDX-License-Identifier: MIT
#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "abi/wire/version.h"
#include "cli/application.h"
#include "cli/platform_words.h"
#include "cli/verb_words.h"
#include "event/json.h"

namespace wdscope::cli {
namespace {

constexpr std::size_t kLineWidth = 100;

// Appends `text` broken at spaces, each line after the first indented by `indent`. `used`: columns taken already.
void append_wrapped(std::string& out, std::string_view text, std::size_t indent, std::size_t used) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    const std::string_view word = text.substr(0, end);
    if (used > indent && used + 1 + word.size() > kLineWidth) {
      out += '\n';
      out.append(indent, ' ');
      used = indent;
    } else if (used > indent) {
      out += ' ';
      ++used;
    }
    out += word;
    used += word.size();
    if (text.substr(end).starts_with("\n\n")) {
      out += "\n\n";
      out.append(indent, ' ');
      used = indent;
    }
    text.remove_prefix(std::min(text.find_first_not_of(" \n", end), text.size()));
  }
}

std::string usage(const VerbWords& words) {
  const std::string name = words.name.empty() ? "wdscope" : fmt::format("wdscope {}", words.name);
  if (words.name.empty() || words.name == "manual" || words.name == "completion") {
    return fmt::format("{}{}{}", name, words.operands.empty() ? "" : " ", words.operands);
  }
  return fmt::format("{} [OPTIONS] {}", name, words.operands);
}

struct ExitWords {
  std::string_view code;
  std::string_view meaning;
};
constexpr ExitWords kExitWords[] = {
    {"0", "done"},
    {"1",
     "the answer is no: nothing matches, no exclusion is in force, a driver in the lab would stop Windows, a policy is "
     "wrong"},
    {"2", "the command line or the configuration is wrong"},
    {"3", "a file cannot be read or written, or is damaged"},
    {"4", "no source of events, or not permitted; explain: cannot tell"},
    {"5", "done, but events were lost"},
    {"130", "interrupted before the end that was asked for"},
    {"141", "the reader of the output is gone"},
    {"other", "the exit code of COMMAND"},
};

struct VariableWords {
  std::string_view name;
  std::string_view meaning;
};
const VariableWords kVariableWords[] = {
    {option_variables(), "Values for the options of the same name; an option on the command line wins."},
    {"NO_COLOR", "When set and not empty: no colour."},
    {"TZ", "Time zone of the text view."},
};

// Text for troff: no line may begin with a control character, and hyphens are to be copied as they are.
std::string troff(std::string_view text) {
  std::string out;
  if (text.starts_with('.') || text.starts_with('\'')) out += "\\&";
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else if (c == '\n')
      out += out.ends_with("\n.PP") || out.ends_with('\n') ? ".PP\n" : "\n";
    else
      out += c;
  }
  return out;
}

void append_troff_options(std::string& out, const CLI::App& application) {
  for (const CLI::Option* option : application.get_options()) {
    if (option->get_positional()) continue;
    fmt::format_to(std::back_inserter(out), ".TP\n.B {}\n{}\n", troff(option_synopsis(*option)),
                   troff(option->get_description()));
  }
}

}  // namespace

std::string help_text(const CLI::App& application) {
  const VerbWords& words = verb_words(application.get_parent() == nullptr ? "" : application.get_name());
  std::string out;
  append_wrapped(out, words.summary, 0, 0);
  fmt::format_to(std::back_inserter(out), "\n\nUsage: {}\n\nExamples:\n", usage(words));
  std::size_t longest = 0;
  for (const Example& example : words.examples) longest = std::max(longest, example.command.size());
  for (const Example& example : words.examples) {
    if (longest > kLineWidth / 2) {
      fmt::format_to(std::back_inserter(out), "  {}\n      {}\n", example.command, example.meaning);
    } else {
      fmt::format_to(std::back_inserter(out), "  {:<{}}  {}\n", example.command, longest, example.meaning);
    }
  }
  if (!words.details.empty()) {
    out += '\n';
    append_wrapped(out, words.details, 0, 0);
    out += '\n';
  }

  const auto section = [&out](std::string_view title, const std::vector<std::pair<std::string, std::string>>& rows) {
    if (rows.empty()) return;
    std::size_t width = 0;
    for (const auto& row : rows) width = std::max(width, row.first.size());
    fmt::format_to(std::back_inserter(out), "\n{}:\n", title);
    for (const auto& [term, meaning] : rows) {
      fmt::format_to(std::back_inserter(out), "  {:<{}}  ", term, width);
      append_wrapped(out, meaning, width + 4, width + 4);
      out += '\n';
    }
  };
  std::vector<std::pair<std::string, std::string>> verbs;
  for (const CLI::App* verb : application.get_subcommands(nullptr)) {
    verbs.emplace_back(verb->get_name(), verb->get_description());
  }
  section("Verbs", verbs);
  std::vector<std::pair<std::string, std::string>> options;
  for (const CLI::Option* option : application.get_options()) {
    if (!option->get_positional()) options.emplace_back(option_synopsis(*option), option->get_description());
  }
  section("Options", options);
  if (words.name.empty()) {
    std::vector<std::pair<std::string, std::string>> codes;
    for (const ExitWords& code : kExitWords) codes.emplace_back(code.code, code.meaning);
    section("Exit codes", codes);
    out += "\n'wdscope VERB --help' tells more of each verb.\n";
  }
  return out;
}

std::string version_text() {
  return fmt::format("wdscope {}\nprotocol with the driver: {}\nrecords: schema {}\nevents: {}\n", WDSCOPE_VERSION,
                     wire::kProtocolVersion, wire::kSchemaVersion, kEventSchema);
}

std::string manual_page(const CLI::App& application) {
  const VerbWords& program = verb_words("");
  std::string out;
  const auto add = [&out](fmt::string_view format, auto&&... values) {
    fmt::vformat_to(std::back_inserter(out), format, fmt::make_format_args(values...));
  };
  add(".TH WDSCOPE 1 \"\" \"wdscope {}\" \"User Commands\"\n", WDSCOPE_VERSION);
  add(".SH NAME\nwdscope \\- watch process notifications as Microsoft Defender's driver announces them\n");
  add(".SH SYNOPSIS\n");
  for (const std::string& name : verb_names(application)) {
    add(".B {}\n.br\n", troff(usage(verb_words(name))));
  }
  add(".SH DESCRIPTION\n{}\n.PP\n{}\n", troff(program.summary), troff(program.details));
  add(".SH OPTIONS\n");
  append_troff_options(out, application);
  add(".SH VERBS\n");
  for (const CLI::App* verb : application.get_subcommands(nullptr)) {
    const VerbWords& words = verb_words(verb->get_name());
    add(".SS {}\n{}\n", troff(usage(words)), troff(words.summary));
    if (!words.details.empty()) add(".PP\n{}\n", troff(words.details));
    append_troff_options(out, *verb);
  }
  add(".SH EXAMPLES\n");
  for (const std::string& name : verb_names(application)) {
    for (const Example& example : verb_words(name).examples) {
      add(".TP\n.B {}\n{}\n", troff(example.command), troff(example.meaning));
    }
  }
  add(".SH EXIT STATUS\n");
  for (const ExitWords& code : kExitWords) add(".TP\n.B {}\n{}\n", code.code, troff(code.meaning));
  add(".SH ENVIRONMENT\n");
  for (const VariableWords& variable : kVariableWords) {
    add(".TP\n.B {}\n{}\n", troff(variable.name), troff(variable.meaning));
  }
  return out;
}

}  // namespace wdscope::cli
