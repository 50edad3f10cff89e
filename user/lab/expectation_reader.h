// SPDX-License-Identifier: MIT
// What a step of a scenario's file expects to be told, and the names of the processes that it may speak of.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "abi/defender/flags.h"
#include "event/nearest_word.h"
#include "lab/process_info_reader.h"
#include "lab/scenario.h"

namespace wdscope::scenario {

class ExpectationReader : public ProcessInfoReader {
 public:
  using ProcessInfoReader::ProcessInfoReader;

 protected:
  static Place place_of(const Node& node) {
    return {static_cast<std::uint32_t>(node.source().begin.line),
            static_cast<std::uint32_t>(node.source().begin.column)};
  }

  // A step brings a process of that name.
  void add_name(const std::string& name) { names_.insert(name); }

  Result<void> check_names(const std::optional<std::vector<Expected>>& list) const {
    if (!list) return {};
    for (const Expected& expected : *list) {
      for (const std::string& name : {expected.name, expected.parent.value_or("")}) {
        if (name.empty() || names_.contains(name)) continue;
        return fault(toml::source_position{expected.place.line, expected.place.column}, unknown_name(name));
      }
    }
    return {};
  }

  std::string unknown_name(const std::string& name) const {
    const std::string meant = nearest_word(name, {names_.begin(), names_.end()});
    return "no process is named '" + name + "' up to here" + (meant.empty() ? "" : ", did you mean '" + meant + "'?") +
           ": expected the name of one that a step before this starts or adopts";
  }

  // A name for a process, in a step or in what is expected of it.
  auto name_into(std::string key, std::string& out) {
    return [this, key = std::move(key), &out](const Node& value) -> Result<void> {
      std::optional<std::string> name;
      if (auto done = text_into(key, name)(value); !done) return done;
      out = *name;
      return {};
    };
  }
  // The same for one that a step before this has brought.
  auto known_into(std::string key, std::string& out) {
    return [this, key = std::move(key), &out](const Node& value) -> Result<void> {
      if (auto done = name_into(key, out)(value); !done) return done;
      return names_.contains(out) ? Result<void>() : fault(value, unknown_name(out));
    };
  }

  auto texts_of(std::string key, const std::vector<std::string>& words, std::vector<std::string>& out) {
    std::string expected;
    for (const std::string& word : words) expected += (expected.empty() ? "" : ", ") + word;
    return texts_into(std::move(key), out, [&words, expected](const std::string& word) {
      return std::find(words.begin(), words.end(), word) != words.end() ? std::string() : "is none of " + expected;
    });
  }
  // Bits by their words.
  auto bits_into(std::string key, const std::vector<std::string>& words, std::optional<std::uint32_t>& out) {
    return [this, key = std::move(key), &words, &out](const Node& value) -> Result<void> {
      std::vector<std::string> read;
      if (auto done = texts_of(key, words, read)(value); !done) return done;
      out = 0;
      for (const std::string& word : read) *out |= 1U << (std::find(words.begin(), words.end(), word) - words.begin());
      return {};
    };
  }

 private:
  auto word32_into(std::string key, std::optional<std::uint32_t>& out) {
    return [this, key = std::move(key), &out](const Node& value) { return word_into(key, out.emplace())(value); };
  }
  auto word64_into(std::string key, std::optional<std::uint64_t>& out) {
    return [this, key = std::move(key), &out](const Node& value) { return word_into(key, out.emplace())(value); };
  }
  auto maybe_into(std::string key, std::optional<bool>& out) {
    return [this, key = std::move(key), &out](const Node& value) { return switch_into(key, out.emplace())(value); };
  }
  auto flags_into(std::string key, std::optional<std::uint32_t>& out) {
    return [this, key = std::move(key), &out](const Node& value) -> Result<void> {
      static const std::vector<std::string> kWords = [] {
        std::vector<std::string> words;
        for (const defender::BitName& flag : defender::kProcessFlagNames) words.emplace_back(flag.name);
        return words;
      }();
      std::vector<std::string> read;
      if (auto done = texts_of(key, kWords, read)(value); !done) return done;
      out = 0;
      for (const std::string& word : read)
        for (const defender::BitName& flag : defender::kProcessFlagNames)
          if (flag.name == word) *out |= flag.bit;
      return {};
    };
  }

 protected:
  Result<void> read_expected(const Node& value, const std::string& name, std::optional<std::vector<Expected>>& out) {
    out.emplace();
    return read_tables(value, name, [&](const Node& where, const toml::table& table) -> Result<void> {
      Expected expected;
      std::optional<std::size_t> told;
      if (auto done = read_keys(
              table, name + ".",
              {{"told", word_of("told", kToldWords, told)},
               {"process", name_into("process", expected.name)},
               {"trusted", maybe_into("trusted", expected.trusted)},
               {"parent", text_into("parent", expected.parent)},
               {"image", text_into("image", expected.image)},
               {"command_line", text_into("command_line", expected.command_line)},
               {"flags", flags_into("flags", expected.flags)},
               {"no_flags", flags_into("no_flags", expected.no_flags)},
               {"rules", word32_into("rules", expected.rules)},
               {"rules2", word32_into("rules2", expected.rules2)},
               {"rules3", word32_into("rules3", expected.rules3)},
               {"known_type", word32_into("known_type", expected.known_type)},
               {"send_result", word32_into("send_result", expected.send_result)},
               {"infos", word32_into("infos", expected.infos)},
               {"injection_target_mask", word64_into("injection_target_mask", expected.injection_target_mask)},
               {"injection_request_mask", word64_into("injection_request_mask", expected.injection_request_mask)},
               {"doc_rule", maybe_into("doc_rule", expected.doc_rule)},
               {"hardening_excluded", bits_into("hardening_excluded", kKindWords, expected.hardening_excluded)}});
          !done)
        return done;
      if (!told) return fault(where, "something is told: expected told = \"create\"");
      expected.told = static_cast<Told>(*told);
      expected.place = place_of(where);
      const bool about_none = expected.told == Told::MessageOneUntrusted || expected.told == Told::MessageNoneUntrusted;
      if (about_none != expected.name.empty())
        return fault(where, about_none ? "this message is about no process: expected no process"
                                       : "it is about some process: expected process = \"NAME\"");
      out->push_back(std::move(expected));
      return {};
    });
  }

 private:
  std::set<std::string> names_ = {"System"};
};

}  // namespace wdscope::scenario
