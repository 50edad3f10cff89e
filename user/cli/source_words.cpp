// SPDX-License-Identifier: MIT
#include "cli/source_words.h"

#include <fmt/format.h>

#include "event/decode.h"

namespace wdscope::cli {

std::vector<std::string> source_words(const Origin& origin) {
  std::vector<std::string> lines;
  lines.push_back(fmt::format("wdscope {}: process notifications from {}", WDSCOPE_VERSION, origin.description));
  if (origin.played) lines.push_back(fmt::format("the recorded past of {}, played in virtual time", origin.host_name));
  if (origin.kind == Origin::Kind::Lab && origin.profile == "25080") {
    lines.push_back(
        "profile 25080: where this build keeps the process context is unknown, so what only the context tells "
        "(command line, flags) is left out");
  }
  if (origin.kind == Origin::Kind::Lab && origin.profile == "20h1") {
    lines.push_back(
        "profile 20h1: of this build only the process context's size and last member are published; all else is "
        "assumed to be as in 1910");
  }
  if (origin.pid_factor != 0) {
    lines.push_back(fmt::format("process ids are Linux ones; NT's are {} times as large", origin.pid_factor));
  }
  return lines;
}

std::vector<std::string> recording_words(const RecordingInfo& info, const std::string& file) {
  std::vector<std::string> lines = {
      fmt::format("replay of '{}', recorded {} on {} by wdscope {}", file, format_time(info.started),
                  info.origin.host_name.empty() ? "an unnamed machine" : info.origin.host_name, info.program_version)};
  for (std::string& line : source_words(info.origin)) lines.push_back(std::move(line));
  return lines;
}

}  // namespace wdscope::cli
