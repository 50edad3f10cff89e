// SPDX-License-Identifier: MIT
#include "lab/lab_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>

#include "lab/policy_socket.h"

namespace wdscope {
namespace {

using std::filesystem::path;

constexpr const char* kRootsFolder = "/run/wdscope";
constexpr std::string_view kSocketEnding = ".sock";

path user_folder() {
  const char* const runtime = std::getenv("XDG_RUNTIME_DIR");
  struct stat facts {};
  if (runtime != nullptr && *runtime == '/' && stat(runtime, &facts) == 0 && S_ISDIR(facts.st_mode) &&
      facts.st_uid == geteuid()) {
    return path(runtime) / "wdscope";
  }
  if (geteuid() == 0) return kRootsFolder;
  std::error_code error;
  path temporary = std::filesystem::temp_directory_path(error);
  if (error) temporary = "/tmp";
  return temporary / ("wdscope-" + std::to_string(geteuid()));
}

std::vector<path> folders() {
  std::vector<path> list = {user_folder()};
  if (list.front() != kRootsFolder) list.emplace_back(kRootsFolder);
  return list;
}

std::string socket_name(pid_t pid) {
  return std::to_string(pid) + std::string(kSocketEnding);
}

std::optional<pid_t> pid_of(const std::string& name) {
  if (!name.ends_with(kSocketEnding)) return std::nullopt;
  pid_t pid = 0;
  const char* const end = name.data() + name.size() - kSocketEnding.size();
  const auto [behind, error] = std::from_chars(name.data(), end, pid);
  return error == std::errc() && behind == end && pid > 0 ? std::optional(pid) : std::nullopt;
}

// As a shell would show it, arguments parted by blanks.
std::string command_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  while (!text.empty() && text.back() == '\0') text.pop_back();
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

std::vector<StandingLab> labs_in(const path& folder) {
  std::vector<StandingLab> list;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const auto pid = pid_of(entry->path().filename().string());
    if (pid && lab_listens(entry->path())) list.push_back({entry->path(), *pid, command_of(*pid)});
  }
  std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.pid < b.pid; });
  return list;
}

}  // namespace

Result<path> own_lab_socket() {
  const path folder = user_folder();
  const mode_t mode = folder == kRootsFolder ? 0755 : 0700;
  if (mkdir(folder.c_str(), mode) != 0 && errno != EEXIST) {
    return failure(ErrorCode::SourceUnavailable, "cannot make the folder " + folder.string(), {}, errno);
  }
  struct stat facts {};
  // No link is followed: what is made here must be in a folder of our own.
  if (lstat(folder.c_str(), &facts) != 0) {
    return failure(ErrorCode::SourceUnavailable, "cannot look at the folder " + folder.string(), {}, errno);
  }
  if (!S_ISDIR(facts.st_mode) || facts.st_uid != geteuid() || (facts.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return failure(ErrorCode::NotPermitted, folder.string() + " is no folder that this user alone may write to",
                   "remove it, or let XDG_RUNTIME_DIR name a folder of yours");
  }
  return folder / socket_name(getpid());
}

path lab_socket_of(pid_t pid) {
  std::error_code error;
  const auto candidates = folders();
  for (const path& folder : candidates) {
    if (std::filesystem::exists(folder / socket_name(pid), error)) return folder / socket_name(pid);
  }
  return candidates.front() / socket_name(pid);
}

std::vector<StandingLab> standing_labs() {
  for (const path& folder : folders()) {
    if (auto list = labs_in(folder); !list.empty()) return list;
  }
  return {};
}

}  // namespace wdscope
