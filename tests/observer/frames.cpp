// SPDX-License-Identifier: MIT
#include "observer/frames.h"

#include <cstring>

#include "host/ex/pool.h"

namespace wdscope::tests {
namespace {

constexpr host::Ulong kTag = 0x74736554;  // "Test"

}  // namespace

PoolBlock::PoolBlock(std::size_t size) : memory_(host::pool_allocate_for_host(size == 0 ? 1 : size, kTag)) {
  std::memset(memory_, 0, size);
}

void PoolBlock::reset() {
  if (memory_ != nullptr) host::pool_free_for_host(memory_);
  memory_ = nullptr;
}

PoolText::PoolText(std::u16string_view text) : header_(sizeof(defender::CountedString)), text_(text.size() * 2) {
  std::memcpy(text_.as<char16_t>(), text.data(), text.size() * 2);
  const auto length = static_cast<std::uint16_t>(text.size() * 2);
  header() = {length, length, 0, text_.address()};
}

PoolContext::PoolContext(std::uint32_t magic, std::uint64_t process_id, std::int64_t created_100ns)
    : block_(magic == defender::kProcessContextMagic25080 ? sizeof(defender::MP_PROCESS_CONTEXT_25080)
                                                          : sizeof(defender::MP_PROCESS_CONTEXT_20H1)) {
  common().Magic = magic;
  common().ProcessId = process_id;
  common().CreateTime = created_100ns;
}

PoolDocRule::PoolDocRule(std::u16string_view image, std::u16string_view extensions)
    : rule_(sizeof(defender::MP_DOC_OPEN_RULE)), extensions_(std::max<std::size_t>(extensions.size() * 2, 2)) {
  rule().Magic = defender::kDocOpenRuleMagic;
  rule().RefCount = 2;
  std::copy(image.begin(), image.end(), rule().ProcessName);
  std::copy(extensions.begin(), extensions.end(), extensions_.as<char16_t>());
  rule().Extensions = extensions_.address();
}

defender::WD_PS_NOTIFY_FRAME_1910 frame_1910(std::uint64_t process_id, std::uint64_t parent_id,
                                             defender::OperationType operation, std::uint64_t context) {
  defender::WD_PS_NOTIFY_FRAME_1910 frame{};
  frame.Context = context;
  frame.ParentProcessId = parent_id;
  frame.Info.ProcessId = process_id;
  frame.Info.OperationType = static_cast<std::uint32_t>(operation);
  return frame;
}

defender::WD_PS_NOTIFY_FRAME_A5 frame_a5(std::uint64_t process_id, std::uint64_t parent_id,
                                         defender::OperationType operation, std::uint64_t context) {
  defender::WD_PS_NOTIFY_FRAME_A5 frame{};
  frame.Context = context;
  frame.Info.ProcessId = process_id;
  frame.Info.ParentProcessId = operation == defender::OperationType::Create ? parent_id : 0;
  frame.Info.OperationType = static_cast<std::uint32_t>(operation);
  return frame;
}

void point_at_parent(defender::WD_PS_NOTIFY_FRAME_1910& frame) {
  frame.Info.ParentProcessId = reinterpret_cast<std::uint64_t>(&frame.ParentProcessId);
}

}  // namespace wdscope::tests
