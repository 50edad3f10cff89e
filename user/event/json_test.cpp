// SPDX-License-Identifier: MIT
#include "event/json.h"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "abi/defender/process_context.h"
#include "event/decode.h"
#include "event/record_builder.h"
#include "event/sample_records.h"

namespace wdscope {
namespace {

Origin lab() {
  Origin origin;
  origin.pid_factor = 4;
  return origin;
}

std::string line_of(const std::vector<std::byte>& record) {
  std::string out;
  const auto appended = append_json_record(out, record, lab());
  EXPECT_TRUE(appended) << appended.error().what;
  return out;
}

rapidjson::Document parsed(const std::string& line) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag>(line.data(), line.size());
  EXPECT_FALSE(document.HasParseError()) << line;
  EXPECT_TRUE(document.IsObject()) << line;
  return document;
}

std::string text(const rapidjson::Value& object, const char* key) {
  return object.HasMember(key) ? std::string(object[key].GetString(), object[key].GetStringLength()) : "(none)";
}

std::vector<std::string> keys(const rapidjson::Value& object) {
  std::vector<std::string> names;
  for (const auto& member : object.GetObject()) names.emplace_back(member.name.GetString());
  return names;
}

TEST(Json, BothWaysGiveTheSameBytesForEverySample) {
  for (const SampleRecord& sample : sample_records()) {
    const auto event = decode(sample.bytes, lab());
    ASSERT_TRUE(event) << sample.what;
    std::string from_event;
    append_json(from_event, *event, lab());
    EXPECT_EQ(from_event, line_of(sample.bytes)) << sample.what;
  }
}

TEST(Json, WhatALoadedLayoutReadsStandsApart) {
  std::vector<std::byte> record;
  for (const SampleRecord& sample : sample_records()) {
    if (sample.what == "context read by a loaded layout") record = sample.bytes;
  }
  const rapidjson::Document document = parsed(line_of(record));
  EXPECT_FALSE(document.HasMember("context"));
  EXPECT_FALSE(document.HasMember("flags"));
  ASSERT_TRUE(document.HasMember("loaded_context"));
  const auto& context = document["loaded_context"];
  EXPECT_EQ(text(context, "magic"), "0x0148da0f");
  EXPECT_EQ(text(context, "flags_raw"), "0x00002040");
  EXPECT_TRUE(context["trusted"].GetBool());
  EXPECT_EQ(document["session_id"].GetUint(), 2u);
  EXPECT_EQ(text(document["protection"], "raw"), "0x31");
  EXPECT_EQ(text(document, "command_line"), "cc -c a.c");
  EXPECT_FALSE(document.HasMember("nt_created"));
}

TEST(Json, EverySampleIsOneLineOfJsonWithoutADuplicateKey) {
  for (const SampleRecord& sample : sample_records()) {
    const std::string line = line_of(sample.bytes);
    ASSERT_FALSE(line.empty());
    EXPECT_EQ(line.find('\n'), line.size() - 1) << sample.what;
    auto names = keys(parsed(line));
    std::sort(names.begin(), names.end());
    EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end()) << sample.what;
  }
}

TEST(Json, TextsSurviveAsALibraryReadsThem) {
  for (const SampleRecord& sample : sample_records()) {
    const auto event = decode(sample.bytes, lab());
    ASSERT_TRUE(event);
    const auto* process = std::get_if<ProcessEvent>(&*event);
    if (process == nullptr) continue;
    const auto document = parsed(line_of(sample.bytes));
    EXPECT_EQ(text(document, "image"), process->image ? process->image->value : "(none)") << sample.what;
    EXPECT_EQ(text(document, "command_line"), process->command_line ? process->command_line->value : "(none)");
    EXPECT_EQ(text(document, "context_image"), process->context_image ? process->context_image->value : "(none)");
  }
}

TEST(Json, ACreateOfTheNewestBuildReadsSo) {
  RecordBuilder builder = RecordBuilder::create(400, 100);
  builder.sequence(7)
      .image(u"\\Device\\x")
      .command_line(u"x \"y\"")
      .context(defender::kProcessContextMagic25080, 0x404);
  builder.nt(kBuilderTime - 1'234'567, 100);
  EXPECT_EQ(line_of(builder.build()),
            R"({"schema":"wdscope.event/1","seq":7,"time":"2026-11-22T08:30:15.1234567Z","operation":"create",)"
            R"("pid":400,"parent_pid":100,"created":"2026-11-22T08:30:15.0000000Z","host_pid":100,)"
            R"("image":"\\Device\\x","command_line":"x \"y\"","trusted":false,)"
            R"("flags":["new_process","thread_ex_check_pending"],"flags_raw":"0x00000404",)"
            R"("rules":"0x00000000","rules2":"0x00000000","rules3":"0x00000000",)"
            R"("injection_target_mask":"0x0000000000000000","injection_request_mask":"0xffffffffffffffff",)"
            R"("context":{"magic":"0x0130da0f","layout":"25080","address":"0xffff8a0123456780"},)"
            R"("protection":{"type":"none","signer":"none","raw":"0x00"},"subsystem":"win32","session_id":1,)"
            R"("known_type":"none","state":["protection_valid","registry_hardening_excluded",)"
            R"("file_hardening_excluded","object_hardening_excluded"],"state_raw":"0x00000039",)"
            R"("send_result":"reply_ok","info_applications":0,"nt_image_name":"cc1","nt_notifier_pid":4,)"
            R"("source":"lab-replica"})"
            "\n");
}

TEST(Json, WithoutAContextWhatNtSaysIsMarkedAsNts) {
  const auto document = parsed(line_of(RecordBuilder::create(400, 100).image(u"x").nt(kBuilderTime, 100).build()));
  for (const char* absent : {"flags", "flags_raw", "command_line", "context", "rules", "subsystem", "state",
                             "nt_created", "nt_parent_pid"}) {
    EXPECT_FALSE(document.HasMember(absent)) << absent;
  }
  EXPECT_EQ(text(document, "created"), "2026-11-22T08:30:15.1234567Z");
  ASSERT_TRUE(document.HasMember("from_nt"));
  std::vector<std::string> from_nt;
  for (const auto& name : document["from_nt"].GetArray()) from_nt.emplace_back(name.GetString());
  EXPECT_EQ(from_nt, (std::vector<std::string>{"created", "session_id", "protection"}));
}

TEST(Json, ATerminatesParentIsNts) {
  const auto document = parsed(line_of(RecordBuilder::terminate(400).nt(kBuilderTime, 100).build()));
  EXPECT_EQ(document["parent_pid"].GetInt(), 100);
  EXPECT_STREQ(document["from_nt"][1].GetString(), "parent_pid");
  EXPECT_FALSE(document.HasMember("trusted"));
}

TEST(Json, WhereTheTwoDifferBothWordsAreKept) {
  RecordBuilder builder = RecordBuilder::create(400, 100);
  builder.context(defender::kProcessContextMagic25080, 0).nt(kBuilderTime, 104);
  builder.fixed().context_created_100ns = kBuilderTime + 1;
  builder.fixed().nt_session_id = 2;
  builder.fixed().context_protection = 0x31;
  builder.fixed().nt_protection = 0x72;
  const auto document = parsed(line_of(builder.build()));
  EXPECT_EQ(document["parent_pid"].GetInt(), 100);
  EXPECT_EQ(document["nt_parent_pid"].GetInt(), 104);
  EXPECT_EQ(text(document, "created"), "2026-11-22T08:30:15.1234568Z");
  EXPECT_EQ(text(document, "nt_created"), "2026-11-22T08:30:15.1234567Z");
  EXPECT_EQ(document["session_id"].GetInt(), 1);
  EXPECT_EQ(document["nt_session_id"].GetInt(), 2);
  EXPECT_EQ(text(document["protection"], "type"), "protected_light");
  EXPECT_EQ(text(document["protection"], "signer"), "antimalware");
  EXPECT_EQ(text(document["nt_protection"], "type"), "protected");
  EXPECT_EQ(text(document["nt_protection"], "signer"), "win_system");
  EXPECT_FALSE(document.HasMember("from_nt"));
}

TEST(Json, ASessionTheNotifierCouldNotQueryIsNts) {
  RecordBuilder builder = RecordBuilder::typical_create(0);
  builder.fixed().context_session_id = 0xFFFFFFFF;
  const auto document = parsed(line_of(builder.build()));
  EXPECT_EQ(document["session_id"].GetInt(), 1);
  EXPECT_STREQ(document["from_nt"][0].GetString(), "session_id");
}

TEST(Json, ValuesWithoutANameAreHex) {
  RecordBuilder builder = RecordBuilder::typical_create(0);
  builder.fixed().context_known_type = 0x15;
  builder.fixed().context_subsystem = 9;
  builder.fixed().context_send_result = 0x7;
  builder.fixed().anomalies = 1u << 31 | 1u;
  const auto document = parsed(line_of(builder.build()));
  EXPECT_EQ(text(document, "known_type"), "0x00000015");
  EXPECT_EQ(text(document, "subsystem"), "0x00000009");
  EXPECT_EQ(text(document, "send_result"), "0x00000007");
  EXPECT_STREQ(document["anomalies"][0].GetString(), "argument_null");
  EXPECT_STREQ(document["anomalies"][1].GetString(), "bit_31");
}

TEST(Json, AnUnknownOperationTellsItsNumber) {
  RecordBuilder builder = RecordBuilder::create(400, 100);
  builder.fixed().operation_type = 77;
  const auto document = parsed(line_of(builder.build()));
  EXPECT_EQ(text(document, "operation"), "unknown");
  EXPECT_EQ(document["operation_raw"].GetInt(), 77);
}

TEST(Json, DamagedAndCutTextIsMarked) {
  const auto document = parsed(line_of(RecordBuilder::create(400, 100)
                                           .image(u"a\xd800")
                                           .command_line(u"\xdc00")
                                           .anomaly(wire::Anomaly::ImageTruncated)
                                           .anomaly(wire::Anomaly::CommandLineTruncated)
                                           .build()));
  for (const char* marker : {"image_damaged", "image_truncated", "command_line_damaged", "command_line_truncated"}) {
    EXPECT_TRUE(document.HasMember(marker)) << marker;
  }
}

TEST(Json, ALossTellsWhatIsMissing) {
  std::vector<std::byte> record;
  append_loss_record(record, 18, 1000);
  EXPECT_EQ(line_of(record), R"({"schema":"wdscope.event/1","seq":18,"operation":"loss","first_seq":18,"lost":1000,)"
                             R"("source":"lab-replica"})"
                             "\n");
}

TEST(Json, ADevicesEventsSaySo) {
  Origin device;
  device.kind = Origin::Kind::Device;
  std::string out;
  ASSERT_TRUE(append_json_record(out, RecordBuilder::terminate(400).build(), device));
  EXPECT_EQ(text(parsed(out), "source"), "device");
}

TEST(Json, APlayedHistoryNamesItsMachineAndNoAddress) {
  Origin origin = lab();
  origin.host_name = "W\"1";
  origin.played = true;
  for (const SampleRecord& sample : sample_records()) {
    std::string line;
    ASSERT_TRUE(append_json_record(line, sample.bytes, origin)) << sample.what;
    const auto document = parsed(line);
    EXPECT_EQ(text(document, "host"), "W\"1") << sample.what;
    if (document.HasMember("context")) {
      EXPECT_FALSE(document["context"].HasMember("address")) << sample.what;
    }
  }
  EXPECT_FALSE(parsed(line_of(sample_records().front().bytes)).HasMember("host"));
}

TEST(Json, AnErrorLeavesTheOutputAsItWas) {
  std::vector<std::byte> record = RecordBuilder::typical_create(0).build();
  record.resize(record.size() - 8);
  std::string out = "before\n";
  const auto appended = append_json_record(out, record, lab());
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().code, ErrorCode::InputDamaged);
  EXPECT_EQ(out, "before\n");
}

}  // namespace
}  // namespace wdscope
