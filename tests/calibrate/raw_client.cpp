// SPDX-License-Identifier: MIT
#include "calibrate/raw_client.h"

#include <cstring>
#include <stdexcept>

namespace wdscope::tests {
namespace {

std::span<const std::byte> bytes_of_value(const auto& value) {
  return std::as_bytes(std::span(&value, 1));
}

}  // namespace

RawClient::RawClient(host::Machine& machine, host::Access access) {
  auto file = machine.open(wire::kUserDeviceName, access);
  if (!file) throw std::runtime_error(file.error().message);
  file_ = std::move(*file);
}

host::NtStatus RawClient::start(std::uint32_t notifications, std::uint32_t time_ms) {
  return start({sizeof(wire::RawStartRequest), 0, notifications, time_ms});
}

host::NtStatus RawClient::start(const wire::RawStartRequest& request) {
  return file_->control(wire::kControlRawStart, bytes_of_value(request), {}).status;
}

RawClient::Read RawClient::read(std::size_t buffer_size) {
  Read read;
  std::vector<std::uint64_t> buffer(buffer_size / sizeof(std::uint64_t));
  const auto output = std::as_writable_bytes(std::span(buffer));
  const auto done = file_->control(wire::kControlRawRead, {}, output);
  read.status = done.status;
  if (done.information < sizeof read.reply) return read;
  std::memcpy(&read.reply, output.data(), sizeof read.reply);
  read.records.assign(output.begin() + sizeof read.reply,
                      output.begin() + static_cast<std::ptrdiff_t>(done.information));
  return read;
}

RawClient::Stopped RawClient::stop() {
  Stopped stopped;
  stopped.status =
      file_->control(wire::kControlRawStop, {}, std::as_writable_bytes(std::span(&stopped.totals, 1))).status;
  return stopped;
}

host::NtStatus RawClient::load(const wire::ContextLayout& layout) {
  return file_->control(wire::kControlLoadLayout, bytes_of_value(layout), {}).status;
}

host::NtStatus RawClient::unload() {
  return file_->control(wire::kControlLoadLayout, {}, {}).status;
}

}  // namespace wdscope::tests
