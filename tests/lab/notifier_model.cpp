// SPDX-License-Identifier: MIT
#include "lab_stories/notifier_model.h"

#include <algorithm>

#include "abi/defender/flags.h"

namespace wdscope::scenario {
namespace {

namespace flag = defender::flag;

// Those that the model speaks of; the driver may set others.
constexpr std::uint32_t kKnownFlags = flag::Excluded | flag::NewProcess | flag::EngineProcess | flag::Friendly |
                                      flag::Trusted | flag::ServiceHost | flag::Terminating;
const std::string kSystem = "System";
constexpr std::uint32_t kNotFound = 0xC0000225;
enum SendResult : std::uint32_t { NotSent, ReplyOk, Timeout, SendError, Malformed };

}  // namespace

NotifierModel::NotifierModel(Profile profile, Wrong wrong) : profile_(profile), wrong_(wrong) {
  Context& system = contexts_[kSystem];
  system.image = kSystem;
  system.flags = flag::Trusted;
  connect({});
}

bool NotifierModel::runs(const std::string& name) const {
  const auto found = contexts_.find(name);
  return found != contexts_.end() && found->second.alive;
}

bool NotifierModel::possible(const Step& step) const {
  if (const auto* start = std::get_if<Start>(&step.action)) {
    const bool parent = start->parent.empty() || contexts_.contains(start->parent);
    return parent && !runs(start->name) && (service_ || start->reply != Start::Reply::Dies);
  }
  // The service's process ends with its connection, not before.
  if (const auto* exit = std::get_if<Exit>(&step.action)) return runs(exit->name) && exit->name != engine_;
  if (const auto* service = std::get_if<Service>(&step.action)) {
    if (service_) return service->action == Service::Action::Disconnect;
    return loaded_ && service->action == Service::Action::Connect &&
           (service->name.empty() || (runs(service->name) && contexts_.at(service->name).present));
  }
  if (const auto* command = std::get_if<Command>(&step.action)) {
    const bool newer = command->kind == Command::Kind::Taint || command->kind == Command::Kind::ResetHardening ||
                       command->kind == Command::Kind::TrustedInstaller;
    const bool needs_running = command->kind == Command::Kind::Friendly;
    if (!service_ || (newer && !of_2025())) return false;
    return command->name.empty() || (needs_running ? runs(command->name) : contexts_.contains(command->name));
  }
  if (const auto* driver = std::get_if<LoadDriver>(&step.action)) {
    return !service_ && loaded_ == (driver->action == LoadDriver::Action::Unload);
  }
  return true;
}

void NotifierModel::foretell(Step& step) {
  Told told;
  if (auto* start = std::get_if<Start>(&step.action)) {
    foretell(*start, step.fail_allocation.has_value(), told);
  } else if (const auto* exit = std::get_if<Exit>(&step.action)) {
    foretell(exit->name, told);
  } else if (auto* command = std::get_if<Command>(&step.action)) {
    foretell(*command, told);
  } else if (const auto* service = std::get_if<Service>(&step.action)) {
    if (service->action == Service::Action::Connect) {
      connect(service->name);
    } else {
      disconnect();
    }
  } else if (const auto* driver = std::get_if<LoadDriver>(&step.action)) {
    if (driver->action == LoadDriver::Action::Load) {
      load();
    } else {
      unload();
    }
  } else {
    foretell_refresh(told);
  }
  step.expected = {};
  step.expected[static_cast<std::size_t>(profile_)] = std::move(told);
}

void NotifierModel::foretell(Start& start, bool without_memory, Told& told) {
  Context& context = contexts_[start.name] = Context{};
  context.image = start.image;
  context.serves = !start.services.empty();
  context.serial = ++serial_;
  start.outcome = Start::Outcome::Accepted;
  // No context: no notification, no message, no veto.
  if (!loaded_ || without_memory || start.how == Start::How::Adopted) {
    context.present = false;
    return;
  }
  ++untrusted_;
  context.flags = flag::NewProcess;
  context.known_type = known_type(context, start.parent);
  context.doc_rule = has_doc_rule(context);
  judge_exemption(start.name, context);
  judge_hardening(context);
  const bool asks_first = profile_ == Profile::WdA5;
  const auto notify = [&] {
    tell_context(told, scenario::Told::Create, start.name, context);
    told.back().trusted = (context.flags & flag::Trusted) != 0;
    told.back().parent = start.parent.empty() ? kSystem : start.parent;
    told.back().image = "*" + file_of(start.image);
  };
  bool denied = false;
  if (!asks_first) notify();
  ask(start, context, told, &denied);
  if (asks_first) notify();
  if (!denied) return;
  start.outcome = Start::Outcome::Denied;
  end(start.name, context, told);
}

void NotifierModel::ask(const Start& start, Context& context, Told& told, bool* denied) {
  if (!service_) return;
  tell(told, scenario::Told::MessageCreate, start.name);
  switch (start.reply) {
    case Start::Reply::Deny:
      *denied = true;
      context.send_result = ReplyOk;
      if (wrong_ == Wrong::DenialAppliesItsInfo) apply(start.name, context, start.word, told);
      break;
    case Start::Reply::Allow:
    case Start::Reply::Delay:
      context.send_result = ReplyOk;
      apply(start.name, context, start.word, told);
      break;
    case Start::Reply::TimeOut:
      context.send_result = Timeout;
      break;
    case Start::Reply::Malformed:
      context.send_result = Malformed;
      break;
    case Start::Reply::Dies:
      context.send_result = SendError;
      disconnect();
      break;
  }
}

void NotifierModel::foretell(const std::string& name, Told& told) {
  Context& context = contexts_.at(name);
  if (context.present) {
    end(name, context, told);
  } else {
    context.alive = false;
  }
}

void NotifierModel::end(const std::string& name, Context& context, Told& told) {
  context.alive = context.present = false;
  context.flags |= flag::Terminating;
  tell_context(told, scenario::Told::Terminate, name, context);
  if (!(context.flags & flag::EngineProcess)) tell(told, scenario::Told::MessageExit, name);
  if ((context.flags & flag::Trusted) || wrong_ == Wrong::CountersIgnoreTheEnd) return;
  if (--untrusted_ == 0) tell(told, scenario::Told::MessageNoneUntrusted, {});
}

void NotifierModel::foretell(Command& command, Told& told) {
  command.status = 0;
  Context* const context = command.name.empty() ? nullptr : &contexts_.at(command.name);
  const bool known = context != nullptr && context->present;
  switch (command.kind) {
    case Command::Kind::Exclusions:
      exclusions_ = command.processes;
      for_each_youngest_first([&](const std::string& name, Context& each) {
        judge_exemption(name, each);
        update_trust(name, each, told);
      });
      break;
    case Command::Kind::DocRules:
      rules_ = command.rules;
      if (wrong_ == Wrong::DocRulesForNewOnly) break;
      for_each_youngest_first([&](const std::string&, Context& each) { each.doc_rule = has_doc_rule(each); });
      break;
    case Command::Kind::ProcessInfo:
      if (!known) break;  // left out silently
      apply(command.name, *context, command.name == engine_ ? word_for_engine(command.word) : command.word, told);
      ++context->infos;
      break;
    case Command::Kind::Friendly:
      if (!known) {
        command.status = kNotFound;
      } else if (of_2025()) {
        context->hardening = kAllHardening;
      } else {
        context->flags |= flag::Friendly;
      }
      break;
    case Command::Kind::Taint:
      if (!known) {
        command.status = kNotFound;
        break;
      }
      context->flags &= ~flag::Excluded;
      tell(told, scenario::Told::MessageTaint, command.name);
      break;
    case Command::Kind::ResetHardening:
      for_each_youngest_first([&](const std::string&, Context& each) { judge_hardening(each); });
      break;
    case Command::Kind::Query:
      command.untrusted = untrusted_;
      break;
    case Command::Kind::TrustedInstaller:
      for (auto& [name, each] : contexts_) {
        if (of_the_family(each)) harden_family(each, command.flags);
      }
      break;
  }
}

void NotifierModel::foretell_refresh(Told& told) const {
  if (!loaded_) return;
  const_cast<NotifierModel*>(this)->for_each_youngest_first([&](const std::string& name, const Context& context) {
    tell(told, scenario::Told::Refresh, name);
    told.back().trusted = (context.flags & flag::Trusted) != 0;
  });
}

// What runs is known from the start on: neither exempt nor with a rule, and told of by nobody.
void NotifierModel::load() {
  loaded_ = true;
  for (auto& [name, context] : contexts_) {
    if (!context.alive) continue;
    Context known;
    known.image = context.image;
    known.serves = context.serves;
    known.serial = context.serial;
    context = known;
    context.known_type = known_type(context, {});
    judge_hardening(context);
    if (name == kSystem) {
      context.flags = flag::Trusted;
    } else {
      ++untrusted_;
    }
  }
}

void NotifierModel::unload() {
  loaded_ = false;
  untrusted_ = 0;
  exclusions_.clear();
  rules_.clear();
  for (auto& [name, context] : contexts_) context.present = false;
}

void NotifierModel::connect(const std::string& name) {
  service_ = true;
  engine_ = name.empty() ? kSystem : name;
  contexts_.at(engine_).flags |= flag::Excluded | flag::EngineProcess;
}

void NotifierModel::disconnect() {
  service_ = false;
  // That it was the engine stays.
  contexts_.at(engine_).flags &= ~flag::Excluded;
  engine_.clear();
  if (!of_2025()) return;
  for_each_youngest_first([&](const std::string&, Context& each) { judge_hardening(each); });
}

void NotifierModel::tell(Told& told, scenario::Told what, const std::string& name) const {
  if (is_message(what) && !service_) return;
  Expected& expected = told.emplace_back();
  expected.told = what;
  expected.name = name;
}

void NotifierModel::tell_context(Told& told, scenario::Told what, const std::string& name,
                                 const Context& context) const {
  tell(told, what, name);
  Expected& expected = told.back();
  expected.flags = context.flags & kKnownFlags;
  expected.no_flags = kKnownFlags & ~context.flags;
  expected.rules = context.rules;
  expected.injection_target_mask = context.target_mask;
  expected.injection_request_mask = context.request_mask;
  expected.doc_rule = context.doc_rule;
  if (!of_2025()) return;
  expected.rules2 = context.rules2;
  expected.rules3 = context.rules3;
  expected.known_type = context.known_type;
  expected.send_result = context.send_result;
  expected.infos = context.infos;
  expected.hardening_excluded = context.hardening;
}

template <class Visit>
void NotifierModel::for_each_youngest_first(Visit visit) {
  std::vector<std::pair<std::uint64_t, std::string>> order;
  for (const auto& [name, context] : contexts_)
    if (context.present) order.emplace_back(context.serial, name);
  std::sort(order.rbegin(), order.rend());
  for (const auto& [serial, name] : order) visit(name, contexts_.at(name));
}

}  // namespace wdscope::scenario
