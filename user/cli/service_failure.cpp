// SPDX-License-Identifier: MIT
#include "cli/service_failure.h"

#include <fmt/format.h>

#include "capture/win32_error.h"

namespace wdscope::cli {

Error service_failure(std::string_view doing, std::string_view service, std::uint32_t win32_error,
                      std::string_view words) {
  const std::string what = fmt::format("cannot {} the service '{}': {}", doing, service, words);
  switch (win32_error) {
    case win32_error::kAccessDenied:
      return {ErrorCode::NotPermitted, what,
              "drivers are an administrator's matter: start the console by 'Run as administrator'"};
    case win32_error::kServiceMarkedForDelete:
      return {ErrorCode::SourceUnavailable, what,
              "it goes when the last program that holds it open ends: close services.msc, Task Manager and what else "
              "shows services, or restart Windows"};
    case win32_error::kServiceDoesNotExist:
      return {ErrorCode::SourceUnavailable, what, "'wdscope driver install' comes first"};
    case win32_error::kServiceDisabled:
      return {ErrorCode::SourceUnavailable, what,
              "somebody has disabled it: 'wdscope driver install' makes it start on demand again"};
    case win32_error::kInvalidImageHash:
      return {ErrorCode::SourceUnavailable, what,
              "Windows does not accept the file's signature: a test-signed driver needs test-signing mode, which "
              "'wdscope doctor' tells how to switch on; a file that was changed after it was signed must be made anew"};
    case win32_error::kDriverBlocked:
    case win32_error::kPolicyViolation:
      return {ErrorCode::SourceUnavailable, what,
              "a policy of this machine (a block list, App Control, memory integrity) refuses the driver: ask who set "
              "it; 'wdscope doctor' tells whether memory integrity is on"};
    case win32_error::kBadExeFormat:
    case win32_error::kMachineTypeMismatch:
      return {ErrorCode::InputDamaged, what, "the file is no driver for this machine: wdscope is for x64 only"};
    case win32_error::kFileNotFound:
    case win32_error::kPathNotFound:
      return {ErrorCode::SourceUnavailable, what,
              "the driver's file is not where the service says: 'wdscope driver install' from the folder that it is in "
              "now"};
    case win32_error::kProcedureNotFound:
      return {ErrorCode::Incompatible, what,
              "the driver asks for a routine that this Windows has not: it needs Windows 10 1903 or later"};
    case win32_error::kNotFound:
      return {ErrorCode::SourceUnavailable, what,
              "no notifier offers its callback object: Microsoft Defender's WdFilter must run, or wdnotifier on a "
              "machine without Defender ('wdscope driver start --notifier')"};
    case win32_error::kAlreadyExists:
      return {ErrorCode::SourceUnavailable, what,
              "another driver of this kind is loaded already under another name: stop that one first"};
    case win32_error::kDependentServicesRunning:
    case win32_error::kBusy:
    case win32_error::kServiceCannotAcceptControl:
      return {ErrorCode::SourceUnavailable, what,
              "it is in use: end what reads from it (watch, record, the service wdscope-recorder) and try again"};
    case win32_error::kServiceRequestTimeout:
      return {ErrorCode::SourceUnavailable, what, "it takes its time: 'wdscope driver status' tells what came of it"};
    default:
      return {ErrorCode::SourceUnavailable, what, "'wdscope doctor' looks for what is in the way"};
  }
}

}  // namespace wdscope::cli
