// SPDX-License-Identifier: MIT
#include "cli/completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
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

// What a shell sees: `lab play` and `lab load` are one word with two that may follow.
struct FirstWord {
  std::string name;
  std::vector<const CLI::App*> verbs;

  std::vector<std::string> second_words() const {
    std::vector<std::string> words;
    for (const CLI::App* verb : verbs) {
      if (verb->get_name() != name) words.push_back(verb->get_name().substr(name.size() + 1));
    }
    return words;
  }
  // Each by its name, once.
  std::map<std::string, const CLI::Option*> options() const {
    std::map<std::string, const CLI::Option*> all;
    for (const CLI::App* verb : verbs) {
      for (const CLI::Option* option : named_options(*verb)) all.emplace(option->get_name(), option);
    }
    return all;
  }
  std::string description() const {
    return verbs.size() == 1 ? verbs.front()->get_description() : fmt::format("{}", fmt::join(second_words(), " or "));
  }
};

std::vector<FirstWord> first_words(const CLI::App& application) {
  std::vector<FirstWord> words;
  for (const CLI::App* verb : application.get_subcommands(nullptr)) {
    const std::string name = first_word(verb->get_name());
    const auto known =
        std::find_if(words.begin(), words.end(), [&](const FirstWord& word) { return word.name == name; });
    if (known != words.end()) {
      known->verbs.push_back(verb);
    } else {
      words.push_back({name, {verb}});
    }
  }
  return words;
}

std::vector<std::string> names_of(const std::vector<FirstWord>& words) {
  std::vector<std::string> names(words.size());
  std::ranges::transform(words, names.begin(), &FirstWord::name);
  return names;
}

// Whose operand is a file, of one verb at least.
bool takes_file(const FirstWord& word) {
  return std::any_of(word.verbs.begin(), word.verbs.end(),
                     [](const CLI::App* verb) { return verb->get_option_no_throw("FILE") != nullptr; });
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
  std::string with_files;
  for (const FirstWord& first : first_words(application)) {
    std::vector<std::string> words = first.second_words();
    for (const auto& [name, option] : first.options()) {
      for (const std::string& spelling : names_of(*option)) words.push_back(spelling);
    }
    if (first.name == "completion") words.insert(words.end(), {"bash", "zsh", "fish"});
    fmt::format_to(std::back_inserter(verbs), "    {}) words={} ;;\n", first.name,
                   shell_quoted(fmt::format("{}", fmt::join(words, " "))));
    if (takes_file(first)) with_files += (with_files.empty() ? "" : "|") + first.name;
    for (const auto& [name, option] : first.options()) {
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
  [[ "$verb" != @({}) || "$word" == -* ]] || mapfile -t -O ${{#COMPREPLY[@]}} COMPREPLY < <(compgen -f -- "$word")
}}
complete -o filenames -F _wdscope wdscope
)",
      values,
      shell_quoted(fmt::format("{} {}", fmt::join(names_of(first_words(application)), " "),
                               fmt::join(option_names(application), " "))),
      verbs, with_files);
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
  for (const FirstWord& word : first_words(application)) {
    fmt::format_to(std::back_inserter(verbs), "    '{}:{}'\n", word.name, zsh_text(word.description()));
    fmt::format_to(std::back_inserter(cases), "    {})\n      _arguments", word.name);
    if (const auto seconds = word.second_words(); !seconds.empty())
      fmt::format_to(std::back_inserter(cases), " \\\n        ':verb:({})'", fmt::join(seconds, " "));
    for (const auto& [name, option] : word.options()) cases += zsh_option(*option);
    if (takes_file(word)) cases += " \\\n        ':file:_files'";
    if (word.name == "completion") cases += " \\\n        ':shell:(bash zsh fish)'";
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
  const auto add_options = [&out](const std::vector<const CLI::Option*>& options, std::string_view condition) {
    for (const CLI::Option* option : options) {
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
  add_options(named_options(application), "__fish_use_subcommand");
  for (const FirstWord& word : first_words(application)) {
    fmt::format_to(std::back_inserter(out), "complete -c wdscope -n __fish_use_subcommand -a {} -d {}\n", word.name,
                   shell_quoted(word.description()));
    const std::string condition = "__fish_seen_subcommand_from " + word.name;
    for (const std::string& second : word.second_words())
      fmt::format_to(std::back_inserter(out), "complete -c wdscope -n '{}' -a {}\n", condition, second);
    if (takes_file(word)) fmt::format_to(std::back_inserter(out), "complete -c wdscope -n '{}' -F\n", condition);
    std::vector<const CLI::Option*> options;
    for (const auto& [name, option] : word.options()) options.push_back(option);
    add_options(options, condition);
  }
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
