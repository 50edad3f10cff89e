// SPDX-License-Identifier: MIT
// ps and tree: the same processes, shown in two ways.
#include <unistd.h>

#include "cli/exit_code.h"
#include "cli/gather.h"
#include "cli/process_list.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "sink/output_file.h"

namespace wdscope::cli {
namespace {

using Draw = ProcessList (*)(const Gathered&, const ProcessFilter&, const TextStyle&);

Result<int> show(const Arguments& arguments, Draw draw) {
  const auto gathered = gather(arguments);
  if (!gathered) return tl::unexpected(gathered.error());
  const TextStyle style{color_for(arguments.color, STDOUT_FILENO), [] { return terminal_columns(STDOUT_FILENO); }};
  const ProcessList list = draw(*gathered, arguments.filter, style);
  OutputFile output = OutputFile::borrow(STDOUT_FILENO, "standard output");
  const std::string header = header_text(*gathered, style);
  for (const std::string_view text : {std::string_view(header), std::string_view(list.text)}) {
    if (auto written = output.write(std::as_bytes(std::span(text))); !written) return tl::unexpected(written.error());
  }
  say_losses(*gathered);
  if (gathered->damage) return tl::unexpected(*gathered->damage);
  if (gathered->counts.lost != 0) return static_cast<int>(ExitCode::Lost);
  return static_cast<int>(list.shown == 0 && !arguments.filter.empty() ? ExitCode::No : ExitCode::Done);
}

}  // namespace

Result<int> ps(const Arguments& arguments) {
  return show(arguments, list_processes);
}

Result<int> tree(const Arguments& arguments) {
  return show(arguments, draw_tree);
}

}  // namespace wdscope::cli
