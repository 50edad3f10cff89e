// SPDX-License-Identifier: MIT
// What the readers of TOML files share. Every value is checked where it stands, and what is not understood is a fault
// and never ignored: a fault names file, line, column and what was expected, and the first one wins.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "event/result.h"
#include "toml/toml_library.h"

namespace wdscope {

class TomlReader {
 public:
  // `kind` and `name` of the file are for the messages: "policy NAME:1:2: ...".
  TomlReader(std::string_view kind, std::string_view name, std::string_view advice)
      : place_(std::string(kind) + " " + std::string(name)), advice_(advice) {}

  tl::unexpected<Error> fault(const toml::source_position& at, const std::string& what) const;

 protected:
  using Node = toml::node;
  using ReadValue = std::function<Result<void>(const Node&)>;
  using Keys = std::vector<std::pair<std::string_view, ReadValue>>;

  template <class Located>
  tl::unexpected<Error> fault(const Located& where, const std::string& what) const {
    return fault(where.source().begin, what);
  }

  // Each key of `table` by its reader. `prefix`: how messages name the table.
  Result<void> read_keys(const toml::table& table, const std::string& prefix, const Keys& keys) const;
  Result<void> read_table(const Node& value, const std::string& name, const Keys& keys) const;
  Result<void> read_tables(const Node& value, const std::string& name,
                           const std::function<Result<void>(const Node&, const toml::table&)>& read_one) const;

  // A reader of one value into `out`, which must outlive it.
  ReadValue text_into(std::string name, std::optional<std::string>& out) const;
  ReadValue switch_into(std::string name, bool& out) const;
  // Whole, or as text in hexadecimal, for masks beyond TOML's 63 bits.
  template <class Word>
  ReadValue word_into(std::string name, Word& out) const {
    return [this, name = std::move(name), &out](const Node& value) -> Result<void> {
      return read_word(value, name, ~Word{0}).map([&out](std::uint64_t word) { out = static_cast<Word>(word); });
    };
  }
  ReadValue milliseconds_into(std::string name, std::int64_t least, std::int64_t most,
                              std::optional<std::uint32_t>& out) const;
  using Check = std::function<std::string(const std::string&)>;  // what is wrong; empty: nothing
  ReadValue texts_into(std::string name, std::vector<std::string>& out, Check check) const;
  // One of `words`, by its place.
  ReadValue word_of(std::string name, std::vector<std::string> words, std::optional<std::size_t>& out) const;
  ReadValue number_into(std::string name, std::int64_t least, std::int64_t most,
                        std::optional<std::uint64_t>& out) const;

 private:
  Result<std::uint64_t> read_word(const Node& value, const std::string& name, std::uint64_t most) const;

  std::string place_;
  std::string advice_;
};

}  // namespace wdscope
