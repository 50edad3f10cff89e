// SPDX-License-Identifier: MIT
// A notifier of any layout: it keeps contexts in pool, laid out by a variant's table, and announces processes through
// the callback object with the argument on its own stack, as Defender does.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "abi/defender/notify_info.h"
#include "calibrate/variant.h"
#include "host/machine.h"
#include "tests/observer/frames.h"

namespace wdscope::tests {

struct AnnouncedProcess {
  host::ProcessStart start;
  std::uint32_t flags = 0;  // without the trust bit
  bool trusted = false;
};

class Announcer {
 public:
  // `notify` calls the callback object.
  using Notify = std::function<void(const void* argument)>;
  Announcer(const Variant& variant, Random& random, Notify notify)
      : variant_(variant), random_(random), notify_(std::move(notify)) {}

  void create(const AnnouncedProcess& process);
  void set_trust(AnnouncedProcess& process, bool trusted);
  // The context goes afterwards.
  void exit(const AnnouncedProcess& process);

 private:
  struct Context {
    explicit Context(std::size_t size) : block(size) {}
    PoolBlock block;
    std::map<std::uint32_t, std::unique_ptr<PoolText>> texts;  // by the offset of their pointer
    std::uint64_t image_address = 0;
  };
  void fill(Context& context, const AnnouncedProcess& process);
  void fill(Context& context, const FillerField& field, const AnnouncedProcess& process);
  void announce(Context& context, const AnnouncedProcess& process, defender::OperationType operation);
  std::uint64_t point(Context& context, std::uint32_t offset, const std::u16string& text);

  const Variant& variant_;
  Random& random_;
  Notify notify_;
  std::uint64_t counter_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Context>> contexts_;
};

}  // namespace wdscope::tests
