// SPDX-License-Identifier: MIT
#include "host/verifier/stack.h"

#include <unwind.h>

#include <fmt/format.h>

#include "host/exports.h"
#include "host/image/loaded_image.h"

namespace wdscope::host {
namespace {

constexpr std::size_t kMaximumFrames = 64;

struct Capture {
  std::vector<void*>* frames;
  unsigned skip;
};

_Unwind_Reason_Code take_frame(_Unwind_Context* context, void* argument) {
  auto* capture = static_cast<Capture*>(argument);
  if (capture->skip > 0) {
    --capture->skip;
    return _URC_NO_REASON;
  }
  const auto ip = static_cast<std::uintptr_t>(_Unwind_GetIP(context));
  if (ip == 0 || capture->frames->size() == kMaximumFrames) return _URC_END_OF_STACK;
  capture->frames->push_back(reinterpret_cast<void*>(ip));
  return _URC_NO_REASON;
}

}  // namespace

std::string hex(std::uint64_t value) {
  return fmt::format("0x{:X}", value);
}
std::string hex(const void* address) {
  return hex(reinterpret_cast<std::uintptr_t>(address));
}

std::vector<void*> capture_stack() {
  std::vector<void*> frames;
  frames.reserve(kMaximumFrames);
  Capture capture{&frames, 1};
  _Unwind_Backtrace(take_frame, &capture);
  return frames;
}

std::string describe_address(const void* address) {
  if (const LoadedImage* image = image_containing(address)) return image->describe(address);
  const std::string routine = nt_routine_containing(address);
  return routine.empty() ? hex(address) : routine;
}

std::vector<std::string> describe_stack(const std::vector<void*>& frames) {
  std::vector<std::string> lines;
  for (void* frame : frames) {
    if (const LoadedImage* image = image_containing(frame)) {
      lines.push_back(image->describe(frame));
    } else if (std::string routine = nt_routine_containing(frame); !routine.empty()) {
      lines.push_back(std::move(routine));
    }
  }
  return lines;
}

}  // namespace wdscope::host
