// SPDX-License-Identifier: MIT
#include "lab/command_line.h"

#include <algorithm>

#include "lab/nt_path.h"

namespace wdscope {
namespace {

void append_program(std::u16string& out, std::u16string_view program) {
  const bool breaks =
      program.empty() || std::any_of(program.begin(), program.end(), [](char16_t unit) { return unit <= u' '; });
  // A quote at the very start opens quoting even where nothing else needs it.
  const bool quoted = breaks || program.front() == u'"';
  if (!quoted) {
    out += program;
    return;
  }
  out.push_back(u'"');
  std::copy_if(program.begin(), program.end(), std::back_inserter(out), [](char16_t unit) { return unit != u'"'; });
  out.push_back(u'"');
}

void append_argument(std::u16string& out, std::u16string_view argument) {
  if (!argument.empty() && argument.find_first_of(u" \t\"") == std::u16string_view::npos) {
    out += argument;
    return;
  }
  out.push_back(u'"');
  std::size_t backslashes = 0;
  for (const char16_t unit : argument) {
    if (unit == u'\\') {
      ++backslashes;
      continue;
    }
    // Backslashes mean themselves unless a quote follows: then each is doubled, and the quote gets one of its own.
    out.append(unit == u'"' ? 2 * backslashes + 1 : backslashes, u'\\');
    backslashes = 0;
    out.push_back(unit);
  }
  out.append(2 * backslashes, u'\\');
  out.push_back(u'"');
}

void clip(CommandLine& line) {
  if (line.text.size() <= kMaximumCommandLineUnits) return;
  line.clipped = true;
  line.text.resize(kMaximumCommandLineUnits);
  const char16_t last = line.text.back();
  if (last >= 0xD800 && last <= 0xDBFF) line.text.pop_back();  // half of a pair is no text
}

}  // namespace

CommandLine join_arguments(std::span<const std::string> arguments) {
  CommandLine line;
  std::u16string units;
  for (std::size_t index = 0; index < arguments.size() && line.text.size() <= kMaximumCommandLineUnits; ++index) {
    units.clear();
    append_utf16(units, arguments[index]);
    if (index == 0) {
      append_program(line.text, units);
    } else {
      line.text.push_back(u' ');
      append_argument(line.text, units);
    }
  }
  clip(line);
  return line;
}

}  // namespace wdscope
