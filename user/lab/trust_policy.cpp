// SPDX-License-Identifier: MIT
#include "lab/trust_policy.h"

#include <algorithm>

#include "event/ascii_case.h"

namespace wdscope {
namespace {

bool lies_below(std::string_view path, std::string_view folder) {
  if (folder == "/") return path.starts_with('/');
  return path.starts_with(folder) && path.size() > folder.size() && path[folder.size()] == '/';
}

bool lies_below_but_for_case(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path[folder.size()] == '\\' &&
         same_but_case(path.substr(0, folder.size()), folder);
}

}  // namespace

Verdict TrustPolicy::judge(std::string_view linux_path, const std::optional<ImageFile>& file) const {
  const auto below = [&](const std::string& folder) { return lies_below(linux_path, folder); };
  const auto same = [&](const std::string& image) { return linux_path == image; };
  const bool named =
      std::any_of(folders.begin(), folders.end(), below) || std::any_of(images.begin(), images.end(), same);
  const bool excepted =
      std::any_of(except.begin(), except.end(), [&](const std::string& path) { return below(path) || same(path); });
  if (!named || excepted || !file || !file->regular) return Verdict::NotTrusted;
  if (require_root_owner && file->owner != 0) return Verdict::NotTrusted;
  if (require_protected && (file->mode & 022) != 0) return Verdict::NotTrusted;
  return Verdict::Trusted;
}

Verdict TrustPolicy::judge_windows(std::string_view dos_path) const {
  const auto below = [&](const std::string& folder) { return lies_below_but_for_case(dos_path, folder); };
  const auto below_or_same = [&](const std::string& name) { return below(name) || same_but_case(dos_path, name); };
  const bool named = std::any_of(windows_folders.begin(), windows_folders.end(), below);
  const bool excepted = std::any_of(windows_except.begin(), windows_except.end(), below_or_same);
  return named && !excepted ? Verdict::Trusted : Verdict::NotTrusted;
}

}  // namespace wdscope
