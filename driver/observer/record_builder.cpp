// SPDX-License-Identifier: MIT
#include "observer/record_builder.h"

#include <algorithm>
#include <new>

#include "abi/defender/flags.h"

namespace wdscope::observer {
namespace {

using defender::ContextMember;
using wire::Anomaly;
using wire::anomaly_bit;
using wire::LayoutMember;
namespace known = wire::known;

}  // namespace

RecordBuilder::RecordBuilder(Staging& staging, Counters& counters) : staging_(staging), counters_(counters) {
  static_assert(ForeignText{}.state == ForeignText::State::Absent);
  new (stack_) wire::ProcessRecord{};
}

void RecordBuilder::note(const ForeignText& text, Anomaly invalid) {
  if (text.state == ForeignText::State::Invalid || text.odd) fixed().anomalies |= anomaly_bit(invalid);
}

void RecordBuilder::add_argument(const Argument& argument) {
  wire::ProcessRecord& record = fixed();
  record.anomalies |= argument.anomalies;
  if (!argument.readable) return;
  record.known |= known::Argument;
  record.argument_generation = static_cast<std::uint8_t>(argument.generation);
  const defender::WD_PS_NOTIFY_INFO& info = argument.info;
  record.argument_bytes_1c[0] = info.Trusted;
  record.argument_bytes_1c[1] = info.Rules2Bit1;
  record.argument_bytes_1c[2] = info.Rules2Bit10;
  record.argument_bytes_1c[3] = info.Byte1F;
  record.operation_type = info.OperationType;
  record.process_id = info.ProcessId;
  record.argument_member_08 = info.ParentProcessId;
  if (argument.parent_known) {
    record.argument_parent_process_id = argument.parent_process_id;
    record.known |= known::ArgumentParent;
  }
  argument_image_address_ = info.ImageName;
  argument_image_ = read_text_header(info.ImageName);
  note(argument_image_, Anomaly::ImageStringInvalid);
}

void RecordBuilder::add_context(const Context& context) {
  wire::ProcessRecord& record = fixed();
  record.anomalies |= context.anomalies;
  if (!context.located) return;
  record.known |= known::ContextLocation;
  record.context_place = static_cast<std::uint8_t>(context.place);
  record.context_address = context.address;
  record.context_magic = context.magic;
  if (!context.recognised) return;
  record.known |= known::Context;
  record.context_members = context.layout->members;
  record.context_created_100ns = static_cast<std::int64_t>(context.number<ContextMember::CreateTime>());
  record.context_flags = context.word<ContextMember::ProcessFlags>();
  record.context_rules = context.word<ContextMember::ProcessRules>();
  record.context_rules2 = context.word<ContextMember::ProcessRules2>();
  record.context_injection_target_mask = context.number<ContextMember::CodeInjectionTargetMask>();
  record.context_injection_request_mask = context.number<ContextMember::CodeInjectionRequestMask>();
  record.context_doc_rule_address = context.number<ContextMember::DocRule>();
  record.context_subsystem = context.word<ContextMember::SubsystemInformation>();
  record.context_known_type = context.word<ContextMember::KnownProcessType>();
  record.context_session_id = context.word<ContextMember::SessionId>();
  record.context_rules3 = context.word<ContextMember::ProcessRules3>();
  record.context_state = context.word<ContextMember::State>();
  record.context_send_result = context.word<ContextMember::SendResult>();
  record.context_info_applications = context.word<ContextMember::InfoApplications>();
  if ((record.context_members & wire::kContextTailMembers) == wire::kContextTailMembers) {
    record.known |= known::ContextTail25080;
  }
  // Only a layout with the state word says whether the byte means anything.
  if (context.has(ContextMember::Protection) && (record.context_state & defender::state::ProtectionValid) != 0) {
    record.context_protection = static_cast<std::uint8_t>(context.word<ContextMember::Protection>());
    record.known |= known::ContextProtection;
  }

  add_context_texts(context.number<ContextMember::ImageName>(), context.number<ContextMember::CommandLine>());

  read_doc_rule(record.context_doc_rule_address, doc_rule_);
  record.anomalies |= doc_rule_.anomalies;
  if (doc_rule_.recognised) record.known |= known::DocRule;
}

void RecordBuilder::add_loaded_context(const LoadedContext& context) {
  wire::ProcessRecord& record = fixed();
  record.anomalies |= context.anomalies;
  record.known |= known::ContextLocation;
  record.context_address = context.address;
  record.context_magic = context.magic;
  if (!context.recognised) return;
  const auto word = [&](LayoutMember member, std::uint64_t bit) {
    if (!context.layout.has(member)) return std::uint64_t{0};
    record.known |= bit;
    return context.word(member);
  };
  record.context_created_100ns = static_cast<std::int64_t>(word(LayoutMember::CreateTime, known::LoadedContext));
  record.context_flags = static_cast<std::uint32_t>(word(LayoutMember::Flags, known::LoadedFlags));
  record.context_protection = static_cast<std::uint8_t>(word(LayoutMember::Protection, known::ContextProtection));
  record.context_session_id = static_cast<std::uint32_t>(word(LayoutMember::SessionId, known::LoadedSession));
  if ((word(LayoutMember::Trust, known::LoadedTrust) & context.layout.trust_mask) != 0) {
    record.known |= known::LoadedTrusted;
  }
  add_context_texts(word(LayoutMember::ImageName, 0), word(LayoutMember::CommandLine, 0));
}

void RecordBuilder::add_context_texts(defender::KernelAddress image, defender::KernelAddress command_line) {
  // The notifier hands out its context's own string: nothing to read twice then.
  if (image != 0 && image == argument_image_address_) {
    if (argument_image_.present()) fixed().known |= known::ContextImageSame;
  } else {
    context_image_ = read_text_header(image);
    note(context_image_, Anomaly::ImageStringInvalid);
  }
  command_line_ = read_text_header(command_line);
  note(command_line_, Anomaly::CommandLineInvalid);
}

void RecordBuilder::make_space() {
  const std::uint32_t needed = round_up(end_ + argument_image_.length + context_image_.length + command_line_.length +
                                        doc_rule_.image.length + doc_rule_.extensions.length);
  if (needed <= space_) return;
  staged_ = staging_.take();
  if (staged_ == nullptr) return;
  RtlCopyMemory(staged_, stack_, sizeof(wire::ProcessRecord));
  record_ = staged_;
  space_ = Staging::kBufferSize;
}

RecordBuilder::Carried RecordBuilder::append(const ForeignText& text, wire::StringSpan& span) {
  const std::uint32_t length = std::min(text.length, space_ - end_);
  if (length != 0) {
    if (kit::checked_copy(bytes() + end_, text.buffer, length) != STATUS_SUCCESS) return Carried::Nothing;
    span = {end_, length};
    end_ += length;
  }
  if (length == text.length) return Carried::Whole;
  cut_ = true;
  return Carried::Prefix;
}

void RecordBuilder::carry_argument_image() {
  if (!argument_image_.present()) return;
  const Carried carried = append(argument_image_, fixed().argument_image);
  if (carried == Carried::Nothing) {
    fixed().anomalies |= anomaly_bit(Anomaly::ImageStringInvalid);
    fixed().known &= ~known::ContextImageSame;
    return;
  }
  fixed().known |= known::ArgumentImage;
  if (carried == Carried::Prefix) fixed().anomalies |= anomaly_bit(Anomaly::ImageTruncated);
}

void RecordBuilder::carry_context_image() {
  if (!context_image_.present()) return;
  wire::StringSpan span{};
  const Carried carried = append(context_image_, span);
  if (carried == Carried::Nothing) {
    fixed().anomalies |= anomaly_bit(Anomaly::ImageStringInvalid);
    return;
  }
  const wire::StringSpan& argument = fixed().argument_image;
  if (carried == Carried::Whole && (fixed().known & known::ArgumentImage) != 0 && argument.length == span.length &&
      argument_image_.length == argument.length &&
      __builtin_memcmp(bytes() + argument.offset, bytes() + span.offset, span.length) == 0) {
    end_ -= span.length;
    fixed().known |= known::ContextImageSame;
    return;
  }
  fixed().context_image = span;
  fixed().known |= known::ContextImage;
  if (carried == Carried::Prefix) fixed().anomalies |= anomaly_bit(Anomaly::ImageTruncated);
}

void RecordBuilder::carry_command_line() {
  if (!command_line_.present()) return;
  const Carried carried = append(command_line_, fixed().context_command_line);
  if (carried == Carried::Nothing) {
    fixed().anomalies |= anomaly_bit(Anomaly::CommandLineInvalid);
    return;
  }
  fixed().known |= known::ContextCommandLine;
  if (carried == Carried::Prefix) fixed().anomalies |= anomaly_bit(Anomaly::CommandLineTruncated);
}

void RecordBuilder::carry_doc_rule() {
  const auto carry = [this](const ForeignText& text, wire::StringSpan& span, std::uint64_t known_bit) {
    if (!text.present()) return;
    const Carried carried = append(text, span);
    if (carried != Carried::Nothing) fixed().known |= known_bit;
    if (carried == Carried::Nothing) fixed().anomalies |= anomaly_bit(Anomaly::DocRuleInvalid);
    if (carried == Carried::Prefix) fixed().anomalies |= anomaly_bit(Anomaly::DocRuleTruncated);
  };
  carry(doc_rule_.image, fixed().doc_rule_image, known::DocRuleImage);
  carry(doc_rule_.extensions, fixed().doc_rule_extensions, known::DocRuleExtensions);
}

std::uint64_t* RecordBuilder::finish() {
  make_space();
  carry_argument_image();
  carry_context_image();
  carry_command_line();
  carry_doc_rule();
  if (cut_) counters_.text_left_out();
  const std::uint32_t size = round_up(end_);
  // Padding is zero; texts end on even bytes.
  for (std::uint32_t position = end_; position < size; ++position) bytes()[position] = 0;
  fixed().header = {size, static_cast<std::uint16_t>(wire::RecordKind::Process),
                    static_cast<std::uint16_t>(sizeof(wire::ProcessRecord)), 0};
  return record_;
}

}  // namespace wdscope::observer
