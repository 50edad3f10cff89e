// SPDX-License-Identifier: MIT
// Any bytes as a batch of records: decode and the JSON hot path agree on what is well-formed and on every byte of the
// line, and a library can read the line.
#include <rapidjson/document.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "event/decode.h"
#include "event/json.h"
#include "require.h"

using namespace wdscope;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Origin origin;
  origin.pid_factor = 4;
  std::size_t visited = 0;
  const auto walked =
      for_each_record(std::as_bytes(std::span(data, size)), [&](std::span<const std::byte> record) -> Result<void> {
        visited += record.size();
        const auto event = decode(record, origin);
        std::string line;
        const auto appended = append_json_record(line, record, origin);
        fuzz::require(event.has_value() == appended.has_value(), "both ways accept the same records");
        if (!event) {
          fuzz::require(event.error().code == appended.error().code, "both ways refuse for the same reason");
          fuzz::require(line.empty(), "an error leaves the output as it was");
          return {};
        }
        std::string other;
        append_json(other, *event, origin);
        fuzz::require(line == other, "both ways write the same bytes");
        fuzz::require(line.find('\n') == line.size() - 1, "an event is one line");
        rapidjson::Document document;
        document.Parse<rapidjson::kParseValidateEncodingFlag>(line.data(), line.size());
        fuzz::require(!document.HasParseError() && document.IsObject(), "a line is a JSON object in UTF-8");
        return {};
      });
  fuzz::require(walked ? visited == size : walked.error().code == ErrorCode::InputDamaged,
                "a batch is either whole or damaged");
  return 0;
}
