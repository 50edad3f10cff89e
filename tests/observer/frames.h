// SPDX-License-Identifier: MIT
// What a notifier has in memory when it notifies: strings and contexts in pool, the argument and its neighbours in a
// frame that the test puts on its stack.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "abi/defender/doc_rules.h"
#include "abi/defender/notify_info.h"
#include "abi/defender/process_context.h"
#include "host/nt/base.h"

namespace wdscope::tests {

// Bytes in the pool, in kernel space as the observer demands.
class PoolBlock {
 public:
  explicit PoolBlock(std::size_t size);
  ~PoolBlock() { reset(); }
  PoolBlock(const PoolBlock&) = delete;
  PoolBlock& operator=(const PoolBlock&) = delete;

  template <class T>
  T* as() const {
    return static_cast<T*>(memory_);
  }
  std::uint64_t address() const { return reinterpret_cast<std::uint64_t>(memory_); }
  void reset();

 private:
  void* memory_;
};

// A UNICODE_STRING and its text in pool.
class PoolText {
 public:
  explicit PoolText(std::u16string_view text);
  defender::CountedString& header() { return *header_.as<defender::CountedString>(); }
  std::uint64_t address() const { return header_.address(); }

 private:
  PoolBlock header_;
  PoolBlock text_;
};

// A process context; its strings are owned by whoever made them.
class PoolContext {
 public:
  PoolContext(std::uint32_t magic, std::uint64_t process_id, std::int64_t created_100ns);
  defender::MP_PROCESS_CONTEXT& common() { return *block_.as<defender::MP_PROCESS_CONTEXT>(); }
  // Only with the 0x130 magic.
  defender::MP_PROCESS_CONTEXT_25080& whole() { return *block_.as<defender::MP_PROCESS_CONTEXT_25080>(); }
  std::uint64_t address() const { return block_.address(); }

 private:
  PoolBlock block_;
};

// A doc-open rule and its extensions, which end where `extensions` does.
class PoolDocRule {
 public:
  PoolDocRule(std::u16string_view image, std::u16string_view extensions);
  defender::MP_DOC_OPEN_RULE& rule() { return *rule_.as<defender::MP_DOC_OPEN_RULE>(); }
  std::uint64_t address() const { return rule_.address(); }

 private:
  PoolBlock rule_;
  PoolBlock extensions_;
};

// The frames at the create and exit sites. Make them locals: only there are they believed.
defender::WD_PS_NOTIFY_FRAME_1910 frame_1910(std::uint64_t process_id, std::uint64_t parent_id,
                                             defender::OperationType operation, std::uint64_t context);
defender::WD_PS_NOTIFY_FRAME_A5 frame_a5(std::uint64_t process_id, std::uint64_t parent_id,
                                         defender::OperationType operation, std::uint64_t context);
// A member 0x08 that points into the frame can only be set where the frame stays.
void point_at_parent(defender::WD_PS_NOTIFY_FRAME_1910& frame);

}  // namespace wdscope::tests
