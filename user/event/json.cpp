// SPDX-License-Identifier: MIT
// Both ways to a line share every writer below; those of texts are json_texts.h's: a line from an Event and one from
// its record can only differ in how UTF-16 becomes JSON. A line is written by a bare pointer into room that was
// measured before: the fixed part never exceeds kFixedBound, a text never kJsonBytesPerUnit a unit.
#include "event/json.h"

#include <fmt/format.h>

#include <memory>

#include "abi/defender/flags.h"
#include "event/decode.h"
#include "event/dos_paths.h"
#include "event/facts.h"
#include "event/json_texts.h"
#include "event/json_words.h"
#include "event/names.h"
#include "event/text.h"
#include "event/time.h"

namespace wdscope {
namespace {

using defender::ContextMember;

// Every key, number and name at its longest is about 3.6 KiB; json_test writes such a line.
constexpr std::size_t kFixedBound = 6144;
constexpr std::size_t kScratchSize = 16 * 1024;

using json::bound_of;
using json::dos_form_of;
using json::put;
using json::put_bits;
using json::put_hex;
using json::put_inside;
using json::put_list;
using json::put_name_or_hex;
using json::put_number;
using json::put_quoted;
using json::put_text;
using json::put_time;
using json::text_behind;

char* put_anomalies(char* out, std::uint32_t anomalies) {
  char separator = '[';
  for (std::uint32_t bit = 0; bit < 32; ++bit) {
    if ((anomalies >> bit & 1) == 0) continue;
    *out++ = separator;
    const std::string_view name = anomaly_name(static_cast<wire::Anomaly>(bit));
    if (name.empty()) {
      out = put(out, "\"bit_");
      out = put_number(out, bit);
      *out++ = '"';
    } else {
      out = put_quoted(out, name);
    }
    separator = ',';
  }
  *out++ = ']';
  return out;
}

char* put_protection(char* out, std::uint8_t protection) {
  out = put(out, "{");
  if (const auto type = protection_type_name(protection); !type.empty()) {
    out = put_quoted(put(out, "\"type\":"), type);
    *out++ = ',';
  }
  if (const auto signer = protection_signer_name(protection); !signer.empty()) {
    out = put_quoted(put(out, "\"signer\":"), signer);
    *out++ = ',';
  }
  out = put_hex(put(out, "\"raw\":"), protection);
  return put(out, "}");
}

std::size_t bound_of(const Origin& origin) {
  return origin.host_name.size() * kJsonBytesPerUnit + kTextSlack;
}

template <class AnyText>
struct Line {
  const ProcessEvent& event;
  const std::optional<AnyText>& image;
  const std::optional<AnyText>& context_image;
  const std::optional<AnyText>& command_line;
  const std::optional<AnyText>& doc_rule_image;
  const std::optional<AnyText>& doc_rule_extensions;
  const Origin& origin;
  std::optional<DosForm> dos_form = dos_form_of(image, origin);

  std::size_t bound() const {
    return kFixedBound + bound_of(origin) + bound_of(image) + bound_of(context_image) + bound_of(command_line) +
           bound_of(doc_rule_image) + bound_of(doc_rule_extensions) + dos_bound();
  }
  std::size_t dos_bound() const {
    return dos_form ? dos_form->head.size() * kJsonBytesPerUnit + kTextSlack + bound_of(image) : 0;
  }
};

char* put_loaded_context(char* out, const LoadedContextFacts& context, const Origin& origin) {
  out = put_hex(put(out, ",\"loaded_context\":{\"magic\":"), context.magic);
  if (context.flags) {
    out = put_bits(put(out, ",\"flags\":"), defender::kProcessFlagNames, *context.flags);
    out = put_hex(put(out, ",\"flags_raw\":"), *context.flags);
  }
  if (context.trusted) out = *context.trusted ? put(out, ",\"trusted\":true") : put(out, ",\"trusted\":false");
  if (!origin.played) out = put_hex(put(out, ",\"address\":"), context.address);
  return put(out, "}");
}

char* put_context_words(char* out, const ProcessEvent& event, const Origin& origin) {
  const ContextFacts& context = *event.context;
  if (context.has(ContextMember::ProcessFlags)) {
    out = put_bits(put(out, ",\"flags\":"), defender::kProcessFlagNames, context.flags);
    out = put_hex(put(out, ",\"flags_raw\":"), context.flags);
  }
  if (context.has(ContextMember::ProcessRules)) {
    out = put_hex(put(out, ",\"rules\":"), context.rules);
    if (context.rules != 0) {
      out = put_bits(put(out, ",\"rule_names\":"), defender::kProcessRuleNames, context.rules);
    }
  }
  if (context.has(ContextMember::ProcessRules2)) {
    out = put_hex(put(out, ",\"rules2\":"), context.rules2);
    if (event.context_tail && context.rules2 != 0) {
      out = put_bits(put(out, ",\"rule2_names\":"), defender::kProcessRule2Names, context.rules2);
    }
  }
  if (event.context_tail && context.has(ContextMember::ProcessRules3)) {
    out = put_hex(put(out, ",\"rules3\":"), event.context_tail->rules3);
  }
  if (context.has(ContextMember::CodeInjectionTargetMask)) {
    out = put_hex(put(out, ",\"injection_target_mask\":"), context.injection_target_mask);
  }
  if (context.has(ContextMember::CodeInjectionRequestMask)) {
    out = put_hex(put(out, ",\"injection_request_mask\":"), context.injection_request_mask);
  }
  out = put_hex(put(out, ",\"context\":{\"magic\":"), context.magic);
  if (const auto layout = layout_name(context.magic); !layout.empty()) {
    out = put_quoted(put(out, ",\"layout\":"), layout);
  }
  // What is played comes out the same each time; where its contexts lay this time says nothing.
  if (!origin.played) out = put_hex(put(out, ",\"address\":"), context.address);
  *out++ = '}';
  return out;
}

template <class AnyText>
char* put_doc_rule(char* out, const std::optional<AnyText>& image, const std::optional<AnyText>& extensions) {
  out = put(out, ",\"doc_rule\":{");
  bool damaged = false;
  if (image) out = put_text(put(out, "\"image\":"), *image, damaged);
  if (image && extensions) *out++ = ',';
  if (extensions) out = put_list(put(out, "\"extensions\":"), *extensions);
  *out++ = '}';
  return out;
}

char* put_tail(char* out, const ContextFacts& context, const ContextTailFacts& tail) {
  if (context.has(ContextMember::KnownProcessType)) {
    out = put_name_or_hex(put(out, ",\"known_type\":"), known_type_name(tail.known_type), tail.known_type);
  }
  if (context.has(ContextMember::State)) {
    out = put_bits(put(out, ",\"state\":"), defender::kStateNames, tail.state);
    out = put_hex(put(out, ",\"state_raw\":"), tail.state);
  }
  if (context.has(ContextMember::SendResult)) {
    out = put_name_or_hex(put(out, ",\"send_result\":"), send_result_name(tail.send_result), tail.send_result);
  }
  if (context.has(ContextMember::InfoApplications)) {
    out = put_number(put(out, ",\"info_applications\":"), tail.info_applications);
  }
  return out;
}

template <class AnyText>
char* put_context(char* out, const Line<AnyText>& line) {
  const ProcessEvent& event = line.event;
  if (event.context) out = put_context_words(out, event, line.origin);
  if (event.loaded_context) out = put_loaded_context(out, *event.loaded_context, line.origin);
  if (event.doc_rule) out = put_doc_rule(out, line.doc_rule_image, line.doc_rule_extensions);
  if (const auto protection = event.effective_protection()) {
    out = put_protection(put(out, ",\"protection\":"), *protection);
  }
  if (event.context && event.context->has(ContextMember::SubsystemInformation)) {
    out = put_name_or_hex(put(out, ",\"subsystem\":"), subsystem_name(event.context->subsystem),
                          event.context->subsystem);
  }
  if (const auto session = event.effective_session_id()) out = put_number(put(out, ",\"session_id\":"), *session);
  return event.context_tail ? put_tail(out, *event.context, *event.context_tail) : out;
}

char* put_snapshot(char* out, const SnapshotMark& mark) {
  out = put_number(put(out, ",\"snapshot\":{\"number\":"), mark.number);
  const auto trigger = snapshot_trigger_name(mark.trigger);
  if (!trigger.empty()) out = put_quoted(put(out, ",\"trigger\":"), trigger);
  if (mark.answered) out = put_number(put(out, ",\"answered\":"), *mark.answered);
  *out++ = '}';
  return out;
}

// NT's word where it is not the standard field's, and which standard fields are NT's.
char* put_nt(char* out, const ProcessEvent& event) {
  const bool created_is_nts = !event.context && !event.loaded_context && event.nt_created;
  const bool parent_is_nts = !event.parent_pid && event.nt_parent_pid;
  const bool session_is_nts = !event.notifier_session_id() && event.nt_session_id;
  const bool protection_is_nts = !event.notifier_protection() && event.nt_protection;

  if (event.nt_created && event.created() != event.nt_created) {
    out = put_time(put(out, ",\"nt_created\":"), *event.nt_created);
  }
  if (event.nt_parent_pid && event.effective_parent_pid() != event.nt_parent_pid) {
    out = put_number(put(out, ",\"nt_parent_pid\":"), *event.nt_parent_pid);
  }
  if (event.nt_session_id && event.effective_session_id() != event.nt_session_id) {
    out = put_number(put(out, ",\"nt_session_id\":"), *event.nt_session_id);
  }
  if (event.nt_protection && event.effective_protection() != event.nt_protection) {
    out = put_protection(put(out, ",\"nt_protection\":"), *event.nt_protection);
  }
  if (event.nt_image_name) {
    out = put(out, ",\"nt_image_name\":\"");
    out = write_json_text(out, std::string_view(*event.nt_image_name));
    *out++ = '"';
  }
  out = put_number(put(out, ",\"nt_notifier_pid\":"), event.notifier_pid);

  if (created_is_nts || parent_is_nts || session_is_nts || protection_is_nts) {
    out = put(out, ",\"from_nt\":[");
    if (created_is_nts) out = put(out, "\"created\",");
    if (parent_is_nts) out = put(out, "\"parent_pid\",");
    if (session_is_nts) out = put(out, "\"session_id\",");
    if (protection_is_nts) out = put(out, "\"protection\",");
    out[-1] = ']';
  }
  return out;
}

char* put_head(char* out, std::uint64_t sequence) {
  out = put_quoted(put(out, "{\"schema\":"), kEventSchema);
  return put_number(put(out, ",\"seq\":"), sequence);
}

char* put_end(char* out, const Origin& origin) {
  if (origin.played) {
    out = put(out, ",\"host\":\"");
    out = write_json_text(out, std::string_view(origin.host_name));
    *out++ = '"';
  }
  out = put_quoted(put(out, ",\"source\":"), origin.name());
  return put(out, "}\n");
}

template <class AnyText>
char* put_dos_image(char* out, const Line<AnyText>& line) {
  out = put_inside(put(out, ",\"dos_image\":\""), line.dos_form->head);
  out = put_inside(out, text_behind(*line.image, line.dos_form->replaced));
  *out++ = '"';
  return out;
}

template <class AnyText>
char* put_line(char* out, const Line<AnyText>& line) {
  const ProcessEvent& event = line.event;
  bool image_damaged = false;
  bool context_image_damaged = false;
  bool command_line_damaged = false;

  out = put_head(out, event.sequence);
  out = put_time(put(out, ",\"time\":"), event.time);
  out = put_quoted(put(out, ",\"operation\":"), operation_name(event.operation));
  if (event.operation == Operation::Unknown && event.pid) {
    out = put_number(put(out, ",\"operation_raw\":"), event.operation_raw);
  }
  if (event.pid) out = put_number(put(out, ",\"pid\":"), *event.pid);
  if (const auto parent = event.effective_parent_pid()) out = put_number(put(out, ",\"parent_pid\":"), *parent);
  if (const auto created = event.created()) out = put_time(put(out, ",\"created\":"), *created);
  if (event.host_pid) out = put_number(put(out, ",\"host_pid\":"), *event.host_pid);
  if (line.image) out = put_text(put(out, ",\"image\":"), *line.image, image_damaged);
  if (line.dos_form) out = put_dos_image(out, line);
  if (line.command_line) out = put_text(put(out, ",\"command_line\":"), *line.command_line, command_line_damaged);
  if (event.trusted) out = *event.trusted ? put(out, ",\"trusted\":true") : put(out, ",\"trusted\":false");
  if (event.snapshot) out = put_snapshot(out, *event.snapshot);
  out = put_context(out, line);
  if (line.context_image) out = put_text(put(out, ",\"context_image\":"), *line.context_image, context_image_damaged);
  if (event.unrecognised_magic) {
    out = put_hex(put(out, ",\"unrecognised_context_magic\":"), *event.unrecognised_magic);
  }
  out = put_nt(out, event);
  if (event.anomalies != 0) out = put_anomalies(put(out, ",\"anomalies\":"), event.anomalies);
  if (image_damaged || context_image_damaged) out = put(out, ",\"image_damaged\":true");
  if (line.image && line.image->truncated) out = put(out, ",\"image_truncated\":true");
  if (command_line_damaged) out = put(out, ",\"command_line_damaged\":true");
  if (line.command_line && line.command_line->truncated) out = put(out, ",\"command_line_truncated\":true");
  return put_end(out, line.origin);
}

template <class AnyText>
void append_line(std::string& out, const Line<AnyText>& line) {
  const std::size_t bound = line.bound();
  char scratch[kScratchSize];
  if (bound <= sizeof scratch) {
    out.append(scratch, static_cast<std::size_t>(put_line(scratch, line) - scratch));
    return;
  }
  const auto room = std::make_unique_for_overwrite<char[]>(bound);
  out.append(room.get(), static_cast<std::size_t>(put_line(room.get(), line) - room.get()));
}

void append_loss(std::string& out, const LossEvent& loss, const Origin& origin) {
  const auto scratch = std::make_unique_for_overwrite<char[]>(kFixedBound + bound_of(origin));
  char* end = put_head(scratch.get(), loss.first_sequence);
  end = put(end, ",\"operation\":\"loss\"");
  end = put_number(put(end, ",\"first_seq\":"), loss.first_sequence);
  end = put_number(put(end, ",\"lost\":"), loss.lost_count);
  end = put_end(end, origin);
  out.append(scratch.get(), static_cast<std::size_t>(end - scratch.get()));
}

}  // namespace

void append_json(std::string& out, const Event& event, const Origin& origin) {
  if (const auto* loss = std::get_if<LossEvent>(&event)) {
    append_loss(out, *loss, origin);
    return;
  }
  const auto& process = std::get<ProcessEvent>(event);
  const DocRuleFacts none;
  const DocRuleFacts& rule = process.doc_rule ? *process.doc_rule : none;
  append_line(out, Line<Text>{process, process.image, process.context_image, process.command_line, rule.image,
                              rule.extensions, origin});
}

Result<void> append_json_record(std::string& out, std::span<const std::byte> record, const Origin& origin) {
  const auto header = read_record_header(record);
  if (!header) return tl::make_unexpected(header.error());
  switch (static_cast<wire::RecordKind>(header->kind)) {
    case wire::RecordKind::Process: {
      Facts facts;
      if (auto read = read_process_facts(record, origin, facts); !read) return read;
      append_line(out, Line<WireText>{facts.event, facts.image, facts.context_image, facts.command_line,
                                      facts.doc_rule_image, facts.doc_rule_extensions, origin});
      return {};
    }
    case wire::RecordKind::Loss: {
      const auto loss = read_loss(record);
      if (!loss) return tl::make_unexpected(loss.error());
      append_loss(out, *loss, origin);
      return {};
    }
  }
  return failure(ErrorCode::Incompatible, fmt::format("record of unknown kind {}", header->kind));
}

}  // namespace wdscope
