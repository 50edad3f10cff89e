// SPDX-License-Identifier: MIT
// The one way user-mode code fails. Libraries return it; only cli turns it into words and an exit code.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace wdscope {

enum class ErrorCode : std::uint8_t {
  Usage,              // the request itself is wrong: exit code 2
  InputUnreadable,    // a file is missing or cannot be read: 3
  InputDamaged,       // a file is not what it says, or broken from some offset on: 3
  SourceUnavailable,  // no device, no driver, no such process: 4
  NotPermitted,       // needs a privilege: 4
  OutputFailed,       // cannot write; a broken pipe has its own code below: 3
  BrokenPipe,         // 141
  Incompatible,       // other protocol version: 4
  Internal,           // a promise of this program broke: 4
};

struct Error {
  ErrorCode code;
  std::string what;         // what we were doing and what was wrong, with names, offsets, paths; no trailing full stop
  std::string advice;       // what the user can do; may be empty
  std::int64_t native = 0;  // errno, NTSTATUS or Win32 error; 0: none
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> failure(ErrorCode code, std::string what, std::string advice = {},
                                     std::int64_t native = 0) {
  return tl::unexpected<Error>(Error{code, std::move(what), std::move(advice), native});
}

}  // namespace wdscope
