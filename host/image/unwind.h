// SPDX-License-Identifier: MIT
// Windows x64 unwind information (.pdata, UNWIND_INFO) said again as DWARF call frame information, and given to the
// host's own unwinder: stacks then cross from host to driver to host, in reports and for exceptions.
// Epilogues are not described by UNWIND_INFO version 1; a frame caught inside one is unwound as if before it.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "host/image/pe_file.h"

namespace wdscope::host {

// One CIE and one FDE a function, for an image at `base`. STATUS_INVALID_IMAGE_FORMAT names the bad entry's RVA.
HostResult<std::vector<std::byte>> make_frame_information(const PeFile& file, const std::byte* base);

// Keeps frame information known to the unwinder while it lives.
class FrameRegistration {
 public:
  explicit FrameRegistration(std::vector<std::byte> information);
  ~FrameRegistration();
  FrameRegistration(const FrameRegistration&) = delete;
  FrameRegistration& operator=(const FrameRegistration&) = delete;

 private:
  std::vector<std::byte> information_;
};

}  // namespace wdscope::host
