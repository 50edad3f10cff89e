// SPDX-License-Identifier: MIT
// A lab for one test, and everything its readers saw as typed events.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "capture/device_source.h"
#include "event/event.h"
#include "lab/lab.h"

namespace wdscope {

class LabStory : public testing::Test {
 protected:
  // Fails the test if the lab does not start.
  void start(LabOptions options);
  std::unique_ptr<DeviceSource> open_reader();
  // append: one batch. read_all: everything that is there now. The feeds announce synchronously: after run() or
  // stop_feed() nothing is under way.
  static void append(const DeviceSource& reader, const Batch& batch, std::vector<ProcessEvent>& events);
  static std::vector<ProcessEvent> read_all(DeviceSource& reader);
  static std::vector<ProcessEvent> of_process(const std::vector<ProcessEvent>& events, std::uint64_t pid);
  static std::vector<ProcessEvent> creates_of(const std::vector<ProcessEvent>& events, const std::string& file_name);

  std::unique_ptr<Lab> lab_;
};

}  // namespace wdscope
