// SPDX-License-Identifier: MIT
#include "notifier/message.h"

#include "abi/defender/flags.h"
#include "abi/defender/messages.h"
#include "kit/irql.h"
#include "notifier/counted_string.h"
#include "notifier/engine_port.h"
#include "notifier/kernel_handle.h"
#include "notifier/process_info.h"
#include "notifier/process_query.h"
#include "notifier/token.h"
#include "notifier/trace.h"

extern "C" NTKERNELAPI ULONG NTAPI PsGetProcessSessionId(PEPROCESS Process);

namespace wdscope::notifier {
namespace {

using defender::MpDataLayout;

constexpr std::uint16_t kMessageKind = 2;
constexpr std::uint32_t kSendResultMask = 0x0F;
// assumed: a message travels with the normal priorities of Windows (I/O 2, thread 8, page 5).
constexpr std::uint32_t kNormalIoPriority = 2;
constexpr std::uint32_t kNormalThreadPriority = 8;
constexpr std::uint32_t kNormalPagePriority = 5;
constexpr LONGLONG k100nsPerMs = 10000;

// The older layout of messages and replies.
bool is_1910() {
  return !MpProfile->has_context_tail();
}

std::uint32_t header_size() {
  return is_1910() ? sizeof(defender::MESSAGE_HEADER_1910) : sizeof(defender::MESSAGE_HEADER_25080);
}

bool behaviour_monitoring() {
  return mp_data_atomic(&MpDataLayout::MonitorFlags).load() & defender::monitor_flag::BehaviourMonitoring;
}

void write_header(EngineEnvelope* envelope) {
  if (is_1910()) {
    auto* const header = reinterpret_cast<defender::MESSAGE_HEADER_1910*>(envelope->bytes());
    *header = {MpProfile->message_version, 1, kMessageKind, envelope->size};
  } else {
    auto* const header = reinterpret_cast<defender::MESSAGE_HEADER_25080*>(envelope->bytes());
    *header = {MpProfile->message_version, 0, kMessageKind, envelope->size, kNormalIoPriority, kNormalThreadPriority,
               kNormalPagePriority,        0};
  }
}

template <class T>
T* payload_of(EngineEnvelope* envelope) {
  return reinterpret_cast<T*>(envelope->bytes() + header_size());
}

// A message of the profile with header and payload head written, the rest of the payload zero, and room for strings
// behind it; null when memory is out.
template <class Payload>
EngineEnvelope* allocate_message(defender::MessageType type, std::uint32_t strings_size) {
  const std::uint32_t payload_size = sizeof(Payload) + strings_size;
  EngineEnvelope* const envelope = allocate_envelope(header_size() + payload_size);
  if (!envelope) return nullptr;
  write_header(envelope);
  auto* const payload = payload_of<Payload>(envelope);
  RtlZeroMemory(payload, sizeof(*payload));
  payload->Head.SerialNumber = mp_data_atomic(&MpDataLayout::AsyncNotificationCount).fetch_add(1) + 1;
  payload->Head.Size = payload_size;
  payload->Head.RefCount = 1;
  payload->Head.Type = static_cast<std::uint32_t>(type);
  return envelope;
}

// Bytes that a string takes behind the payload, terminator included; 0 when there is none.
std::uint32_t stored_size(PCUNICODE_STRING string) {
  return is_present(string) ? std::uint32_t{string->Length} + sizeof(WCHAR) : 0;
}

std::uint32_t store(std::uint8_t* payload, std::uint32_t* end, PCUNICODE_STRING string) {
  if (!is_present(string)) return 0;
  const std::uint32_t offset = *end;
  RtlCopyMemory(payload + offset, string->Buffer, string->Length);
  RtlZeroMemory(payload + offset + string->Length, sizeof(WCHAR));
  *end += stored_size(string);
  return offset;
}

std::uint32_t id32(HANDLE process_id) {
  return static_cast<std::uint32_t>(reinterpret_cast<ULONG_PTR>(process_id));
}

// What a message tells beyond the context: asked of NT just for it.
struct MessageFacts {
  TokenElevation elevation;
  PUNICODE_STRING dos_name = nullptr;  // owned

  explicit MessageFacts(const ProcessMessage& message) {
    if (mp_data(&MpDataLayout::OsVersionMask) & defender::os_version::Vista) {
      elevation = token_elevation(message.process, message.token);
    }
    if (!(message.message_flags & defender::message_flag::DosName)) return;
    // assumed: the name is what NT calls the image's Win32 name.
    KernelHandle process;
    NTSTATUS status = open_process(message.process, &process);
    if (NT_SUCCESS(status)) {
      status = query_process_string(process.get(), ProcessQuery::ImageFileNameWin32, &dos_name);
    }
    if (!NT_SUCCESS(status)) trace_info("no DOS name of process %p: status %08X", message.context->ProcessId, status);
  }
  ~MessageFacts() { free_string(dos_name); }
  MessageFacts(const MessageFacts&) = delete;
  MessageFacts& operator=(const MessageFacts&) = delete;
};

// Both layouts share these members by name.
template <class Payload>
void fill_common(Payload* payload, const ProcessMessage& message, const MessageFacts& facts) {
  MP_PROCESS_CONTEXT* const context = message.context;
  payload->ParentProcessId = id32(message.parent_process_id);
  payload->ParentCreateTime = create_time_in_table(message.parent_process_id);
  payload->ProcessId = static_cast<std::uint32_t>(context->ProcessId);
  payload->CreateTime = context->CreateTime;
  payload->Create = message.kind == ProcessEvent::Create;
  payload->Excluded = (context_flags(context).load() & defender::flag::Excluded) != 0;
  payload->ElevationType = facts.elevation.type;
  payload->Elevation = facts.elevation.elevated;
  payload->IntegrityLevel = facts.elevation.integrity_level;
  payload->CreatorProcessId = message.creator.process_id;
  payload->CreatorCreateTime = message.creator.create_time;
  std::uint32_t end = sizeof(Payload);
  auto* const bytes = reinterpret_cast<std::uint8_t*>(payload);
  payload->ImageNameSize = stored_size(message.image_name);
  payload->ImageNameOffset = store(bytes, &end, message.image_name);
  payload->CommandLineSize = stored_size(message.command_line);
  payload->CommandLineOffset = store(bytes, &end, message.command_line);
  if constexpr (requires { payload->DosNameSize; }) {
    payload->DosNameSize = stored_size(facts.dos_name);
    payload->DosNameOffset = store(bytes, &end, facts.dos_name);
  }
}

EngineEnvelope* build_process_message(const ProcessMessage& message) {
  const MessageFacts facts(message);
  const std::uint32_t strings =
      stored_size(message.image_name) + stored_size(message.command_line) + stored_size(facts.dos_name);
  if (is_1910()) {
    using Payload = defender::PROCESS_MESSAGE_1910;
    EngineEnvelope* const envelope = allocate_message<Payload>(defender::MessageType::Process, strings);
    if (!envelope) return nullptr;
    auto* const payload = payload_of<Payload>(envelope);
    fill_common(payload, message, facts);
    payload->SessionId = PsGetProcessSessionId(message.process);
    return envelope;
  }
  using Payload = defender::PROCESS_MESSAGE_25080;
  EngineEnvelope* const envelope = allocate_message<Payload>(defender::MessageType::Process, strings);
  if (!envelope) return nullptr;
  auto* const payload = payload_of<Payload>(envelope);
  fill_common(payload, message, facts);
  auto* const tail = tail_of(message.context);
  payload->SessionId = tail->SessionId;
  payload->Flags = message.message_flags;
  payload->KnownType = static_cast<std::uint32_t>(known_type_of(tail));
  payload->Rules = rules_of(message.context);
  payload->Rules2 = rules2_of(message.context);
  return envelope;
}

void count_waiting_time(LONGLONG started_100ns) {
  LARGE_INTEGER now;
  KeQuerySystemTimePrecise(&now);
  mp_data_atomic(&MpDataLayout::ProcessMessageTime).fetch_add((now.QuadPart - started_100ns) / k100nsPerMs);
  auto count = mp_data_atomic(&MpDataLayout::ProcessMessageCount);
  if (count.fetch_add(1) + 1 < 0) {
    count = 0;
    mp_data_atomic(&MpDataLayout::ProcessMessageTime) = 0;
  }
}

void set_send_result(MP_PROCESS_CONTEXT* context, defender::SendResult result) {
  if (auto* const tail = tail_of(context)) {
    tail->SendResult = (tail->SendResult & ~kSendResultMask) | static_cast<std::uint32_t>(result);
  }
}

template <class Reply>
void apply_reply(const ProcessMessage& message, const EngineAnswer& answer) {
  Reply reply;
  RtlCopyMemory(&reply, answer.bytes, sizeof(reply));
  if (reply.Entry.Deny) {
    if (message.access_denied) *message.access_denied = TRUE;
    return;
  }
  MpSetProcessInfoByContext(message.context, reply.Entry);
  mp_data_atomic(&MpDataLayout::InfosApplied).fetch_add(1);
}

bool well_formed(const EngineAnswer& answer) {
  if (answer.size != MpProfile->reply_size || answer.bytes[0] != MpProfile->message_version) return false;
  std::uint16_t stated;
  RtlCopyMemory(&stated, answer.bytes + 2, sizeof(stated));
  return stated == MpProfile->reply_size;
}

void ask(const ProcessMessage& message, EngineEnvelope* envelope) {
  LARGE_INTEGER started;
  KeQuerySystemTimePrecise(&started);
  EngineAnswer answer;
  const NTSTATUS status = MpEnginePort->ask(envelope, MpParameters.create_timeout_ms, &answer);
  count_waiting_time(started.QuadPart);

  if (status == STATUS_TIMEOUT) {
    mp_data_atomic(&MpDataLayout::Timeouts).fetch_add(1);
    set_send_result(message.context, defender::SendResult::Timeout);
    trace_error("no answer for process %p in %u ms: it goes on", message.context->ProcessId,
                MpParameters.create_timeout_ms);
  } else if (status != STATUS_SUCCESS) {
    mp_data_atomic(&MpDataLayout::SendErrors).fetch_add(1);
    mp_data_atomic(&MpDataLayout::LastSendError).store(status);
    set_send_result(message.context, defender::SendResult::SendError);
    trace_error("cannot ask about process %p: status %08X: it goes on", message.context->ProcessId, status);
  } else if (!well_formed(answer)) {
    mp_data_atomic(&MpDataLayout::MalformedReplies).fetch_add(1);
    set_send_result(message.context, defender::SendResult::MalformedReply);
    trace_error("malformed answer for process %p (%u bytes): it goes on", message.context->ProcessId, answer.size);
  } else {
    set_send_result(message.context, defender::SendResult::ReplyOk);
    if (is_1910()) {
      apply_reply<defender::CREATE_REPLY_1910>(message, answer);
    } else {
      apply_reply<defender::CREATE_REPLY_25080>(message, answer);
    }
  }
}

template <class Payload>
void send_trusted_process_message(UntrustedLeft left, PCUNICODE_STRING name) {
  EngineEnvelope* const envelope = allocate_message<Payload>(defender::MessageType::TrustedProcess, 0);
  if (!envelope) {
    trace_error("no memory for a trusted-process message");
    return;
  }
  auto* const payload = payload_of<Payload>(envelope);
  payload->OneUntrusted = static_cast<std::uint8_t>(left);
  if (is_present(name)) {
    const SIZE_T length = name->Length < sizeof(payload->Name) ? name->Length : sizeof(payload->Name);
    RtlCopyMemory(payload->Name, name->Buffer, length);
  }
  MpEnginePort->post(envelope, MessagePriority::High);
}

}  // namespace

void MpSendProcessMessage(const ProcessMessage& message) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  if (message.access_denied) *message.access_denied = FALSE;
  const bool create = message.kind == ProcessEvent::Create;
  const bool waits = create && MpEnginePort->connected();
  if (!waits && !behaviour_monitoring()) return;
  EngineEnvelope* const envelope = build_process_message(message);
  if (!envelope) {
    // For the one who asks it is a failure to send, like any other.
    if (waits) {
      mp_data_atomic(&MpDataLayout::SendErrors).fetch_add(1);
      mp_data_atomic(&MpDataLayout::LastSendError).store(STATUS_INSUFFICIENT_RESOURCES);
      set_send_result(message.context, defender::SendResult::SendError);
    }
    trace_error("no memory for the message about process %p", message.context->ProcessId);
    return;
  }
  if (waits) {
    ask(message, envelope);
    free_envelope(envelope);
  } else {
    MpEnginePort->post(envelope, MessagePriority::Normal);
  }
}

void MpSendTrustedProcessMessage(UntrustedLeft left, PCUNICODE_STRING name) {
  if (!behaviour_monitoring()) return;
  if (is_1910()) {
    send_trusted_process_message<defender::TRUSTED_PROCESS_MESSAGE_1910>(left, name);
  } else {
    send_trusted_process_message<defender::TRUSTED_PROCESS_MESSAGE_25080>(left, name);
  }
}

void send_taint_message(MP_PROCESS_CONTEXT* context, std::uint8_t reason) {
  if (!behaviour_monitoring()) return;
  using Payload = defender::TAINT_MESSAGE_25080;
  EngineEnvelope* const envelope = allocate_message<Payload>(defender::MessageType::Taint, 0);
  if (!envelope) {
    trace_error("no memory for the taint message about process %p", context->ProcessId);
    return;
  }
  auto* const payload = payload_of<Payload>(envelope);
  payload->ProcessId = static_cast<std::uint32_t>(context->ProcessId);
  payload->CreateTime = context->CreateTime;
  payload->Reason = reason;
  MpEnginePort->post(envelope, MessagePriority::Normal);
}

}  // namespace wdscope::notifier
