// SPDX-License-Identifier: MIT
#include "cli/completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>
#include <vector>

#include "cli/application.h"

namespace wdscope::cli {
namespace {

// What comes after an option or as an operand.
enum class Operand { None, Word, File, Folder, Free };

Operand operand_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  if (type.empty()) return Operand::None;
  if (type.find('|') != std::string::npos) return Operand::Word;
  if (type == "FILE") return Operand::File;
  if (type == "DIR") return Operand::Folder;
  return Operand::Free;
}

std::vector<const CLI::Option*> named_options(const CLI::App& application) {
  std::vector<const CLI::Option*> options;
  for (const CLI::Option* option : application.get_options()) {
    if (!option->get_positional()) options.push_back(option);
  }
  return options;
}

std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  return names;
}

std::vector<std::string> first_words(const CLI::App& application) {
  std::vector<std::string> words;
  for (const std::string& name : verb_names(application)) words.push_back(first_word(name));
  return words;
}

// In single quotes, for all three shells (fish and POSIX shells differ inside, so a quote is simply left out).
std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c != '\'') out += c;
  }
  return out + "'";
}

std::string bash(const CLI::App& application) {
  std::string verbs;
  std::string values;
  for (const CLI::App* verb : application.get_subcommands(nullptr)) {
    std::vector<std::string> words = option_names(*verb);
    const std::string first = first_word(verb->get_name());
    if (first != verb->get_name()) words.insert(words.begin(), verb->get_name().substr(first.size() + 1));
    if (verb->get_name() == "completion") words.insert(words.end(), {"bash", "zsh", "fish"});
    fmt::format_to(std::back_inserter(verbs), "    {}) words={} ;;\n", first,
                   shell_quoted(fmt::format("{}", fmt::join(words, " "))));
    for (const CLI::Option* option : named_options(*verb)) {
      std::string action;
      switch (operand_of(*option)) {
        case Operand::None:
          continue;
        case Operand::Word:
          action = fmt::format("compgen -W {} -- \"$word\"",
                               shell_quoted(fmt::format("{}", fmt::join(accepted_words(*option), " "))));
          break;
        case Operand::File:
          action = "compgen -f -- \"$word\"";
          break;
        case Operand::Folder:
          action = "compgen -d -- \"$word\"";
          break;
        case Operand::Free:
          action = ":";
          break;
      }
      const std::string line =
          fmt::format("    {}) mapfile -t COMPREPLY < <({}); return ;;\n", fmt::join(names_of(*option), "|"), action);
      if (values.find(line) == std::string::npos) values += line;
    }
  }
  return fmt::format(
      R"(# bash completion for wdscope
_wdscope() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" verb="" words="" i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; ++i)); do
    if [[ "${{COMP_WORDS[i]}}" == "--" ]]; then
      mapfile -t COMPREPLY < <(compgen -c -f -- "$word")
      return
    fi
    [[ -n "$verb" || "${{COMP_WORDS[i]}}" == -* ]] || verb="${{COMP_WORDS[i]}}"
  done
  case "$before" in
{}  esac
  case "$verb" in
    "") words={} ;;
{}  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  [[ "$verb" != @(replay|lab|policy) || "$word" == -* ]] || mapfile -t -O ${{#COMPREPLY[@]}} COMPREPLY < <(compgen -f -- "$word")
}}
complete -o filenames -F _wdscope wdscope
)",
      values,
      shell_quoted(
          fmt::format("{} {}", fmt::join(first_words(application), " "), fmt::join(option_names(application), " "))),
      verbs);
}

// Text in a zsh _arguments specification, where brackets and colons have a meaning.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    if (c != '\'') out += c;
  }
  return out;
}

std::string zsh_option(const CLI::Option& option) {
  std::string action;
  switch (operand_of(option)) {
    case Operand::None:
      break;
    case Operand::Word:
      action = fmt::format(":value:({})", fmt::join(accepted_words(option), " "));
      break;
    case Operand::File:
      action = ":file:_files";
      break;
    case Operand::Folder:
      action = ":folder:_files -/";
      break;
    case Operand::Free:
      action = ":value: ";
      break;
  }
  std::string out;
  for (const std::string& name : names_of(option)) {
    fmt::format_to(std::back_inserter(out), " \\\n        '{}[{}]{}'", name, zsh_text(option.get_description()),
                   action);
  }
  return out;
}

std::string zsh(const CLI::App& application) {
  std::string verbs;
  std::string cases;
  for (const CLI::App* verb : application.get_subcommands(nullptr)) {
    const std::string first = first_word(verb->get_name());
    fmt::format_to(std::back_inserter(verbs), "    '{}:{}'\n", first, zsh_text(verb->get_description()));
    fmt::format_to(std::back_inserter(cases), "    {})\n      _arguments", first);
    if (first != verb->get_name()) cases += " \\\n        ':verb:(" + verb->get_name().substr(first.size() + 1) + ")'";
    for (const CLI::Option* option : named_options(*verb)) cases += zsh_option(*option);
    if (verb->get_name() == "replay") cases += " \\\n        ':recording:_files'";
    if (verb->get_name() == "policy check") cases += " \\\n        ':policy:_files'";
    if (verb->get_name() == "lab play") cases += " \\\n        ':log:_files'";
    if (verb->get_name() == "completion") cases += " \\\n        ':shell:(bash zsh fish)'";
    cases += " \\\n        '*::: :_normal'\n      ;;\n";
  }
  std::string options;
  for (const CLI::Option* option : named_options(application)) options += zsh_option(*option);
  return fmt::format(R"(#compdef wdscope
_wdscope() {{
  local -a verbs
  verbs=(
{}  )
  local context state state_descr line
  typeset -A opt_args
  _arguments -C{} \
        '1:verb:->verb' '*::: :->rest'
  case "$state" in
    verb) _describe verb verbs ;;
    rest)
      case "$line[1]" in
{}      esac
      ;;
  esac
}}
_wdscope "$@"
)",
                     verbs, options, cases);
}

std::string fish(const CLI::App& application) {
  std::string out = "# fish completion for wdscope\ncomplete -c wdscope -f\n";
  const auto add_options = [&out](const CLI::App& verb, std::string_view condition) {
    for (const CLI::Option* option : named_options(verb)) {
      fmt::format_to(std::back_inserter(out), "complete -c wdscope -n {}", shell_quoted(condition));
      for (const std::string& name : option->get_lnames()) fmt::format_to(std::back_inserter(out), " -l {}", name);
      for (const std::string& name : option->get_snames()) fmt::format_to(std::back_inserter(out), " -s {}", name);
      switch (operand_of(*option)) {
        case Operand::None:
          break;
        case Operand::Word:
          fmt::format_to(std::back_inserter(out), " -x -a {}",
                         shell_quoted(fmt::format("{}", fmt::join(accepted_words(*option), " "))));
          break;
        case Operand::File:
          out += " -r -F";
          break;
        case Operand::Folder:
          out += " -x -a '(__fish_complete_directories)'";
          break;
        case Operand::Free:
          out += " -x";
          break;
      }
      fmt::format_to(std::back_inserter(out), " -d {}\n", shell_quoted(option->get_description()));
    }
  };
  add_options(application, "__fish_use_subcommand");
  for (const CLI::App* verb : application.get_subcommands(nullptr)) {
    const std::string first = first_word(verb->get_name());
    fmt::format_to(std::back_inserter(out), "complete -c wdscope -n __fish_use_subcommand -a {} -d {}\n", first,
                   shell_quoted(verb->get_description()));
    if (first != verb->get_name()) {
      fmt::format_to(std::back_inserter(out), "complete -c wdscope -n '__fish_seen_subcommand_from {}' -a {} -F\n",
                     first, verb->get_name().substr(first.size() + 1));
    }
    add_options(*verb, "__fish_seen_subcommand_from " + first);
  }
  out += "complete -c wdscope -n '__fish_seen_subcommand_from replay' -F\n";
  out += "complete -c wdscope -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n";
  return out;
}

}  // namespace

std::string completion_script(const CLI::App& application, std::string_view shell) {
  if (shell == "zsh") return zsh(application);
  if (shell == "fish") return fish(application);
  return bash(application);
}

}  // namespace wdscope::cli
