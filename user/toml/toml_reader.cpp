// SPDX-License-Identifier: MIT
#include "toml/toml_reader.h"

#include <algorithm>
#include <bit>
#include <charconv>

#include "event/nearest_word.h"

namespace wdscope {

tl::unexpected<Error> TomlReader::fault(const toml::source_position& at, const std::string& what) const {
  return failure(ErrorCode::InputDamaged,
                 place_ + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " + what, advice_);
}

Result<void> TomlReader::read_keys(const toml::table& table, const std::string& prefix, const Keys& keys) const {
  for (const auto& [key, value] : table) {
    const std::string_view name = key.str();
    const auto reader = std::find_if(keys.begin(), keys.end(), [&](const auto& known) { return known.first == name; });
    if (reader == keys.end()) {
      std::string expected;
      std::vector<std::string> words;
      for (const auto& known : keys) words.emplace_back(known.first);
      for (const std::string& word : words) expected += (expected.empty() ? "" : ", ") + word;
      const std::string meant = nearest_word(name, words);
      return fault(key, "unknown key '" + prefix + std::string(name) + "': " +
                            (meant.empty() ? "" : "did you mean '" + meant + "'? ") + "expected one of " + expected);
    }
    if (auto done = reader->second(value); !done) return done;
  }
  return {};
}

Result<void> TomlReader::read_table(const Node& value, const std::string& name, const Keys& keys) const {
  const toml::table* table = value.as_table();
  if (table == nullptr) return fault(value, "'" + name + "' must be a table: expected [" + name + "]");
  return read_keys(*table, name + ".", keys);
}

Result<void> TomlReader::read_tables(
    const Node& value, const std::string& name,
    const std::function<Result<void>(const Node&, const toml::table&)>& read_one) const {
  const toml::array* array = value.as_array();
  if (array == nullptr) return fault(value, "'" + name + "' must be a list of tables: expected [[" + name + "]]");
  for (const Node& element : *array) {
    const toml::table* table = element.as_table();
    if (table == nullptr) return fault(element, "'" + name + "' must hold tables only: expected [[" + name + "]]");
    if (auto done = read_one(element, *table); !done) return done;
  }
  return {};
}

TomlReader::ReadValue TomlReader::text_into(std::string name, std::optional<std::string>& out) const {
  return [this, name = std::move(name), &out](const Node& value) -> Result<void> {
    const auto text = value.value_exact<std::string>();
    if (!text || text->empty()) return fault(value, "'" + name + "' must be text, not empty");
    out = *text;
    return {};
  };
}

TomlReader::ReadValue TomlReader::switch_into(std::string name, bool& out) const {
  return [this, name = std::move(name), &out](const Node& value) -> Result<void> {
    const auto on = value.value_exact<bool>();
    if (!on) return fault(value, "'" + name + "' must be true or false");
    out = *on;
    return {};
  };
}

Result<std::uint64_t> TomlReader::read_word(const Node& value, const std::string& name, std::uint64_t most) const {
  std::uint64_t read = 0;
  bool right = false;
  if (const auto number = value.value_exact<std::int64_t>()) {
    right = *number >= 0;
    read = static_cast<std::uint64_t>(*number);
  } else if (const auto text = value.value_exact<std::string>(); text && text->starts_with("0x")) {
    const char* const end = text->data() + text->size();
    const auto [behind, error] = std::from_chars(text->data() + 2, end, read, 16);
    right = error == std::errc() && behind == end;
  }
  if (right && read <= most) return read;
  return fault(value, "'" + name + "' must be a mask of " + std::to_string(std::bit_width(most)) +
                          " bits: expected 0x20 or \"0x20\"");
}

TomlReader::ReadValue TomlReader::milliseconds_into(std::string name, std::int64_t least, std::int64_t most,
                                                    std::optional<std::uint32_t>& out) const {
  return [this, name = std::move(name), least, most, &out](const Node& value) -> Result<void> {
    const auto number = value.value_exact<std::int64_t>();
    if (!number || *number < least || *number > most) {
      return fault(value, "'" + name + "' must be a number of milliseconds from " + std::to_string(least) + " to " +
                              std::to_string(most));
    }
    out = static_cast<std::uint32_t>(*number);
    return {};
  };
}

TomlReader::ReadValue TomlReader::texts_into(std::string name, std::vector<std::string>& out, Check check) const {
  return [this, name = std::move(name), check = std::move(check), &out](const Node& value) -> Result<void> {
    const toml::array* array = value.as_array();
    if (array == nullptr) return fault(value, "'" + name + "' must be a list of texts");
    std::vector<std::string> read;
    for (const Node& element : *array) {
      const auto text = element.value_exact<std::string>();
      if (!text) return fault(element, "'" + name + "' must hold text only");
      if (const std::string wrong = check(*text); !wrong.empty()) return fault(element, "'" + *text + "' " + wrong);
      read.push_back(*text);
    }
    out = std::move(read);
    return {};
  };
}

TomlReader::ReadValue TomlReader::word_of(std::string name, std::vector<std::string> words,
                                          std::optional<std::size_t>& out) const {
  return [this, name = std::move(name), words = std::move(words), &out](const Node& value) -> Result<void> {
    const auto text = value.value_exact<std::string>();
    const auto found = text ? std::find(words.begin(), words.end(), *text) : words.end();
    if (found != words.end()) {
      out = static_cast<std::size_t>(found - words.begin());
      return {};
    }
    std::string expected;
    for (const std::string& word : words) expected += (expected.empty() ? "\"" : ", \"") + word + "\"";
    const std::string meant = text ? nearest_word(*text, words) : std::string();
    return fault(value, "'" + name + "' must be one of " + expected +
                            (meant.empty() ? "" : "; did you mean \"" + meant + "\"?"));
  };
}

TomlReader::ReadValue TomlReader::number_into(std::string name, std::int64_t least, std::int64_t most,
                                              std::optional<std::uint64_t>& out) const {
  return [this, name = std::move(name), least, most, &out](const Node& value) -> Result<void> {
    const auto number = value.value_exact<std::int64_t>();
    if (!number || *number < least || *number > most) {
      return fault(value,
                   "'" + name + "' must be a number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    out = static_cast<std::uint64_t>(*number);
    return {};
  };
}

}  // namespace wdscope
