// SPDX-License-Identifier: MIT
#include "host/image/symbols.h"

#include <cxxabi.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <string_view>

extern char** environ;

namespace wdscope::host {
namespace {

std::string demangle(const std::string& name) {
  int status = 0;
  std::unique_ptr<char, void (*)(void*)> plain(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), std::free);
  if (status != 0 || !plain) return name;
  std::string text = plain.get();
  // The parameters only make a stack harder to read.
  constexpr std::string_view kAnonymous = "(anonymous namespace)", kOperator = "operator";
  for (auto open = text.find('('); open != std::string::npos; open = text.find('(', open + 1)) {
    const std::string_view before = std::string_view(text).substr(0, open);
    if (text.compare(open, kAnonymous.size(), kAnonymous) == 0 || before.ends_with(kOperator)) continue;
    text.resize(open);
    break;
  }
  return text;
}

// What the program prints, or nothing if it cannot be run.
std::string output_of(const char* const arguments[]) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = -1;
  const int error = posix_spawnp(&child, arguments[0], &actions, nullptr, const_cast<char* const*>(arguments), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::string text;
  if (error == 0) {
    std::array<char, 512> part;
    for (ssize_t size; (size = read(ends[0], part.data(), part.size())) > 0;) text.append(part.data(), size);
    int status;
    waitpid(child, &status, 0);
  }
  close(ends[0]);
  return text;
}

}  // namespace

ImageSymbols::ImageSymbols(const PeFile& file, std::span<const std::byte> bytes)
    : symbols_(file.symbols),
      sections_(file.sections),
      bytes_(bytes.begin(), bytes.end()),
      preferred_base_(file.preferred_base) {
  symbols_.insert(symbols_.end(), file.exports.begin(), file.exports.end());
  std::ranges::stable_sort(symbols_, {}, &PeName::rva);
}

std::string ImageSymbols::name_of(std::uint32_t rva) const {
  auto symbol = std::ranges::upper_bound(symbols_, rva, {}, &PeName::rva);
  const auto home = std::ranges::find_if(
      sections_, [&](const PeSection& section) { return rva >= section.rva && rva - section.rva < section.size; });
  if (symbol == symbols_.begin() || home == sections_.end() || (--symbol)->rva < home->rva) {
    return fmt::format("+0x{:X}", rva);
  }
  // The linker's own marks begin with two underscores and may stand where a routine does.
  while (symbol->name.starts_with("__") && symbol != symbols_.begin() && std::prev(symbol)->rva == symbol->rva)
    --symbol;
  return rva == symbol->rva ? demangle(symbol->name)
                            : fmt::format("{}+0x{:X}", demangle(symbol->name), rva - symbol->rva);
}

std::string ImageSymbols::line_of(std::uint32_t rva) const {
  const int file = memfd_create("driver", MFD_CLOEXEC);
  if (file < 0) return {};
  std::string line;
  if (write(file, bytes_.data(), bytes_.size()) == static_cast<ssize_t>(bytes_.size())) {
    const std::string path = fmt::format("/proc/{}/fd/{}", getpid(), file);
    const std::string address = fmt::format("0x{:X}", preferred_base_ + rva);
    for (const char* program : {"x86_64-w64-mingw32-addr2line", "addr2line"}) {
      const char* const arguments[] = {program, "-s", "-e", path.c_str(), address.c_str(), nullptr};
      line = output_of(arguments);
      if (!line.empty()) break;
    }
  }
  close(file);
  line.resize(std::min(line.find('\n'), line.size()));
  line.resize(std::min(line.find(" (discriminator"), line.size()));
  return line.starts_with("??") ? std::string() : line;
}

}  // namespace wdscope::host
