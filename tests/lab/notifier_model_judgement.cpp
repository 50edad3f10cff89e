// SPDX-License-Identifier: MIT
// What the model thinks of one process: its type, its exemption, its hardening, its rules and its trust.
#include <algorithm>
#include <cctype>

#include "abi/defender/flags.h"
#include "lab_stories/notifier_model.h"

namespace wdscope::scenario {
namespace {

namespace flag = defender::flag;
namespace rule = defender::rule;

constexpr std::uint32_t kCloudSync = 0x10, kTrustedInstaller = 0x11, kInstallersChild = 0x12;
constexpr std::uint32_t kWithdrawn = 4;  // of rules3: the family's exclusion from hardening
constexpr std::uint32_t kEngineRules = 0x7FF;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// The published table of 1910, whose names the later builds are given too; all below the system's folder.
bool is_hardened_name(const std::string& image, bool* service_host) {
  static const std::string kSystem32 = "\\device\\harddiskvolume1\\windows\\system32\\";
  const std::string path = lower(image);
  *service_host = path == kSystem32 + "svchost.exe";
  for (const char* name : {"lsass.exe", "csrss.exe", "services.exe", "poqexec.exe", "setupcl.exe"})
    if (path == kSystem32 + name) return true;
  return *service_host;
}

}  // namespace

std::string file_of(const std::string& path) {
  return lower(path.substr(path.find_last_of('\\') + 1));
}

void NotifierModel::harden_family(Context& context, std::uint32_t kinds) {
  context.hardening = context.rules3 & kWithdrawn ? 0 : kinds;
}

// Whatever the service says of itself.
ServiceWord NotifierModel::word_for_engine(ServiceWord word) const {
  if (wrong_ == Wrong::EngineIsJudgedLikeAny) return word;
  word.info.rules = kEngineRules;
  word.info.injection_request_mask = ~std::uint64_t{0};
  return word;
}

bool NotifierModel::of_the_family(const Context& context) {
  return context.known_type == kTrustedInstaller || context.known_type == kInstallersChild;
}

std::uint32_t NotifierModel::known_type(const Context& context, const std::string& parent) const {
  if (!of_2025()) return 0;
  const std::string file = file_of(context.image);
  const bool serves = context.serves || wrong_ == Wrong::FamilyIsByNameAlone;
  if ((file == "trustedinstaller.exe" || file == "tiworker.exe") && serves) return kTrustedInstaller;
  const bool has_parent = runs(parent) && contexts_.at(parent).present;
  return has_parent && of_the_family(contexts_.at(parent)) ? kInstallersChild : 0;
}

void NotifierModel::judge_exemption(const std::string& name, Context& context) const {
  if (service_ && name == engine_) {
    context.flags |= flag::Excluded | flag::EngineProcess;
    return;
  }
  const std::string path = lower(context.image);
  context.flags &= ~flag::Excluded;
  for (const std::string& written : exclusions_) {
    const std::string entry = lower(written);
    const bool bare = entry.find('\\') == std::string::npos && wrong_ != Wrong::ExclusionIsByPathAlone;
    const bool wildcard = entry.ends_with("\\*");
    const bool matches = bare       ? file_of(path) == entry
                         : wildcard ? path.starts_with(entry.substr(0, entry.size() - 1))
                                    : path == entry;
    if (matches) context.flags |= flag::Excluded;
  }
}

void NotifierModel::judge_hardening(Context& context) const {
  bool service_host = false;
  const bool listed = is_hardened_name(context.image, &service_host);
  if (of_2025()) {
    const bool kept = of_the_family(context) && !(context.rules3 & kWithdrawn);
    context.hardening = listed || kept ? kAllHardening : 0;
  } else if (listed) {
    context.flags |= service_host ? flag::ServiceHost : flag::Friendly;
  }
}

bool NotifierModel::has_doc_rule(const Context& context) const {
  return std::any_of(rules_.begin(), rules_.end(),
                     [&](const DocRule& each) { return lower(each.process) == file_of(context.image); });
}

void NotifierModel::apply(const std::string& name, Context& context, const ServiceWord& word, Told& told) {
  context.rules = word.info.rules | (word.trusted ? rule::ForceTrusted : 0);
  context.target_mask = word.info.injection_target_mask;
  context.request_mask = word.info.injection_request_mask;
  if (of_2025()) {
    context.rules2 = word.info.rules2;
    context.rules3 = word.info.rules3;
    if (const auto& kinds = word.info.hardening_excluded) {
      context.hardening = (kinds->registry ? 1U : 0U) | (kinds->file ? 2U : 0U) | (kinds->object ? 4U : 0U);
      if (of_the_family(context)) harden_family(context, context.hardening);
    }
    if (word.info.cloud_sync) context.known_type = kCloudSync;
  }
  update_trust(name, context, told);
}

void NotifierModel::update_trust(const std::string& name, Context& context, Told& told) {
  const bool engine = (context.flags & flag::EngineProcess) != 0;
  const bool sends = !(context.flags & flag::Excluded) || (context.rules & rule::MonitorAlthoughExcluded);
  const bool trusted = (context.rules & rule::ForceTrusted) || !sends || engine;
  const bool changed = trusted != ((context.flags & flag::Trusted) != 0);
  if (changed) {
    context.flags ^= flag::Trusted;
    untrusted_ += trusted ? -1 : 1;
  }
  if (trusted && changed && untrusted_ == 0) tell(told, scenario::Told::MessageNoneUntrusted, {});
  if (!trusted && untrusted_ == 1 && (changed || wrong_ != Wrong::MessageOnChangeOnly))
    tell(told, scenario::Told::MessageOneUntrusted, {});
  if (!changed) return;
  tell(told, scenario::Told::Trust, name);
  told.back().trusted = trusted;
}

}  // namespace wdscope::scenario
