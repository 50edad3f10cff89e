// SPDX-License-Identifier: MIT
#include "lab/scenario_play.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "abi/defender/flags.h"
#include "event/name_pattern.h"
#include "lab/dos_path.h"
#include "lab/nt_path.h"

namespace wdscope::scenario {
namespace {

constexpr std::uint32_t kHardeningShift = 3;  // of the kinds' bits in State
constexpr std::uint32_t kSendResultBits = 0x0F;

std::string of(Told told, const std::string& name) {
  const std::string& word = kToldWords[static_cast<std::size_t>(told)];
  return name.empty() ? word : word + " of " + name;
}

std::string trust_word(const std::optional<bool>& trusted) {
  return !trusted ? "" : *trusted ? ", trusted" : ", not trusted";
}

std::string described(const Happening& happening) {
  return of(happening.told, happening.name) + (happening.event ? trust_word(happening.event->trusted) : std::string());
}

std::string described(const Expected& expected) {
  return of(expected.told, expected.name) + trust_word(expected.trusted);
}

// Collects what differs between one thing expected and the event that was told.
class Comparison {
 public:
  Comparison(const Expected& expected, std::uint64_t& untold) : expected_(expected), untold_(untold) {}

  std::string differences(const ProcessEvent& event, const std::string& parent) {
    const auto& context = event.context;
    const auto& tail = event.context_tail;
    truth("trusted", expected_.trusted, event.trusted);
    text("parent", expected_.parent, expected_.parent ? std::optional(parent) : std::nullopt,
         [](const std::string& want, const std::string& got) { return want == got; });
    text("image", expected_.image, event.image ? std::optional(event.image->value) : std::nullopt,
         [](const std::string& want, const std::string& got) {
           const auto drive = nt_to_dos_path(wide(got));
           return matches_image(want, got) || (drive && matches_image(want, *drive));
         });
    text("command_line", expected_.command_line,
         event.command_line ? std::optional(event.command_line->value) : std::nullopt, matches_pattern);
    const auto flags = member(context, &ContextFacts::flags);
    bits("flags", expected_.flags, flags, [](std::uint32_t want, std::uint32_t got) { return (got & want) == want; });
    bits("no_flags", expected_.no_flags, flags,
         [](std::uint32_t want, std::uint32_t got) { return (got & want) == 0; });
    same("rules", expected_.rules, member(context, &ContextFacts::rules));
    same("rules2", expected_.rules2, member(context, &ContextFacts::rules2));
    same("injection_target_mask", expected_.injection_target_mask,
         member(context, &ContextFacts::injection_target_mask));
    same("injection_request_mask", expected_.injection_request_mask,
         member(context, &ContextFacts::injection_request_mask));
    truth("doc_rule", expected_.doc_rule, context ? std::optional(context->doc_rule_address != 0) : std::nullopt);
    same("rules3", expected_.rules3, member(tail, &ContextTailFacts::rules3));
    same("known_type", expected_.known_type, member(tail, &ContextTailFacts::known_type));
    same("infos", expected_.infos, member(tail, &ContextTailFacts::info_applications));
    same("send_result", expected_.send_result,
         tail ? std::optional(tail->send_result & kSendResultBits) : std::nullopt);
    same("hardening_excluded", expected_.hardening_excluded,
         tail ? std::optional((tail->state & defender::state::HardeningExclusions) >> kHardeningShift) : std::nullopt);
    return std::move(differences_);
  }

 private:
  static std::u16string wide(const std::string& text) {
    std::u16string out;
    append_utf16(out, text);
    return out;
  }
  template <class Facts, class Member>
  static std::optional<Member> member(const std::optional<Facts>& facts, Member Facts::*which) {
    return facts ? std::optional((*facts).*which) : std::nullopt;
  }
  void differs(std::string_view key, const std::string& want, const std::string& got) {
    differences_ += fmt::format("{}{} {}, got {}", differences_.empty() ? "" : "; ", key, want, got);
  }
  // Whether there is something to compare.
  template <class T, class U>
  bool both(const std::optional<T>& want, const std::optional<U>& got) {
    if (want && !got) ++untold_;
    return want && got;
  }
  void truth(std::string_view key, const std::optional<bool>& want, const std::optional<bool>& got) {
    if (both(want, got) && *want != *got) differs(key, *want ? "true" : "false", *got ? "true" : "false");
  }
  template <class Matches>
  void text(std::string_view key, const std::optional<std::string>& want, const std::optional<std::string>& got,
            Matches matches) {
    if (both(want, got) && !matches(*want, *got)) differs(key, "'" + *want + "'", "'" + *got + "'");
  }
  template <class Matches>
  void bits(std::string_view key, const std::optional<std::uint32_t>& want, const std::optional<std::uint32_t>& got,
            Matches matches) {
    if (both(want, got) && !matches(*want, *got)) differs(key, fmt::format("{:#x}", *want), fmt::format("{:#x}", *got));
  }
  template <class T, class U>
  void same(std::string_view key, const std::optional<T>& want, const std::optional<U>& got) {
    if (both(want, got) && *want != *got) differs(key, fmt::format("{:#x}", *want), fmt::format("{:#x}", *got));
  }

  const Expected& expected_;
  std::uint64_t& untold_;
  std::string differences_;
};

}  // namespace

std::optional<Failure> compare(const std::vector<Expected>& expected, const std::vector<Happening>& told,
                               Messages messages, Place at, std::uint64_t& untold) {
  const bool count =
      messages == Messages::Always ||
      std::any_of(expected.begin(), expected.end(), [](const Expected& one) { return is_message(one.told); });
  auto next = told.begin();
  const auto skip = [&] {
    while (next != told.end() && !count && is_message(next->told)) ++next;
  };
  for (const Expected& one : expected) {
    skip();
    const Place place = one.place.line != 0 ? one.place : at;
    if (next == told.end()) return Failure{place, fmt::format("expected {}; got nothing more", described(one))};
    if (one.told != next->told || one.name != next->name)
      return Failure{place, fmt::format("expected {}; got {}", described(one), described(*next))};
    if (next->event) {
      if (const auto wrong = Comparison(one, untold).differences(*next->event, next->parent); !wrong.empty())
        return Failure{place, fmt::format("of the {}: expected {}", of(one.told, one.name), wrong)};
    }
    ++next;
  }
  skip();
  if (next == told.end()) return std::nullopt;
  return Failure{at, fmt::format("expected nothing{}; got {}", expected.empty() ? "" : " more", described(*next))};
}

Result<Played> play(const Scenario& scenario, ScenarioLab::Options options,
                    const std::function<Result<void>()>& between) {
  const Profile profile = options.profile;
  if (std::find(scenario.profiles.begin(), scenario.profiles.end(), profile) == scenario.profiles.end()) {
    std::string others;
    for (const Profile one : scenario.profiles)
      others += (others.empty() ? "" : " or ") + std::string(profile_name(one));
    return failure(ErrorCode::Usage,
                   fmt::format("the scenario {} is not for profile {}", scenario.name, profile_name(profile)),
                   "choose --profile " + others);
  }
  auto lab = ScenarioLab::start(scenario, std::move(options));
  if (!lab) return tl::unexpected(lab.error());
  const Messages messages = scenario.messages ? Messages::Always : Messages::WhenNamed;
  Played played;
  (*lab)->take_told();  // of the beginning nothing is expected
  for (const Step& step : scenario.steps) {
    if (!step.happens_in(profile)) continue;
    if (between) {
      if (auto go_on = between(); !go_on) return tl::unexpected(go_on.error());
    }
    auto wrong = (*lab)->perform(step);
    if (!wrong) return tl::unexpected(wrong.error());
    const std::vector<Happening> told = (*lab)->take_told();
    if (!wrong->empty()) {
      played.failure = Failure{step.place, std::move(*wrong)};
    } else if (const auto& expected = step.expected[static_cast<std::size_t>(profile)]) {
      played.failure = compare(*expected, told, messages, step.place, played.untold);
      played.expected += expected->size();
    }
    if (played.failure) break;
    ++played.steps;
  }
  played.feed = (*lab)->counts();
  played.source = (*lab)->source_counts();
  return played;
}

}  // namespace wdscope::scenario
