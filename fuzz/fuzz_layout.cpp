// SPDX-License-Identifier: MIT
// Three boundaries, chosen by the first byte: any text as a layout file; any bytes as the layout that a driver is
// given; any bytes as raw records. What is accepted keeps every rule of layouts; what is inferred from anything does
// too.
#include <algorithm>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "calibrate/inference.h"
#include "calibrate/layout_file.h"
#include "calibrate/layout_row.h"
#include "calibrate/report.h"
#include "event/decode.h"
#include "require.h"

using namespace wdscope;
using namespace wdscope::calibrate;

namespace {

// The rules once more, byte by byte.
void require_sound(const wire::ContextLayout& layout) {
  std::bitset<wire::kMaximumRawContextSize> taken;
  for (std::size_t byte = 0; byte < sizeof layout.magic; ++byte) taken.set(byte);
  for (std::uint32_t index = 0; index < wire::kLayoutMemberCount; ++index) {
    const auto member = static_cast<wire::LayoutMember>(index);
    if (!layout.has(member)) {
      fuzz::require(!wire::kLayoutMemberRules[index].required, "what is required is there");
      continue;
    }
    const std::uint32_t size = wire::kLayoutMemberRules[index].size;
    const std::uint32_t offset = layout.offset(member);
    fuzz::require(offset % size == 0, "a member is aligned");
    const bool shared = member == wire::LayoutMember::Trust && offset == layout.offset(wire::LayoutMember::Flags);
    for (std::uint32_t byte = offset; byte < offset + size; ++byte) {
      fuzz::require(byte < layout.context_size() && byte < layout.magic >> 16, "a member lies within the context");
      fuzz::require(shared || !taken.test(byte), "members do not overlap");
      taken.set(byte);
    }
  }
}

void try_file(std::string_view text) {
  const auto file = parse_layout_file(text, "l");
  if (!file) {
    fuzz::require(file.error().what.starts_with("layout l:"), "an error names its place");
    return;
  }
  fuzz::require(wire::check_layout(file->layout).right(), "what is read keeps the rules");
  require_sound(file->layout);
  fuzz::require(!catalogue_row(*file).empty(), "what is right has a row");
}

void try_blob(std::string_view bytes) {
  wire::ContextLayout layout{};
  std::memcpy(&layout, bytes.data(), std::min(bytes.size(), sizeof layout));
  if (wire::check_layout(layout).right()) require_sound(layout);
}

void try_records(std::string_view bytes) {
  Collector collector;
  const auto walked = for_each_record(std::as_bytes(std::span(bytes)), [&](std::span<const std::byte> record) {
    const auto taken = collector.add(record);
    fuzz::require(taken || taken.error().code == ErrorCode::InputDamaged, "a record is read or damaged");
    return Result<void>();
  });
  fuzz::require(walked || walked.error().code == ErrorCode::InputDamaged, "records are whole or damaged");
  const Observations observations = collector.finish();
  const Calibration calibration = infer(observations);
  fuzz::require(!report_text(observations, calibration).empty(), "anything has a report");
  if (!calibration.is_usable()) return;
  fuzz::require(wire::check_layout(calibration.layout()).right(), "what is inferred keeps the rules");
  const auto file = parse_layout_file(write_layout_file(calibration, "", ""), "l");
  const wire::ContextLayout layout = calibration.layout();
  fuzz::require(file && std::memcmp(&file->layout, &layout, sizeof layout) == 0,
                "a layout file holds what was inferred");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      try_file(rest);
      break;
    case 1:
      try_blob(rest);
      break;
    default:
      try_records(rest);
      break;
  }
  return 0;
}
