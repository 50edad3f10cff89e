// SPDX-License-Identifier: MIT
#include "capture/device_failure.h"

#include "capture/win32_error.h"

namespace wdscope {

Error device_failure(std::uint32_t win32_error, const std::string& words) {
  switch (win32_error) {
    case win32_error::kAccessDenied:
      return {ErrorCode::NotPermitted, "the observer's device may be opened by administrators only: " + words,
              "run this from a console that was started as administrator"};
    case win32_error::kFileNotFound:
    case win32_error::kPathNotFound:
      return {
          ErrorCode::SourceUnavailable, "there is no observer: wdscope.sys is not loaded",
          "'wdscope driver start' loads it, after 'wdscope driver install'; 'wdscope doctor' says what is in the way"};
    case win32_error::kNoSuchDevice:
      return {ErrorCode::SourceUnavailable, "the observer is being unloaded: " + words,
              "when the programs that still read from it have ended, 'wdscope driver start' loads it again"};
    default:
      return {ErrorCode::SourceUnavailable, "cannot open the observer's device: " + words,
              "'wdscope doctor' says what is in the way"};
  }
}

}  // namespace wdscope
