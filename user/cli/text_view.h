// SPDX-License-Identifier: MIT
// Events for eyes: one a line, in aligned columns. docs/cli.md says what each column means.
//
// What is unknown is a dash. What an event does not say itself but its process is known by (the image of a trust
// change) is shown dim. Nothing in an image or command line reaches the terminal unescaped (cli/printable.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/image_memory.h"
#include "cli/local_time.h"
#include "cli/look.h"
#include "cli/printable.h"
#include "cli/text_layout.h"
#include "event/event.h"
#include "event/source.h"
#include "sink/output_file.h"

namespace wdscope::cli {

class TextView final : public Sink {
 public:
  // `header`: lines that come first, each after a "# ".
  TextView(OutputFile output, Origin origin, TextStyle style, const std::vector<std::string>& header);

  // Records of a kind unknown to this program are skipped. InputDamaged for a malformed one, BrokenPipe, OutputFailed.
  Result<void> write(std::span<const std::byte> records) override;
  Result<void> flush() override;
  Result<void> close();
  // What comes from now on is of another origin; `header` is said between.
  void continue_with(Origin origin, const std::vector<std::string>& header);

 private:
  void add(const ProcessEvent& event);
  void add(const LossEvent& event);
  void add_mark(const ProcessEvent& event, const SnapshotMark& mark);
  void add_words(const std::vector<std::string>& lines);
  void add_column_names();
  void add_time(FileTime time);
  void add_pid(std::optional<std::uint64_t> pid, std::optional<std::uint32_t> host_pid);
  void add_flags(const ProcessEvent& event);
  void add_image(const ProcessEvent& event);
  void add_command_line(const ProcessEvent& event);
  // One cell and the space behind it.
  void cell(std::string_view text, std::size_t width, Side side, Look look, Cut cut = Cut::End);
  void unknown(std::size_t width, Side side) { cell("-", width, side, Look::Dim); }
  void begin(Look look) { begin_look(buffer_, look, style_.color); }
  void end(Look look) { end_look(buffer_, look, style_.color); }
  void end_line();

  OutputFile output_;
  Origin origin_;
  TextStyle style_;
  TextLayout layout_;
  LocalClock clock_;
  ImageMemory images_;
  std::string day_;
  std::string cell_;    // scratch
  std::string buffer_;  // not yet written
};

}  // namespace wdscope::cli
