// SPDX-License-Identifier: MIT
#include "lab/process_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstddef>
#include <memory>

#include "lab/command_line.h"

namespace wdscope {
namespace {

// The longest UTF-8 that can still fill a command line, and one byte that shows that there was more.
constexpr std::size_t kMaximumArgumentBytes = 3 * kMaximumCommandLineUnits + 1;
constexpr std::uint32_t kFlagKernelThread = 0x00200000;  // PF_KTHREAD
constexpr std::string_view kDeletedMark = " (deleted)";

std::string folder_path(pid_t pid, const char* file) {
  return "/proc/" + std::to_string(pid) + "/" + file;
}

std::optional<std::string> read_file(const std::string& path, std::size_t maximum_size) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  std::string content;
  char chunk[4096];
  ssize_t length = 0;
  while (content.size() < maximum_size) {
    length = read(file, chunk, sizeof chunk);
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) break;
    content.append(chunk, static_cast<std::size_t>(length));
  }
  close(file);
  if (length < 0) return std::nullopt;
  if (content.size() > maximum_size) content.resize(maximum_size);
  return content;
}

template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::optional<ProcessStat> parse_stat(std::string_view text) {
  // The name may hold anything, also blanks and parentheses: only the outermost pair delimits it.
  const std::size_t open_mark = text.find('(');
  const std::size_t close_mark = text.rfind(')');
  if (open_mark == std::string_view::npos || close_mark == std::string_view::npos || close_mark < open_mark)
    return std::nullopt;
  ProcessStat stat;
  stat.comm = text.substr(open_mark + 1, close_mark - open_mark - 1);

  // Field numbers as in proc(5); the first behind the name is 3.
  bool valid = true;
  int field = 3;
  std::size_t at = close_mark + 2;
  for (; valid && field <= 22 && at < text.size(); ++field) {
    const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
    const std::string_view value = text.substr(at, end - at);
    at = end + 1;
    if (field == 3) {
      valid = value.size() == 1;
      if (valid) stat.state = value[0];
    } else if (field == 4) {
      valid = parse_number(value, stat.parent);
    } else if (field == 7) {
      valid = parse_number(value, stat.terminal);
    } else if (field == 9) {
      std::uint32_t flags = 0;
      valid = parse_number(value, flags);
      stat.kernel_thread = (flags & kFlagKernelThread) != 0;
    } else if (field == 20) {
      valid = parse_number(value, stat.thread_count);
    } else if (field == 22) {
      valid = parse_number(value, stat.start_ticks);
    }
  }
  if (!valid || field <= 22) return std::nullopt;
  return stat;
}

std::optional<ProcessStat> read_stat(pid_t pid) {
  const auto text = read_file(folder_path(pid, "stat"), 4096);
  return text ? parse_stat(*text) : std::nullopt;
}

std::optional<pid_t> read_thread_group(pid_t thread) {
  const auto text = read_file(folder_path(thread, "status"), 4096);
  if (!text) return std::nullopt;
  constexpr std::string_view kName = "\nTgid:\t";
  const std::size_t at = text->find(kName);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t begin = at + kName.size();
  pid_t group = 0;
  if (!parse_number(std::string_view(*text).substr(begin, text->find('\n', begin) - begin), group)) return std::nullopt;
  return group;
}

std::optional<std::string> read_image_path(pid_t pid) {
  std::string target(PATH_MAX, '\0');
  const ssize_t length = readlink(folder_path(pid, "exe").c_str(), target.data(), target.size());
  if (length <= 0) return std::nullopt;
  target.resize(static_cast<std::size_t>(length));
  if (target.ends_with(kDeletedMark)) {
    // A file may really bear that name.
    struct stat facts {};
    if (lstat(target.c_str(), &facts) != 0) target.resize(target.size() - kDeletedMark.size());
  }
  return target;
}

std::vector<std::string> split_arguments(std::string_view text) {
  std::vector<std::string> arguments;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\0'), text.size());
    arguments.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return arguments;
}

std::optional<std::vector<std::string>> read_arguments(pid_t pid) {
  const auto text = read_file(folder_path(pid, "cmdline"), kMaximumArgumentBytes);
  if (!text) return std::nullopt;
  return split_arguments(*text);
}

std::vector<pid_t> list_processes() {
  std::vector<pid_t> pids;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc"), closedir);
  if (!folder) return pids;
  while (const dirent* entry = readdir(folder.get())) {
    pid_t pid = 0;
    if (parse_number(std::string_view(entry->d_name), pid) && pid > 0) pids.push_back(pid);
  }
  return pids;
}

}  // namespace wdscope
