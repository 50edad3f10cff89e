// SPDX-License-Identifier: MIT
#include "capture/device_failure.h"

#include <gtest/gtest.h>

#include "capture/win32_error.h"

namespace wdscope {
namespace {

struct Row {
  std::uint32_t error;
  ErrorCode code;
  const char* what;
  const char* advice;
};

constexpr Row kRows[] = {
    {win32_error::kAccessDenied, ErrorCode::NotPermitted, "administrators only: as Windows says", "as administrator"},
    {win32_error::kFileNotFound, ErrorCode::SourceUnavailable, "wdscope.sys is not loaded", "driver start"},
    {win32_error::kPathNotFound, ErrorCode::SourceUnavailable, "wdscope.sys is not loaded", "driver start"},
    {win32_error::kNoSuchDevice, ErrorCode::SourceUnavailable, "being unloaded: as Windows says", "have ended"},
    {31, ErrorCode::SourceUnavailable, "cannot open the observer's device: as Windows says", "wdscope doctor"},
};

TEST(DeviceFailure, SaysWhatWhyAndWhatToDo) {
  for (const Row& row : kRows) {
    const Error error = device_failure(row.error, "as Windows says");
    EXPECT_EQ(error.code, row.code) << row.error;
    EXPECT_NE(error.what.find(row.what), std::string::npos) << error.what;
    EXPECT_NE(error.advice.find(row.advice), std::string::npos) << error.advice;
  }
}

}  // namespace
}  // namespace wdscope
