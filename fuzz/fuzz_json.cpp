// SPDX-License-Identifier: MIT
// A valid record whose members and texts are any bytes: both ways to NDJSON agree, and a library reads back the texts
// that decode() gives.
#include <rapidjson/document.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "event/decode.h"
#include "event/json.h"
#include "event/record_builder.h"
#include "require.h"

using namespace wdscope;

namespace {

std::u16string take_text(std::span<const std::uint8_t>& bytes, std::size_t share) {
  const std::size_t units = bytes.size() / 2 / share;
  std::u16string text(units, u'\0');
  std::memcpy(text.data(), bytes.data(), units * 2);
  bytes = bytes.subspan(units * 2);
  return text;
}

void check_text(const rapidjson::Document& line, const char* key, const std::optional<Text>& text) {
  const auto member = line.FindMember(key);
  fuzz::require((member != line.MemberEnd()) == text.has_value(), "a text is there exactly if it is known");
  if (!text) return;
  fuzz::require(std::string_view(member->value.GetString(), member->value.GetStringLength()) == text->value,
                "a text reads back as it was");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::span<const std::uint8_t> bytes(data, size);
  RecordBuilder builder = RecordBuilder::create(0, 0);
  wire::ProcessRecord& fixed = builder.fixed();
  // Everything between the header and the spans, which build() sets.
  constexpr std::size_t kFirst = sizeof(wire::RecordHeader);
  constexpr std::size_t kLast = offsetof(wire::ProcessRecord, argument_image);
  const std::size_t members = std::min(bytes.size(), kLast - kFirst);
  std::memcpy(reinterpret_cast<std::uint8_t*>(&fixed) + kFirst, bytes.data(), members);
  bytes = bytes.subspan(members);
  const std::uint64_t known = fixed.known;
  builder.image(take_text(bytes, 3)).context_image(take_text(bytes, 2)).command_line(take_text(bytes, 1));
  fixed.known = known;

  Origin origin;
  origin.pid_factor = fixed.notifier_process_id % 5;
  const auto record = builder.build();
  const auto event = decode(record, origin);
  fuzz::require(event.has_value(), "a built record is valid");
  std::string line;
  fuzz::require(append_json_record(line, record, origin).has_value(), "a valid record can be written");
  std::string other;
  append_json(other, *event, origin);
  fuzz::require(line == other, "both ways write the same bytes");
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag>(line.data(), line.size());
  fuzz::require(!document.HasParseError() && document.IsObject(), "a line is a JSON object in UTF-8");
  const auto& process = std::get<ProcessEvent>(*event);
  check_text(document, "image", process.image);
  check_text(document, "context_image", process.context_image);
  check_text(document, "command_line", process.command_line);
  return 0;
}
