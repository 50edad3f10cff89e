// SPDX-License-Identifier: MIT
// make_corpus FOLDER: writes the seeds of every fuzz target into FOLDER/<target>/.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "abi/wire/raw_capture.h"
#include "event/record_builder.h"
#include "event/recording.h"
#include "event/sample_records.h"
#include "lab/policy_request.h"

using namespace wdscope;

namespace {

bool write_seed(const std::filesystem::path& folder, const std::string& name, std::span<const std::byte> bytes) {
  std::filesystem::create_directories(folder);
  std::ofstream out(folder / name, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return static_cast<bool>(out.flush());
}

std::vector<std::byte> recording_seed(std::span<const std::byte> records) {
  std::vector<std::byte> file{std::byte{0}};  // fuzz_recording: the raw file follows
  const auto append = [&](std::span<const std::byte> bytes) { file.insert(file.end(), bytes.begin(), bytes.end()); };
  append(encode_recording_header({}));
  wire::BlockHeader header{};
  header.kind = static_cast<std::uint32_t>(wire::BlockKind::Records);
  header.record_count = 1;
  seal_block(header, records);
  append(std::as_bytes(std::span(&header, 1)));
  append(records);
  const wire::EndPayload totals{1, 1, 0};
  header = {};
  header.kind = static_cast<std::uint32_t>(wire::BlockKind::End);
  seal_block(header, std::as_bytes(std::span(&totals, 1)));
  append(std::as_bytes(std::span(&header, 1)));
  append(std::as_bytes(std::span(&totals, 1)));
  return file;
}

// Three blocks for fuzz_recording: sound, with a wrong checksum, sound.
std::vector<std::byte> blocks_seed() {
  std::vector<std::byte> seed{std::byte{1}};
  for (const std::uint8_t control : {0x10, 0x12, 0x10}) {
    std::vector<std::byte> records;
    append_loss_record(records, seed.size(), 1);
    seed.push_back(std::byte{control});
    seed.push_back(static_cast<std::byte>(records.size() / 8));
    seed.insert(seed.end(), records.begin(), records.end());
  }
  return seed;
}

// One life told by both channels, and an end without a start.
constexpr std::string_view kLogSeed =
    R"({"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Hostname":"W1","UtcTime":"2021-03-04 05:06:07.089","ProcessGuid":"{ab00}","ProcessId":"4244","Image":"C:\\a.exe","CommandLine":"a b","ParentProcessGuid":"{ab01}","ParentProcessId":"800","ParentImage":"C:\\p.exe"}
{"Channel":"Security","EventID":4688,"Hostname":"W1","EventTime":"2021-03-04 01:06:07","@timestamp":"2021-03-04T05:06:08Z","NewProcessId":"0x1094","NewProcessName":"C:\\a.exe","Message":"x\r\n\tCreator Process ID:\t0x320\r\n"}
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":5,"Hostname":"W1","UtcTime":"2021-03-04 05:06:08.5","ProcessGuid":"{ab00}","Image":"C:\\a.exe"}
{"Channel":"Security","EventID":4689,"Hostname":"W2","TimeCreated":"2021-03-04T05:06:09.1234567Z","ProcessId":"0x200","ProcessName":"C:\\b.exe"}
)";
// Payloads for fuzz_engine_command, each behind its profile and its place among the commands.
bool write_command_seeds(const std::filesystem::path& folder) {
  const auto text = [](std::u16string_view units) {
    const auto bytes = std::as_bytes(std::span(units));
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  };
  const auto seed = [](std::uint8_t command, std::vector<std::pair<std::size_t, std::uint64_t>> members,
                       std::size_t payload_size, const std::vector<std::byte>& tail) {
    std::vector<std::byte> payload(payload_size);
    for (const auto& [offset, value] : members) {
      for (std::size_t byte = 0; byte < 8 && offset + byte < payload.size(); ++byte) {
        payload[offset + byte] |= static_cast<std::byte>(value >> (8 * byte));
      }
    }
    std::vector<std::byte> bytes{std::byte{2}, std::byte{command}};
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    bytes.insert(bytes.end(), tail.begin(), tail.end());
    return bytes;
  };
  // Offsets count from behind the header: 0x10 less than in abi/defender/commands.h.
  const auto exclusions = text(std::u16string_view(u"a.exe\0\\Device\\*\0", 17));
  const auto rules = text(std::u16string_view(u"a.exe\0pdf\0\0", 11));
  std::vector<std::vector<std::byte>> seeds;
  seeds.push_back(seed(0, {{0, exclusions.size()}, {8, 0x80}}, 0x70, exclusions));
  seeds.push_back(
      seed(1, {{0, 0x20 + rules.size()}, {8, 0x80}, {0x70, 1}, {0x78, 0x90}, {0x80, 0xA0}, {0x88, 0xAC}}, 0x90, rules));
  seeds.push_back(seed(2, {{0, 1}, {8, 1000}, {12, 133'000'000'000'000'000}, {20, 0x20}}, 8 + 0x68, {}));
  seeds.push_back(seed(3, {{0, 1000}, {8, 1}}, 12, {}));
  seeds.push_back(seed(4, {{4, 1000}, {8, 133'000'000'000'000'000}}, 0x19, {}));
  seeds.push_back(seed(5, {}, 0, {}));
  seeds.push_back(seed(6, {{0, 5}}, 4, {}));
  seeds.push_back(seed(7, {}, 0, {}));
  bool written = true;
  for (std::size_t index = 0; index < seeds.size(); ++index) {
    written = written && write_seed(folder, "command" + std::to_string(index), seeds[index]);
  }
  return written;
}

constexpr std::u16string_view kExceptionsSeed(u"\\Device\\V\\a.exe\0\\Device\\V\\b.exe\0", 32);

constexpr std::string_view kPolicySeed = R"(version = 1
[trust]
folders = ["/usr/bin"]
windows_folders = ['C:\\Windows']
require_protected = false
[service]
create_timeout_ms = 500
[[verdict]]
image = "n?"
command_line = "*-l*"
parent = "/usr/*"
answer = "deny"
[[verdict]]
image = "a"
answer = "delay"
delay_ms = 5
trusted = true
[[process]]
image = "b"
rules = 0x20
injection_target_mask = "0xF000000000000000"
hardening_excluded = ["file"]
cloud_sync = true
[[process]]
parent = "c"
friendly = true
rules2 = "0x402"
rules3 = 4
injection_request_mask = 3
[exclusions]
processes = ["cc1", "/opt/*"]
[[doc_rule]]
process = "r.exe"
extensions = ["pdf"]
)";

// For fuzz_layout: a file behind its choice ('0' is a multiple of 3), and a raw record of a notification whose context
// points nowhere.
constexpr std::string_view kLayoutSeed = R"(0version = 1
architecture = "x64"
build = "b"
magic = 0x0148DA0F
size = 0x148
slot = -8
[members]
process_id = 0x18
create_time = 0x20
command_line = 0x28
flags = 0x34
trust = { offset = 0x34, bit = 6 }
protection = 0xB9
)";

std::vector<std::byte> raw_seed(std::span<const std::byte> event) {
  constexpr std::uint32_t kContextSize = 0x40;
  wire::RawNotificationRecord fixed{};
  const auto event_size = static_cast<std::uint32_t>(event.size());
  fixed.header = {static_cast<std::uint32_t>(sizeof fixed) + event_size + kContextSize, wire::kRawNotificationKind,
                  sizeof fixed, 0};
  fixed.slot_offset = -8;
  fixed.context_magic = kContextSize << 16 | 0xDA0F;
  fixed.event_offset = sizeof fixed;
  fixed.event_size = event_size;
  fixed.context_offset = fixed.event_offset + event_size;
  fixed.context_size = kContextSize;
  fixed.text_offset = fixed.context_offset;
  std::vector<std::byte> seed{std::byte{2}};
  const auto head = std::as_bytes(std::span(&fixed, 1));
  seed.insert(seed.end(), head.begin(), head.end());
  seed.insert(seed.end(), event.begin(), event.end());
  seed.resize(seed.size() + kContextSize);
  return seed;
}

// Every verb and every key.
constexpr std::string_view kScenarioSeed = R"(version = 1
title = "everything"
profiles = ["1910", "25080", "a5"]
seed = 7
[lab]
notifier = true
observer = true
service = true
messages = false
[[step]]
start = "a"
image = 'C:\t\a.exe'
command_line = "a -b"
process_id = 400
session = 1
protection = 0x31
subsystem = true
services = ["WinDefend"]
answer = "delay"
delay_ms = 5
trusted = true
rules = 0x20
rules2 = 2
rules3 = 4
injection_target_mask = 1
injection_request_mask = "0xF000000000000000"
cloud_sync = true
hardening_excluded = ["file"]
outcome = "accepted"
after_ms = 9
fail_allocation = 3
expect = [
  { told = "message_create", process = "a" },
  { told = "create", process = "a", trusted = true, parent = "System", image = "a.exe", command_line = "*", flags = ["trusted"], no_flags = ["excluded"], rules = 1, rules2 = 2, rules3 = 3, known_type = 4, send_result = 1, infos = 0, injection_target_mask = 1, injection_request_mask = 2, doc_rule = false, hardening_excluded = [] },
]
expect_a5 = []
[[step]]
adopt = "b"
parent = "a"
profiles = ["a5"]
[[step]]
command = "exclusions"
processes = ["x", 'C:\y\*']
status = 0xC000000D
size = 12
patch = [{ offset = 4, value = "0xFFFFFFFFFFFFFFFF", size = 8 }]
[[step]]
command = "doc_rules"
rules = [{ process = "w.exe", extensions = ["doc"] }]
[[step]]
command = "process_info"
process = "a"
rules = 1
[[step]]
command = "taint"
process = "a"
[[step]]
command = "trusted_installer"
hardening_excluded = ["registry"]
[[step]]
command = "query"
trusted = 1
untrusted = 2
[[step]]
service = "connects"
process = "a"
[[step]]
unload = "observer"
refused = true
[[step]]
refresh = true
[[step]]
load = "wdnis"
[[step]]
exceptions = ['C:\a.exe']
[[step]]
crowd = 10
running = 2
[[step]]
exit = "a"
fail_allocation = "every"
)";

bool write_request_seeds(const std::filesystem::path& folder) {
  const auto request = write_policy_request("policy.toml", kPolicySeed);
  return request && write_seed(folder, "request", *request) &&
         write_seed(folder, "answer", write_policy_answer(PolicyOutcome::Refused, "what\nadvice"));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_corpus FOLDER\n");
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  bool written = write_seed(folder / "fuzz_recording", "blocks", blocks_seed()) &&
                 write_seed(folder / "fuzz_log", "lives", std::as_bytes(std::span(kLogSeed))) &&
                 write_command_seeds(folder / "fuzz_engine_command") &&
                 write_seed(folder / "fuzz_layout", "file", std::as_bytes(std::span(kLayoutSeed))) &&
                 write_seed(folder / "fuzz_nis_exceptions", "two", std::as_bytes(std::span(kExceptionsSeed))) &&
                 write_request_seeds(folder / "fuzz_policy_request") &&
                 write_seed(folder / "fuzz_policy", "everything", std::as_bytes(std::span(kPolicySeed))) &&
                 write_seed(folder / "fuzz_scenario", "everything", std::as_bytes(std::span(kScenarioSeed)));
  int number = 0;
  for (const SampleRecord& sample : sample_records()) {
    const std::string name = "sample" + std::to_string(number++);
    const auto members = std::span(sample.bytes).subspan(sizeof(wire::RecordHeader));
    written = written && write_seed(folder / "fuzz_decode", name, sample.bytes) &&
              write_seed(folder / "fuzz_json", name, members) &&
              write_seed(folder / "fuzz_layout", name, raw_seed(sample.bytes)) &&
              write_seed(folder / "fuzz_recording", name, recording_seed(sample.bytes));
  }
  if (!written) std::fprintf(stderr, "make_corpus: cannot write to %s\n", argv[1]);
  return written ? 0 : 3;
}
