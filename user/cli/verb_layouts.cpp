// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include "calibrate/layout_file.h"
#include "calibrate/layout_row.h"
#include "cli/exit_code.h"
#include "cli/talk.h"
#include "cli/verbs.h"
#include "sink/output_file.h"

namespace wdscope::cli {

Result<int> layouts_check(const Arguments& arguments) {
  const auto file = calibrate::load_layout_file(arguments.file);
  if (!file && file.error().code == ErrorCode::InputDamaged) {
    say_raw(words(file.error()));
    return static_cast<int>(ExitCode::No);
  }
  if (!file) return tl::unexpected(file.error());
  if (arguments.talk == Talk::Normal) {
    std::string members;
    for (std::uint32_t index = 0; index < wire::kLayoutMemberCount; ++index) {
      if (file->layout.offsets[index] == wire::kNoMember) continue;
      members += (members.empty() ? "" : ", ") + std::string(wire::kLayoutMemberRules[index].name);
    }
    say(fmt::format("{} is right: magic {:#010x}, {}", arguments.file, file->layout.magic, members));
  }
  return static_cast<int>(ExitCode::Done);
}

Result<int> layouts_row(const Arguments& arguments) {
  const auto file = calibrate::load_layout_file(arguments.file);
  if (!file) return tl::unexpected(file.error());
  OutputFile output = OutputFile::borrow(STDOUT_FILENO, "standard output");
  const std::string row = calibrate::catalogue_row(*file);
  return output.write(std::as_bytes(std::span(row))).map([] { return static_cast<int>(ExitCode::Done); });
}

}  // namespace wdscope::cli
