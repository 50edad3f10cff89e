// SPDX-License-Identifier: MIT
#include "calibrate/announcer.h"

#include <cstring>

#include "abi/defender/flags.h"

namespace wdscope::tests {
namespace {

using defender::OperationType;
using wire::LayoutMember;

constexpr std::uint64_t kUnmapped = 0xFFFF'F780'0000'1000;  // in the system's half, and nothing there in the host

// The argument between what a compiler may put beside it.
struct Frame {
  std::uint64_t before[8];
  defender::WD_PS_NOTIFY_INFO info;
  std::uint64_t after[4];
};
static_assert(offsetof(Frame, info) == -wire::kFirstRawSlot);

template <class Word>
void store(PoolBlock& block, std::uint32_t offset, Word word, std::uint32_t size = sizeof(Word)) {
  std::memcpy(block.as<std::byte>() + offset, &word, size);
}

std::u16string file_name(const std::u16string& path) {
  return path.substr(path.rfind(u'\\') + 1);
}

}  // namespace

std::uint64_t Announcer::point(Context& context, std::uint32_t offset, const std::u16string& text) {
  auto& owned = context.texts[offset];
  owned = std::make_unique<PoolText>(text);
  store(context.block, offset, owned->address());
  return owned->address();
}

void Announcer::fill(Context& context, const FillerField& field, const AnnouncedProcess& process) {
  const auto put = [&](std::uint64_t word) { store(context.block, field.offset, word, field.size); };
  const host::ProcessStart& start = process.start;
  switch (field.filler) {
    case Filler::Zero:
      return;
    case Filler::Constant:
      return put(0x5A5A'0000'1234'0040 + field.offset);
    case Filler::Counter:
      return put(++counter_);
    case Filler::Random:
      return put(random_());
    case Filler::SmallRandom:
      return put(random_() % 4);
    case Filler::ListEntry:
      store(context.block, field.offset, context.block.address());
      return store(context.block, field.offset + 8, context.block.address() + field.offset);
    case Filler::GarbageString:
      point(context, field.offset, std::u16string(1 + random_() % 40, static_cast<char16_t>(u'a' + random_() % 26)));
      return;
    case Filler::Dangling:
      return put(kUnmapped + 8 * (random_() % 64));
    case Filler::PidCopy:
      return put(start.process_id);
    case Filler::CreatedCopy:
      return put(static_cast<std::uint64_t>(start.created_100ns));
    case Filler::CreatedAlmost:
      return put(static_cast<std::uint64_t>(start.created_100ns) + (start.process_id / 4 % 10 == 0 ? 1 : 0));
    case Filler::ParentCopy:
      return put(start.parent_process_id);
    case Filler::ImagePointerCopy:
      return put(context.image_address);
    case Filler::ImageTextCopy:
      point(context, field.offset, start.image);
      return;
    case Filler::NtPathOfImage:
      point(context, field.offset, file_name(start.image));
      return;
    case Filler::CommandLineCopy:
      point(context, field.offset, start.command_line);
      return;
    case Filler::CommandLineCut:
      point(context, field.offset, start.command_line.substr(0, start.command_line.size() - 1));
      return;
    case Filler::TrustByte:
      return put(process.trusted ? 1 : 0);
    case Filler::ProtectionCopy:
      return put(start.protection);
    case Filler::SessionCopy:
      return put(start.session_id);
  }
}

void Announcer::fill(Context& context, const AnnouncedProcess& process) {
  const wire::ContextLayout& layout = variant_.layout;
  store(context.block, 0, layout.magic);
  const auto put = [&](LayoutMember member, auto word) {
    if (layout.has(member)) store(context.block, layout.offset(member), word);
  };
  const host::ProcessStart& start = process.start;
  put(LayoutMember::ProcessId, start.process_id);
  put(LayoutMember::CreateTime, start.created_100ns);
  put(LayoutMember::ParentProcessId, start.parent_process_id);
  put(LayoutMember::Flags, process.flags | (process.trusted ? defender::flag::Trusted : 0));
  put(LayoutMember::Protection, start.protection);
  put(LayoutMember::SessionId, start.session_id);
  if (layout.has(LayoutMember::CommandLine)) {
    point(context, layout.offset(LayoutMember::CommandLine), start.command_line);
  }
  if (layout.has(LayoutMember::ImageName)) {
    context.image_address = point(context, layout.offset(LayoutMember::ImageName), start.image);
  }
  for (const FillerField& field : variant_.fillers) fill(context, field, process);
}

void Announcer::announce(Context& context, const AnnouncedProcess& process, OperationType operation) {
  Frame frame{};
  for (std::uint64_t& slot : frame.before) slot = random_() % 3 == 0 ? random_() : kUnmapped;
  for (std::uint64_t& slot : frame.after) slot = random_() % 3 == 0 ? context.image_address : random_();
  if (operation != OperationType::Trust) {
    auto* const slot = reinterpret_cast<std::byte*>(&frame.info) + variant_.layout.slot_offset;
    const std::uint64_t address = context.block.address();
    std::memcpy(slot, &address, sizeof address);
  }
  frame.info.ProcessId = process.start.process_id;
  frame.info.OperationType = static_cast<std::uint32_t>(operation);
  if (operation == OperationType::Create) frame.info.ParentProcessId = process.start.parent_process_id;
  if (operation == OperationType::Create) frame.info.ImageName = context.image_address;
  if (operation != OperationType::Terminate) frame.info.Trusted = process.trusted ? 1 : 0;
  notify_(&frame.info);
}

void Announcer::create(const AnnouncedProcess& process) {
  auto& context = contexts_[process.start.process_id];
  context = std::make_unique<Context>(variant_.size());
  fill(*context, process);
  announce(*context, process, OperationType::Create);
}

void Announcer::set_trust(AnnouncedProcess& process, bool trusted) {
  process.trusted = trusted;
  Context& context = *contexts_.at(process.start.process_id);
  fill(context, process);
  announce(context, process, OperationType::Trust);
}

void Announcer::exit(const AnnouncedProcess& process) {
  const auto context = contexts_.find(process.start.process_id);
  announce(*context->second, process, OperationType::Terminate);
  contexts_.erase(context);
}

}  // namespace wdscope::tests
