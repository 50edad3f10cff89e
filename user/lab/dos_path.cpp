// SPDX-License-Identifier: MIT
#include "lab/dos_path.h"

#include <algorithm>

#include "lab/nt_path.h"

namespace wdscope {
namespace {

constexpr std::u16string_view kVolume = u"\\Device\\HarddiskVolume";
constexpr int kLetters = 26;
constexpr std::size_t kLongestVolume = kVolume.size() + 2;

bool is_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
int place_of(char letter) {
  return (letter & ~0x20) - 'A' + 1;
}
bool is_digit(char16_t unit) {
  return unit >= u'0' && unit <= u'9';
}

template <class Unit>
bool starts_as(std::basic_string_view<Unit> path, std::basic_string_view<Unit> start) {
  const auto folded = [](Unit unit) {
    return unit >= 'A' && unit <= 'Z' ? static_cast<Unit>(unit + ('a' - 'A')) : unit;
  };
  return path.size() >= start.size() &&
         std::equal(start.begin(), start.end(), path.begin(), [&](Unit a, Unit b) { return folded(a) == folded(b); });
}

void append_volume(std::u16string& out, char letter) {
  const int place = place_of(letter);
  out += kVolume;
  if (place >= 10) out += static_cast<char16_t>(u'0' + place / 10);
  out += static_cast<char16_t>(u'0' + place % 10);
}

// Which volume the path is on, and what follows; 0: none with a letter.
int lettered_volume(std::u16string_view nt_path, std::u16string_view& behind) {
  if (!nt_path.starts_with(kVolume) && !starts_as(nt_path, kVolume)) return 0;
  nt_path.remove_prefix(kVolume.size());
  int number = 0;
  while (!nt_path.empty() && is_digit(nt_path.front()) && number <= kLetters) {
    number = 10 * number + (nt_path.front() - u'0');
    nt_path.remove_prefix(1);
  }
  if (number > kLetters || !nt_path.starts_with(u'\\')) return 0;
  behind = nt_path;
  return number;
}

}  // namespace

void append_nt_path(std::u16string& out, std::string_view dos_path) {
  std::string_view path = dos_path;
  if (path.starts_with("\\??\\") || path.starts_with("\\\\?\\")) path.remove_prefix(4);
  out.reserve(out.size() + kLongestVolume + dos_path.size());
  if (path.size() > 2 && is_letter(path[0]) && path[1] == ':' && (path[2] == '\\' || path[2] == '/')) {
    append_volume(out, path[0]);
    path.remove_prefix(2);
  } else if (starts_as<char>(path, "\\systemroot\\")) {
    append_volume(out, 'C');
    out += u"\\Windows";
    path.remove_prefix(std::string_view("\\SystemRoot").size());
  } else if (path.starts_with("\\\\")) {
    out += u"\\Device\\Mup";
    path.remove_prefix(1);
  } else {
    path = dos_path;
  }
  append_utf16(out, path);
}

std::u16string dos_to_nt_path(std::string_view dos_path) {
  std::u16string out;
  append_nt_path(out, dos_path);
  return out;
}

std::optional<std::string> nt_to_dos_path(std::u16string_view nt_path) {
  std::u16string_view behind;
  const int volume = lettered_volume(nt_path, behind);
  if (volume == 0) return std::nullopt;
  std::string out;
  out.reserve(2 + behind.size());
  out += static_cast<char>('A' + volume - 1);
  out += ':';
  append_utf8(out, behind);
  return out;
}

}  // namespace wdscope
