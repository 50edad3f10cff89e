// SPDX-License-Identifier: MIT
#include "cli/exit_code.h"

#include <fmt/format.h>

#include <cstring>

#include "cli/printable.h"

namespace wdscope::cli {
namespace {

// errno values are small and positive; NTSTATUS failures have their high bit set. Nothing when `what` has it already.
std::string native_words(const Error& error) {
  if (error.native == 0) return {};
  if (error.native > 0 && error.native < 4096) {
    const std::string text = std::strerror(static_cast<int>(error.native));
    return error.what.find(text) == std::string::npos ? ": " + text : std::string();
  }
  const auto status = static_cast<std::uint32_t>(error.native);
  const bool told = error.what.find(fmt::format("{:08x}", status)) != std::string::npos ||
                    error.what.find(fmt::format("{:08X}", status)) != std::string::npos;
  return told ? std::string() : fmt::format(" (status 0x{:08X})", status);
}

}  // namespace

ExitCode exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::Usage:
      return ExitCode::Usage;
    case ErrorCode::InputUnreadable:
    case ErrorCode::InputDamaged:
    case ErrorCode::OutputFailed:
      return ExitCode::Input;
    case ErrorCode::SourceUnavailable:
    case ErrorCode::NotPermitted:
    case ErrorCode::Incompatible:
    case ErrorCode::Internal:
      return ExitCode::Source;
    case ErrorCode::BrokenPipe:
      return ExitCode::BrokenPipe;
  }
  return ExitCode::Source;
}

std::string words(const Error& error) {
  std::string out = "wdscope: ";
  append_printable(out, error.what);
  if (error.code == ErrorCode::SourceUnavailable && (error.native == 126 || error.native == 127)) {
    // A shell's exit code, not an errno.
  } else {
    out += native_words(error);
  }
  out += '\n';
  if (!error.advice.empty()) {
    out += "wdscope: ";
    append_printable(out, error.advice);
    out += '\n';
  }
  return out;
}

}  // namespace wdscope::cli
