// SPDX-License-Identifier: MIT
#include "lab_stories/lab_story.h"

#include "event/decode.h"

namespace wdscope {

void LabStory::start(LabOptions options) {
  auto lab = Lab::start(std::move(options));
  ASSERT_TRUE(lab) << lab.error().what;
  lab_ = std::move(*lab);
}

std::unique_ptr<DeviceSource> LabStory::open_reader() {
  auto channel = lab_->open_device();
  EXPECT_TRUE(channel) << channel.error().what;
  if (!channel) return nullptr;
  auto source = DeviceSource::open(std::move(*channel), lab_->origin());
  EXPECT_TRUE(source) << source.error().what;
  return source ? std::move(*source) : nullptr;
}

void LabStory::append(const DeviceSource& reader, const Batch& batch, std::vector<ProcessEvent>& events) {
  const auto walked = for_each_record(batch.records, [&](std::span<const std::byte> record) -> Result<void> {
    auto event = decode(record, reader.origin());
    if (!event) return tl::unexpected(event.error());
    EXPECT_TRUE(std::holds_alternative<ProcessEvent>(*event)) << "something was lost";
    if (const auto* process = std::get_if<ProcessEvent>(&*event)) events.push_back(*process);
    return {};
  });
  EXPECT_TRUE(walked) << walked.error().what;
}

std::vector<ProcessEvent> LabStory::read_all(DeviceSource& reader) {
  std::vector<ProcessEvent> events;
  for (;;) {
    const auto batch = reader.next(std::chrono::milliseconds(0));
    EXPECT_TRUE(batch) << batch.error().what;
    if (!batch || batch->state != Batch::State::Records) return events;
    append(reader, *batch, events);
  }
}

std::vector<ProcessEvent> LabStory::of_process(const std::vector<ProcessEvent>& events, std::uint64_t pid) {
  std::vector<ProcessEvent> list;
  for (const ProcessEvent& event : events)
    if (event.pid == pid) list.push_back(event);
  return list;
}

std::vector<ProcessEvent> LabStory::creates_of(const std::vector<ProcessEvent>& events, const std::string& file_name) {
  std::vector<ProcessEvent> list;
  for (const ProcessEvent& event : events) {
    if (event.operation == Operation::Create && event.image && event.image->value.ends_with("\\" + file_name))
      list.push_back(event);
  }
  return list;
}

}  // namespace wdscope
