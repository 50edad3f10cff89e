// SPDX-License-Identifier: MIT
// What the tests of the picture, the filter and the exclusion share: events made as they come from a recording.
#pragma once

#include "event/decode.h"
#include "event/process_picture.h"
#include "event/record_builder.h"

namespace wdscope {

inline constexpr std::uint32_t kPictureMagic1910 = 0x00C0DA0F;
inline constexpr std::uint32_t kPictureMagic25080 = 0x0130DA0F;

inline Origin picture_origin() {
  Origin origin;
  origin.pid_factor = 4;
  return origin;
}

inline const ProcessState* add_to(ProcessPicture& picture, RecordBuilder builder, std::uint64_t sequence) {
  builder.sequence(sequence);
  builder.fixed().time_100ns = kBuilderTime + static_cast<std::int64_t>(sequence);
  return picture.add(std::get<ProcessEvent>(decode(builder.build(), picture_origin()).value()));
}

inline RecordBuilder with_context(RecordBuilder builder, std::uint32_t flags, std::int64_t created) {
  builder.nt(kBuilderTime + created, 100).context(kPictureMagic25080, flags);
  builder.fixed().context_created_100ns = kBuilderTime + created;
  return builder;
}

// A process created at kBuilderTime + `created`, and its end.
inline RecordBuilder born(std::uint64_t pid, std::uint32_t flags, std::int64_t created = 0) {
  return with_context(RecordBuilder::create(pid, 100), flags, created)
      .image(u"\\Device\\HarddiskVolume1\\usr\\bin\\cc")
      .command_line(u"cc -c x.c");
}
inline RecordBuilder died(std::uint64_t pid, std::uint32_t flags, std::int64_t created = 0) {
  return with_context(RecordBuilder::terminate(pid), flags, created);
}

inline RecordBuilder trust_changed(std::uint64_t pid, bool trusted, std::int64_t created = 0) {
  return RecordBuilder::trust(pid, trusted ? 1 : 0).nt(kBuilderTime + created, 100);
}

inline RecordBuilder refreshed(std::uint64_t pid, bool trusted, std::int64_t created = 0) {
  return trust_changed(pid, trusted, created).image(u"\\Device\\HarddiskVolume1\\usr\\bin\\cc");
}

}  // namespace wdscope
