// SPDX-License-Identifier: MIT
#include "cli/service_failure.h"

#include <gtest/gtest.h>

#include "capture/win32_error.h"
#include "cli/exit_code.h"

namespace wdscope::cli {
namespace {

namespace error = win32_error;

struct Row {
  std::uint32_t error;
  ErrorCode code;
  const char* advice;
};

constexpr Row kRows[] = {
    {error::kAccessDenied, ErrorCode::NotPermitted, "Run as administrator"},
    {error::kServiceMarkedForDelete, ErrorCode::SourceUnavailable, "close services.msc"},
    {error::kServiceDoesNotExist, ErrorCode::SourceUnavailable, "'wdscope driver install' comes first"},
    {error::kServiceDisabled, ErrorCode::SourceUnavailable, "on demand again"},
    {error::kInvalidImageHash, ErrorCode::SourceUnavailable, "test-signing mode"},
    {error::kDriverBlocked, ErrorCode::SourceUnavailable, "a policy of this machine"},
    {error::kPolicyViolation, ErrorCode::SourceUnavailable, "a policy of this machine"},
    {error::kBadExeFormat, ErrorCode::InputDamaged, "x64 only"},
    {error::kMachineTypeMismatch, ErrorCode::InputDamaged, "x64 only"},
    {error::kFileNotFound, ErrorCode::SourceUnavailable, "from the folder that it is in now"},
    {error::kPathNotFound, ErrorCode::SourceUnavailable, "from the folder that it is in now"},
    {error::kProcedureNotFound, ErrorCode::Incompatible, "Windows 10 1903"},
    {error::kNotFound, ErrorCode::SourceUnavailable, "Microsoft Defender's WdFilter must run"},
    {error::kAlreadyExists, ErrorCode::SourceUnavailable, "stop that one first"},
    {error::kDependentServicesRunning, ErrorCode::SourceUnavailable, "in use"},
    {error::kBusy, ErrorCode::SourceUnavailable, "in use"},
    {error::kServiceCannotAcceptControl, ErrorCode::SourceUnavailable, "in use"},
    {error::kServiceRequestTimeout, ErrorCode::SourceUnavailable, "driver status"},
    {31, ErrorCode::SourceUnavailable, "wdscope doctor"},
};

TEST(ServiceFailure, SaysWhatWhyAndWhatToDo) {
  for (const Row& row : kRows) {
    const Error made = service_failure("start", "wdscope", row.error, "as Windows says");
    EXPECT_EQ(made.what, "cannot start the service 'wdscope': as Windows says");
    EXPECT_EQ(made.code, row.code) << row.error;
    EXPECT_NE(made.advice.find(row.advice), std::string::npos) << row.error << ": " << made.advice;
    EXPECT_EQ(static_cast<int>(exit_code(made.code)), row.code == ErrorCode::InputDamaged ? 3 : 4);
  }
}

}  // namespace
}  // namespace wdscope::cli
