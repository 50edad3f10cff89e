// SPDX-License-Identifier: MIT
#include "lab/trust_policy.h"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace wdscope {
namespace {

constexpr std::int64_t kPolicyVersion = 1;

bool lies_below(std::string_view path, std::string_view folder, char separator = '/') {
  if (folder == "/") return path.starts_with('/');
  return path.starts_with(folder) && path.size() > folder.size() && path[folder.size()] == separator;
}

std::string folded(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c;
  return out;
}

// Relative, doubled or trailing separators and dots would never match what the kernel says.
bool is_plain_absolute(const std::string& path) {
  if (!path.starts_with('/')) return false;
  if (path == "/") return true;
  const std::filesystem::path parts(path);
  return parts.lexically_normal() == parts && !path.ends_with('/');
}

// Reads one document; the first fault wins.
class PolicyReader {
 public:
  explicit PolicyReader(std::string_view name) : name_(name) {}

  Result<TrustPolicy> read(const toml::table& root) {
    for (const auto& [key, value] : root) {
      if (key == "version") {
        const auto version = value.value_exact<std::int64_t>();
        if (version != kPolicyVersion) return fault(value, "version must be 1");
      } else if (key == "trust") {
        const toml::table* trust = value.as_table();
        if (trust == nullptr) return fault(value, "'trust' must be a table");
        if (auto done = read_trust(*trust); !done) return tl::unexpected(done.error());
      } else {
        return fault(key, "unknown key '" + std::string(key.str()) + "'");
      }
    }
    return policy_;
  }

  tl::unexpected<Error> fault(const toml::source_position& at, const std::string& what) const {
    return failure(
        ErrorCode::InputDamaged,
        "trust policy " + name_ + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " + what,
        "see policy.example.toml");
  }

 private:
  template <class Located>
  tl::unexpected<Error> fault(const Located& where, const std::string& what) const {
    return fault(where.source().begin, what);
  }

  Result<void> read_trust(const toml::table& trust) {
    for (const auto& [key, value] : trust) {
      Result<void> done;
      if (key == "folders") {
        done = read_paths(value, "folders", policy_.folders);
      } else if (key == "images") {
        done = read_paths(value, "images", policy_.images);
      } else if (key == "except") {
        done = read_paths(value, "except", policy_.except);
      } else if (key == "require_root_owner") {
        done = read_switch(value, "require_root_owner", policy_.require_root_owner);
      } else if (key == "require_protected") {
        done = read_switch(value, "require_protected", policy_.require_protected);
      } else {
        done = fault(key, "unknown key 'trust." + std::string(key.str()) + "'");
      }
      if (!done) return done;
    }
    return {};
  }

  Result<void> read_paths(const toml::node& value, const std::string& key, std::vector<std::string>& paths) const {
    const toml::array* array = value.as_array();
    if (array == nullptr) return fault(value, "'" + key + "' must be a list of paths");
    std::vector<std::string> read;
    for (const toml::node& element : *array) {
      const auto path = element.value_exact<std::string>();
      if (!path) return fault(element, "'" + key + "' must hold text only");
      if (!is_plain_absolute(*path)) return fault(element, "'" + *path + "' is not a plain absolute path");
      read.push_back(*path);
    }
    paths = std::move(read);
    return {};
  }

  Result<void> read_switch(const toml::node& value, const std::string& key, bool& out) const {
    const auto on = value.value_exact<bool>();
    if (!on) return fault(value, "'" + key + "' must be true or false");
    out = *on;
    return {};
  }

  std::string name_;
  TrustPolicy policy_;
};

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
  const std::string path = folded(dos_path);
  const auto below = [&](const std::string& folder) { return lies_below(path, folded(folder), '\\'); };
  const auto below_or_same = [&](const std::string& name) { return below(name) || path == folded(name); };
  const bool named = std::any_of(windows_folders.begin(), windows_folders.end(), below);
  const bool excepted = std::any_of(windows_except.begin(), windows_except.end(), below_or_same);
  return named && !excepted ? Verdict::Trusted : Verdict::NotTrusted;
}

Result<TrustPolicy> parse_policy(std::string_view text, std::string_view name) {
  PolicyReader reader(name);
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) return reader.fault(parsed.error().source().begin, std::string(parsed.error().description()));
  return reader.read(parsed.table());
}

Result<TrustPolicy> load_policy(const std::filesystem::path& file) {
  std::error_code error;
  std::string text;
  bool read = !std::filesystem::is_directory(file, error);
  if (read) {
    std::ifstream stream(file, std::ios::binary);
    std::ostringstream content;
    content << stream.rdbuf();
    read = stream.is_open() && !stream.bad();
    text = std::move(content).str();
  }
  if (!read) return failure(ErrorCode::InputUnreadable, "cannot read the trust policy " + file.string());
  return parse_policy(text, file.string());
}

}  // namespace wdscope
