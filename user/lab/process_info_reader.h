// SPDX-License-Identifier: MIT
// The keys that say of a process what the service says of it (docs/policy.md), in policies and in scenarios.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab/policy.h"
#include "toml/toml_reader.h"

namespace wdscope {

class ProcessInfoReader : public TomlReader {
 public:
  using TomlReader::TomlReader;

 protected:
  // `rule` must outlive the reading.
  void add_info_keys(Keys& keys, ProcessInfoRule& rule) {
    keys.emplace_back("rules", word_into("rules", rule.rules));
    keys.emplace_back("rules2", word_into("rules2", rule.rules2));
    keys.emplace_back("rules3", word_into("rules3", rule.rules3));
    keys.emplace_back("injection_target_mask", word_into("injection_target_mask", rule.injection_target_mask));
    keys.emplace_back("injection_request_mask", word_into("injection_request_mask", rule.injection_request_mask));
    keys.emplace_back("cloud_sync", switch_into("cloud_sync", rule.cloud_sync));
    keys.emplace_back("hardening_excluded",
                      [this, &rule](const Node& node) { return read_hardening(node, rule.hardening_excluded); });
  }

  Result<void> read_hardening(const Node& value, std::optional<ProcessInfoRule::Hardening>& out) {
    ProcessInfoRule::Hardening hardening;
    std::vector<std::string> kinds;
    auto done = texts_into("hardening_excluded", kinds, [](const std::string& kind) {
      return kind == "registry" || kind == "file" || kind == "object"
                 ? ""
                 : "is no hardening: expected registry, file, object";
    })(value);
    if (!done) return done;
    for (const std::string& kind : kinds)
      (kind == "registry" ? hardening.registry : kind == "file" ? hardening.file : hardening.object) = true;
    out = hardening;
    return {};
  }
};

}  // namespace wdscope
