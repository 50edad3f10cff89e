// SPDX-License-Identifier: MIT
// The notifier as one would tell it on two pages: tables, counters and rules, without locks, references, memory or
// bytes. What it says of a step is what the driver must tell. Source: the published behaviour (docs/notifier.md).
//
// A model can be told to be wrong in one point, to see that the comparison finds it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lab/scenario.h"

namespace wdscope::scenario {

enum class Wrong : std::uint8_t {
  Nowhere,
  MessageOnChangeOnly,     // one_untrusted comes only when something changed
  DocRulesForNewOnly,      // those that run keep theirs
  DenialAppliesItsInfo,    // a denied process gets what the reply says of it
  ExclusionIsByPathAlone,  // a bare name is compared with the whole path
  CountersIgnoreTheEnd,    // the counters stay when a process ends
  FamilyIsByNameAlone,     // a TrustedInstaller is one without the service in its token
  EngineIsJudgedLikeAny,   // the engine's own process gets what a process info says
};

// The last component of a path, in lower case.
std::string file_of(const std::string& path);

class NotifierModel {
 public:
  explicit NotifierModel(Profile profile, Wrong wrong = Wrong::Nowhere);

  // Whether the step makes sense now: who ends runs, a name is used once at a time, commands have a service.
  bool possible(const Step& step) const;
  // Fills in what must come of the step: its outcome or status, and what is told.
  void foretell(Step& step);

 private:
  struct Context {
    std::string image;         // DOS or NT path
    bool serves = false;       // the service TrustedInstaller is in its token
    bool alive = true;         // its process runs
    bool present = true;       // the notifier knows it
    std::uint64_t serial = 0;  // order of creation
    std::uint32_t flags = 0, rules = 0, rules2 = 0, rules3 = 0, hardening = 0, infos = 0, send_result = 0,
                  known_type = 0;
    std::uint64_t target_mask = 0, request_mask = ~std::uint64_t{0};
    bool doc_rule = false;
  };
  using Told = std::vector<Expected>;

  bool of_2025() const { return !is_2019(profile_); }
  bool runs(const std::string& name) const;
  static constexpr std::uint32_t kAllHardening = 7;
  static bool of_the_family(const Context& context);
  static void harden_family(Context& context, std::uint32_t kinds);
  std::uint32_t known_type(const Context& context, const std::string& parent) const;
  ServiceWord word_for_engine(ServiceWord word) const;
  void foretell(Start& start, bool without_memory, Told& told);
  void foretell(const std::string& name, Told& told);
  void foretell(Command& command, Told& told);
  void foretell_refresh(Told& told) const;
  void ask(const Start& start, Context& context, Told& told, bool* denied);
  void load();
  void unload();
  void connect(const std::string& name);
  void disconnect();

  void judge_exemption(const std::string& name, Context& context) const;
  void judge_hardening(Context& context) const;
  bool has_doc_rule(const Context& context) const;
  void apply(const std::string& name, Context& context, const ServiceWord& word, Told& told);
  void update_trust(const std::string& name, Context& context, Told& told);
  void end(const std::string& name, Context& context, Told& told);
  void tell(Told& told, scenario::Told what, const std::string& name) const;
  void tell_context(Told& told, scenario::Told what, const std::string& name, const Context& context) const;
  template <class Visit>
  void for_each_youngest_first(Visit visit);

  Profile profile_;
  Wrong wrong_;
  bool loaded_ = true;
  bool service_ = false;
  std::string engine_;  // the process that is connected
  std::uint32_t untrusted_ = 0;
  std::uint64_t serial_ = 0;
  std::map<std::string, Context> contexts_;  // the last process of each name
  std::vector<std::string> exclusions_;
  std::vector<DocRule> rules_;
};

}  // namespace wdscope::scenario
