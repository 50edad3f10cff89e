// SPDX-License-Identifier: MIT
#include "event/sample_records.h"

#include <cstring>
#include <string>

#include "abi/defender/flags.h"
#include "abi/defender/process_context.h"
#include "event/record_builder.h"

namespace wdscope {
namespace {

constexpr std::u16string_view kImage = u"\\Device\\HarddiskVolume1\\usr\\bin\\cc";

RecordBuilder everything() {
  RecordBuilder builder = RecordBuilder::create(~0ull, ~0ull);
  builder.sequence(~0ull)
      .image(u"\x1f\xd800\xdbff")
      .context_image(u"\xdfff")
      .command_line(u"\x01\x02\"\\")
      .context(defender::kProcessContextMagic25080, ~0u)
      .doc_rule(u"\x1f\xd800", std::u16string(u"\x1f\0\0\xdfff", 4))
      .nt(INT64_MIN, 12);
  wire::ProcessRecord& fixed = builder.fixed();
  fixed.known = ~0ull & ~wire::known::ContextImageSame & ~wire::known::Snapshot;
  fixed.time_100ns = INT64_MAX;
  fixed.context_created_100ns = INT64_MAX;
  fixed.anomalies = ~0u;
  fixed.notifier_process_id = ~0ull;
  fixed.context_subsystem = ~0u;
  fixed.context_rules = ~0u;
  fixed.context_rules2 = ~0u;
  fixed.context_known_type = ~0u;
  fixed.context_state = ~0u;
  fixed.context_send_result = ~0u;
  fixed.context_info_applications = ~0u;
  fixed.context_session_id = ~0u - 1;
  fixed.nt_session_id = 7;
  fixed.context_protection = 0x82;
  fixed.nt_protection = 0x62;
  std::memset(fixed.nt_image_name, 0xFF, sizeof fixed.nt_image_name);
  return builder;
}

}  // namespace

std::vector<SampleRecord> sample_records() {
  using wire::Anomaly;
  std::vector<SampleRecord> samples;
  const auto add = [&](std::string_view what, const RecordBuilder& builder) {
    samples.push_back({what, builder.build()});
  };

  add("typical create, newest build", RecordBuilder::typical_create(0));
  add("create, 1910", RecordBuilder::create(400, 100)
                          .sequence(1)
                          .image(kImage)
                          .command_line(u"cc -c x.c")
                          .context(defender::kProcessContextMagic1910, defender::flag::ServiceHost)
                          .nt(kBuilderTime, 104));
  add("create, 25080: no context to be found",
      RecordBuilder::create(400, 100).sequence(2).image(kImage).nt(kBuilderTime, 100));
  add("create, nothing but the argument", RecordBuilder::create(400, 100).sequence(3));
  add("terminate with context", RecordBuilder::terminate(400)
                                    .sequence(4)
                                    .context_image(kImage)
                                    .context(defender::kProcessContextMagic25080, defender::flag::Terminating)
                                    .nt(kBuilderTime, 100));
  add("terminate, NT does not know it", RecordBuilder::terminate(400).sequence(5).anomaly(Anomaly::ProcessUnknownToNt));
  add("trusted", RecordBuilder::trust(400, 1).sequence(6).nt(kBuilderTime, 100));
  add("untrusted", RecordBuilder::trust(400, 0).sequence(7).nt(kBuilderTime, 100));
  add("refresh", RecordBuilder::trust(400, 0x40).sequence(8).image(kImage).nt(kBuilderTime, 100));
  add("refresh whose image could not be read",
      RecordBuilder::trust(400, 0x40).sequence(9).anomaly(Anomaly::ImageStringInvalid));

  RecordBuilder unknown = RecordBuilder::create(400, 100);
  unknown.fixed().operation_type = 77;
  add("unknown operation", unknown.sequence(10).anomaly(Anomaly::UnknownOperation));
  RecordBuilder unreadable = RecordBuilder::create(0, 0);
  unreadable.fixed().known = 0;
  unreadable.fixed().operation_type = 0;
  add("argument not readable", unreadable.sequence(11).anomaly(Anomaly::ArgumentUnreadable));
  RecordBuilder candidate = RecordBuilder::create(400, 100);
  candidate.fixed().known |= wire::known::ContextLocation;
  candidate.fixed().context_magic = 0x0140DA0F;
  add("context not recognised", candidate.sequence(12).anomaly(Anomaly::ContextMagicUnknown));
  RecordBuilder loaded = RecordBuilder::terminate(400);
  loaded.fixed().known |= wire::known::ContextLocation | wire::known::LoadedContext | wire::known::LoadedFlags |
                          wire::known::LoadedTrust | wire::known::LoadedTrusted | wire::known::LoadedSession |
                          wire::known::ContextProtection;
  loaded.fixed().context_address = 0xFFFF'8A01'2345'6780;
  loaded.fixed().context_magic = 0x0148DA0F;
  loaded.fixed().context_created_100ns = kBuilderTime - 1;
  loaded.fixed().context_flags = defender::flag::Trusted | defender::flag::Terminating;
  loaded.fixed().context_protection = 0x31;
  loaded.fixed().context_session_id = 2;
  add("context read by a loaded layout", loaded.sequence(12).command_line(u"cc -c a.c").nt(kBuilderTime - 1, 100));
  RecordBuilder sessionless = RecordBuilder::typical_create(13);
  sessionless.fixed().context_session_id = 0xFFFFFFFF;
  add("the notifier's query of the session failed", sessionless);

  add("awkward text", RecordBuilder::create(400, 100)
                          .sequence(14)
                          .image(u"\\\"\b\f\n\r\t\x01\x1f\x7f/\x80\x7ff\x800\xffff\xd83d\xde00 and sixteen more")
                          .context(defender::kProcessContextMagic1910, 0)
                          .command_line(u"0123456789abcdef\xd800|\xdc00|\xdc00\xd800 0123456789abcdef\xd83d"));
  add("doc rule", RecordBuilder::typical_create(18).doc_rule(u"AcroRd32.exe", std::u16string(u"pdf\0fdf", 7)));
  add("doc rule without extensions", RecordBuilder::typical_create(19).doc_rule(u"winword.exe", u""));
  add("rules", [] {
    RecordBuilder builder = RecordBuilder::typical_create(20);
    builder.fixed().context_rules = defender::rule::ForceTrusted | defender::rule::MonitorAlthoughExcluded;
    builder.fixed().context_rules2 = defender::rule2::NotifyByte1E;
    return builder;
  }());
  add("a layout that has not every member", [] {
    RecordBuilder builder = RecordBuilder::typical_create(21);
    builder.fixed().known &= ~wire::known::ContextTail25080;
    builder.fixed().context_members = wire::kContextCommonMembers &
                                      ~defender::member_bit(defender::ContextMember::ProcessRules) &
                                      ~defender::member_bit(defender::ContextMember::SubsystemInformation);
    return builder;
  }());
  add("a snapshot begins", RecordBuilder::snapshot(wire::SnapshotBoundary::Begin, 0).sequence(22));
  add("a snapshot ends", RecordBuilder::snapshot(wire::SnapshotBoundary::End, 123).sequence(23));
  add("empty text", RecordBuilder::create(400, 100).sequence(15).image(u"").command_line(u""));
  add("cut text", RecordBuilder::create(400, 100)
                      .sequence(16)
                      .image(kImage)
                      .command_line(u"cc")
                      .anomaly(Anomaly::ImageTruncated)
                      .anomaly(Anomaly::CommandLineTruncated));
  add("longest text", RecordBuilder::create(400, 100)
                          .sequence(17)
                          .image(std::u16string(0x7FFF, u'\x01'))
                          .context_image(std::u16string(0x7FFF, u'\xd800'))
                          .command_line(std::u16string(0x7FFF, u'\\')));
  add("everything at its largest", everything());

  samples.push_back({"loss", {}});
  append_loss_record(samples.back().bytes, 18, 1000);
  return samples;
}

}  // namespace wdscope
