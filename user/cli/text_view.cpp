// SPDX-License-Identifier: MIT
#include "cli/text_view.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "abi/defender/flags.h"
#include "cli/process_words.h"
#include "event/decode.h"
#include "event/dos_paths.h"
#include "event/name_pattern.h"

namespace wdscope::cli {
namespace {

constexpr std::size_t kWriteSize = 64 * 1024;

}  // namespace

TextView::TextView(OutputFile output, Origin origin, TextStyle style, const std::vector<std::string>& header)
    : output_(std::move(output)), origin_(std::move(origin)), style_(std::move(style)) {
  layout_ = TextLayout::fitting(style_.columns ? style_.columns() : std::nullopt);
  add_words(header);
  add_column_names();
}

void TextView::continue_with(Origin origin, const std::vector<std::string>& header) {
  origin_ = std::move(origin);
  images_ = ImageMemory();
  day_.clear();
  add_words(header);
}

void TextView::add_words(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    begin(Look::Dim);
    buffer_ += "# ";
    append_printable(buffer_, line);
    end(Look::Dim);
    buffer_ += '\n';
  }
}

Result<void> TextView::write(std::span<const std::byte> records) {
  layout_ = TextLayout::fitting(style_.columns ? style_.columns() : std::nullopt);
  return for_each_record(records, [this](std::span<const std::byte> record) -> Result<void> {
    const auto event = decode(record, origin_);
    if (!event) {
      if (event.error().code == ErrorCode::Incompatible) return {};
      return tl::unexpected(event.error());
    }
    std::visit([this](const auto& one) { add(one); }, *event);
    return buffer_.size() < kWriteSize ? Result<void>() : flush();
  });
}

Result<void> TextView::flush() {
  if (buffer_.empty()) return {};
  auto written = output_.write(std::as_bytes(std::span(buffer_)));
  buffer_.clear();
  return written;
}

Result<void> TextView::close() {
  const auto flushed = flush();
  const auto closed = output_.close();
  return flushed ? closed : flushed;
}

void TextView::add(const ProcessEvent& event) {
  if (event.snapshot) return add_mark(event, *event.snapshot);
  static constexpr Look kOperationLooks[] = {Look::Good, Look::Gone, Look::Notice, Look::Plain,
                                             Look::Dim,  Look::Dim,  Look::Bad};
  add_time(event.time);
  cell(operation_name(event.operation), layout_.operation, Side::Left,
       kOperationLooks[static_cast<std::size_t>(event.operation)]);
  add_pid(event.pid, event.host_pid);
  add_pid(event.effective_parent_pid(), std::nullopt);
  if (event.trusted) {
    cell(*event.trusted ? "yes" : "no", layout_.trusted, Side::Left, *event.trusted ? Look::Good : Look::Notice);
  } else {
    unknown(layout_.trusted, Side::Left);
  }
  add_flags(event);
  add_image(event);
  add_command_line(event);
  end_line();

  if (!event.pid) return;
  if (event.operation == Operation::Terminate) {
    images_.forget(*event.pid);
  } else if (event.image) {
    images_.remember(*event.pid, event.created(), event.image->value);
  }
}

void TextView::add_mark(const ProcessEvent& event, const SnapshotMark& mark) {
  add_time(event.time);
  cell("snapshot", layout_.operation, Side::Left, Look::Dim);
  begin(Look::Dim);
  if (mark.answered) {
    fmt::format_to(std::back_inserter(buffer_), "ends here: {} processes were there before", *mark.answered);
  } else {
    buffer_ += "begins here: the notifier repeats what it knows of each process";
  }
  end(Look::Dim);
  end_line();
}

void TextView::add(const LossEvent& event) {
  cell("", layout_.time, Side::Left, Look::Plain);
  cell("loss", layout_.operation, Side::Left, Look::Bad);
  begin(Look::Bad);
  fmt::format_to(std::back_inserter(buffer_), "{} events are missing here (sequence {} to {})", event.lost_count,
                 event.first_sequence, event.first_sequence + event.lost_count - 1);
  end(Look::Bad);
  end_line();
}

void TextView::add_column_names() {
  cell("TIME", layout_.time, Side::Left, Look::Bold);
  cell("OPERATION", layout_.operation, Side::Left, Look::Bold);
  cell("PID", layout_.pid, Side::Right, Look::Bold);
  cell("PPID", layout_.pid, Side::Right, Look::Bold);
  cell("TRUST", layout_.trusted, Side::Left, Look::Bold);
  cell("FLAGS", layout_.flags, Side::Left, Look::Bold);
  cell("IMAGE", layout_.image, Side::Left, Look::Bold);
  cell("COMMAND LINE", 0, Side::Left, Look::Bold);
  end_line();
}

void TextView::add_time(FileTime time) {
  const LocalClock::Moment moment = clock_.at(time);
  if (moment.day != day_) {
    day_ = moment.day;
    begin(Look::Dim);
    buffer_ += "# ";
    buffer_ += day_;
    end(Look::Dim);
    buffer_ += '\n';
  }
  begin(Look::Dim);
  buffer_ += moment.time_of_day;
  if (layout_.milliseconds) fmt::format_to(std::back_inserter(buffer_), ".{:03}", moment.milliseconds);
  end(Look::Dim);
  buffer_ += ' ';
}

void TextView::add_pid(std::optional<std::uint64_t> pid, std::optional<std::uint32_t> host_pid) {
  if (!pid) return unknown(layout_.pid, Side::Right);
  const bool is_linux = origin_.pid_factor != 0 && *pid % origin_.pid_factor == 0;
  const std::uint64_t shown = host_pid ? *host_pid : is_linux ? *pid / origin_.pid_factor : *pid;
  cell(fmt::format_int(shown).c_str(), layout_.pid, Side::Right, Look::Plain);
}

void TextView::add_flags(const ProcessEvent& event) {
  std::string names;
  const auto name = [&names](std::string_view mark, std::string_view text) {
    if (!names.empty()) names += ',';
    names += mark;
    names += text;
  };
  if (event.context) names = bit_words(event.context->flags, defender::kProcessFlagNames);
  if (event.loaded_context && event.loaded_context->flags) {
    names = bit_words(*event.loaded_context->flags, defender::kProcessFlagNames);
  }
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(wire::Anomaly::Count); ++i) {
    const auto anomaly = static_cast<wire::Anomaly>(i);
    if ((event.anomalies & wire::anomaly_bit(anomaly)) != 0) name("!", anomaly_name(anomaly));
  }
  if (names.empty()) return unknown(layout_.flags, Side::Left);
  cell(names, layout_.flags, Side::Left, event.anomalies != 0 ? Look::Bad : Look::Plain);
}

void TextView::add_image(const ProcessEvent& event) {
  std::string_view image;
  Look look = Look::Plain;
  if (event.image) {
    image = event.image->value;
  } else {
    look = Look::Dim;
    if (event.pid) image = images_.find(*event.pid, event.created());
    if (image.empty() && event.nt_image_name) image = *event.nt_image_name;
  }
  if (image.empty()) return unknown(layout_.image, Side::Left);
  if (layout_.image_form == TextLayout::Image::FileName) {
    cell(file_name_of(image), layout_.image, Side::Left, look);
  } else {
    cell(shown_image(origin_, std::string(image)), layout_.image, Side::Left, look, Cut::Start);
  }
}

void TextView::add_command_line(const ProcessEvent& event) {
  if (!event.command_line) return unknown(0, Side::Left);
  if (layout_.cells == TextLayout::Cells::Cut) {
    append_cut(buffer_, event.command_line->value, layout_.command_line, Cut::End);
  } else {
    append_printable(buffer_, event.command_line->value);
    if (event.command_line->truncated) buffer_ += "…";
  }
}

void TextView::cell(std::string_view text, std::size_t width, Side side, Look look, Cut cut) {
  cell_.clear();
  const bool cuts = layout_.cells == TextLayout::Cells::Cut && width != 0;
  const std::size_t used = cuts ? append_cut(cell_, text, width, cut) : append_printable(cell_, text);
  const std::size_t padding = used < width ? width - used : 0;
  if (side == Side::Right) buffer_.append(padding, ' ');
  begin(look);
  buffer_ += cell_;
  end(look);
  if (side == Side::Left) buffer_.append(padding, ' ');
  buffer_ += ' ';
}

void TextView::end_line() {
  while (!buffer_.empty() && buffer_.back() == ' ') buffer_.pop_back();
  buffer_ += '\n';
}

}  // namespace wdscope::cli
