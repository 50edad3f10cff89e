// SPDX-License-Identifier: MIT
#include "event/dos_paths.h"

#include <array>
#include <utility>

namespace wdscope {
namespace {

// Longer than any device's name and what comes before it.
constexpr std::size_t kLongestHead = 512;

char small_letter(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool begins_with_name(std::string_view path, std::string_view start) {
  if (path.size() < start.size()) return false;
  for (std::size_t i = 0; i < start.size(); ++i) {
    if (small_letter(path[i]) != small_letter(start[i])) return false;
  }
  return true;
}

bool is_drive_path(std::string_view path) {
  return path.size() > 2 && small_letter(path[0]) >= 'a' && small_letter(path[0]) <= 'z' && path[1] == ':' &&
         path[2] == '\\';
}

constexpr std::string_view kDeviceFolder = "\\Device\\";
constexpr std::string_view kRedirectors = "\\Device\\Mup\\";
constexpr std::string_view kSystemRoot = "\\SystemRoot\\";
constexpr std::string_view kDosDevices = "\\??\\";
constexpr std::string_view kShares = "\\??\\UNC\\";

// The separator before the server, where the path of a share begins but for its second one.
std::optional<DosForm> share_form(std::string_view path) {
  std::size_t at = kRedirectors.size();
  while (at < path.size() && path[at] == ';') {
    const std::size_t end = path.find('\\', at);
    if (end == std::string_view::npos) return std::nullopt;
    at = end + 1;
  }
  if (at == path.size() || path[at] == '\\') return std::nullopt;
  return DosForm{"\\", at - 1};
}

}  // namespace

DosAnswer find_dos_form(const DosNames& names, std::string_view nt_path) {
  if (begins_with_name(nt_path, kShares)) return {DosForm{"\\", kShares.size() - 1}, false};
  if (begins_with_name(nt_path, kDosDevices)) {
    if (!is_drive_path(nt_path.substr(kDosDevices.size()))) return {};
    return {DosForm{"", kDosDevices.size()}, false};
  }
  if (begins_with_name(nt_path, kSystemRoot)) {
    if (names.windows_folder.empty()) return {};
    return {DosForm{names.windows_folder, kSystemRoot.size() - 1}, false};
  }
  if (begins_with_name(nt_path, kRedirectors)) return {share_form(nt_path), false};
  if (!begins_with_name(nt_path, kDeviceFolder)) return {};
  for (const auto& [name, device] : names.drives) {
    if (device.size() <= kDeviceFolder.size() || !begins_with_name(nt_path, device)) continue;
    if (nt_path.size() > device.size() && nt_path[device.size()] == '\\') return {DosForm{name, device.size()}, false};
  }
  return {std::nullopt, true};
}

DosPaths::DosPaths(std::function<DosNames()> read, std::function<Clock::time_point()> now)
    : read_(std::move(read)), now_(std::move(now)), names_(read_()), read_at_(now_()) {}

DosNames DosPaths::names() const {
  const std::scoped_lock lock(mutex_);
  return names_;
}

std::optional<DosForm> DosPaths::form(std::string_view nt_path) const {
  const std::scoped_lock lock(mutex_);
  DosAnswer answer = find_dos_form(names_, nt_path);
  if (answer.unknown_device && read_ && now_() - read_at_ >= kPatience) {
    names_ = read_();
    read_at_ = now_();
    answer = find_dos_form(names_, nt_path);
  }
  return std::move(answer.form);
}

std::optional<DosForm> DosPaths::form(Utf16Bytes nt_path) const {
  std::array<char, kLongestHead> head;
  std::size_t units = 0;
  for (; units < nt_path.units && units < head.size(); ++units) {
    const auto low = static_cast<unsigned char>(nt_path.data[2 * units]);
    if (nt_path.data[2 * units + 1] != std::byte{0} || low > 0x7F) break;
    head[units] = static_cast<char>(low);
  }
  return form(std::string_view(head.data(), units));
}

std::optional<std::string> dos_path(const Origin& origin, std::string_view image) {
  if (!origin.dos_paths) return std::nullopt;
  const auto form = origin.dos_paths->form(image);
  if (!form) return std::nullopt;
  return form->head + std::string(image.substr(form->replaced));
}

std::string shown_image(const Origin& origin, const std::string& image) {
  return dos_path(origin, image).value_or(image);
}

}  // namespace wdscope
