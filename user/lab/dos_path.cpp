// SPDX-License-Identifier: MIT
#include "lab/dos_path.h"

#include <charconv>

#include "lab/nt_path.h"

namespace wdscope {
namespace {

constexpr std::string_view kVolume = "\\Device\\HarddiskVolume";
constexpr int kLetters = 26;

bool is_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
int place_of(char letter) {
  return (letter & ~0x20) - 'A' + 1;
}

bool starts_as(std::string_view path, std::string_view lower) {
  if (path.size() < lower.size()) return false;
  for (std::size_t i = 0; i < lower.size(); ++i) {
    const char c = path[i] >= 'A' && path[i] <= 'Z' ? static_cast<char>(path[i] + 'a' - 'A') : path[i];
    if (c != lower[i]) return false;
  }
  return true;
}

}  // namespace

std::u16string dos_to_nt_path(std::string_view dos_path) {
  std::string_view path = dos_path;
  if (path.starts_with("\\??\\") || path.starts_with("\\\\?\\")) path.remove_prefix(4);
  std::u16string out;
  const auto volume = [&out](char letter) {
    append_utf16(out, std::string(kVolume) + std::to_string(place_of(letter)));
  };
  if (path.size() > 2 && is_letter(path[0]) && path[1] == ':' && (path[2] == '\\' || path[2] == '/')) {
    volume(path[0]);
    path.remove_prefix(2);
  } else if (starts_as(path, "\\systemroot\\")) {
    volume('C');
    append_utf16(out, "\\Windows");
    path.remove_prefix(std::string_view("\\SystemRoot").size());
  } else if (path.starts_with("\\\\")) {
    append_utf16(out, "\\Device\\Mup");
    path.remove_prefix(1);
  } else {
    append_utf16(out, dos_path);
    return out;
  }
  append_utf16(out, path);
  return out;
}

std::optional<std::string> nt_to_dos_path(std::u16string_view nt_path) {
  const std::string path = to_utf8(nt_path);
  if (!starts_as(path, "\\device\\harddiskvolume")) return std::nullopt;
  int number = 0;
  const char* const end = path.data() + path.size();
  const auto [behind, error] = std::from_chars(path.data() + kVolume.size(), end, number);
  if (error != std::errc() || number < 1 || number > kLetters || behind == end || *behind != '\\') return std::nullopt;
  std::string out(1, static_cast<char>('A' + number - 1));
  out += ':';
  out.append(behind, end);
  return out;
}

}  // namespace wdscope
