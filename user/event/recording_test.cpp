// SPDX-License-Identifier: MIT
#include "event/recording.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <vector>

#include "event/dos_paths.h"

namespace wdscope {
namespace {

RecordingInfo sample_info() {
  RecordingInfo info;
  info.origin.kind = Origin::Kind::Lab;
  info.origin.profile = "a5";
  info.origin.host_name = "h\"ost\n";
  info.origin.description = "the lab's notifier, a replica";
  info.origin.boot_id = ~0ull;
  info.origin.pid_factor = 4;
  info.started = -5;
  info.program_version = "1.2.3";
  return info;
}

TEST(RecordingHeader, ComesBackAsItWasWritten) {
  const auto bytes = encode_recording_header(sample_info());
  EXPECT_EQ(bytes.size() % 8, 0u);
  ASSERT_EQ(recording_header_size(bytes), bytes.size());
  const auto info = decode_recording_header(bytes);
  ASSERT_TRUE(info) << info.error().what;
  EXPECT_EQ(info->origin.kind, Origin::Kind::Lab);
  EXPECT_EQ(info->origin.profile, "a5");
  EXPECT_EQ(info->origin.host_name, "h\"ost\n");
  EXPECT_EQ(info->origin.description, "the lab's notifier, a replica");
  EXPECT_EQ(info->origin.boot_id, ~0ull);
  EXPECT_EQ(info->origin.pid_factor, 4u);
  EXPECT_EQ(info->started, -5);
  EXPECT_EQ(info->program_version, "1.2.3");
  EXPECT_TRUE(info->origin.replayed);
}

TEST(RecordingHeader, KeepsTheDrivesOfTheMachine) {
  EXPECT_EQ(decode_recording_header(encode_recording_header(sample_info()))->origin.dos_paths, nullptr);
  RecordingInfo info = sample_info();
  info.origin.dos_paths = std::make_shared<const DosPaths>(
      DosNames{{{"C:", "\\Device\\HarddiskVolume3"}, {"S:", "\\??\\C:\\Gr\u00FC\u00DFe"}}, "C:\\Windows"});
  const auto read = decode_recording_header(encode_recording_header(info));
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(shown_image(read->origin, "\\Device\\HarddiskVolume3\\x.exe"), "C:\\x.exe");
  EXPECT_EQ(shown_image(read->origin, "\\SystemRoot\\x.exe"), "C:\\Windows\\x.exe");
  EXPECT_EQ(read->origin.dos_paths->names().drives.at(1).device, "\\??\\C:\\Gr\u00FC\u00DFe");
}

TEST(RecordingHeader, AnyChangedByteIsNoticed) {
  const auto bytes = encode_recording_header(sample_info());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto changed = bytes;
    changed[i] ^= std::byte{1};
    EXPECT_FALSE(decode_recording_header(changed)) << i;
  }
}

TEST(RecordingHeader, ANewerFormatIsIncompatibleAndNotDamaged) {
  auto bytes = encode_recording_header(sample_info());
  bytes[offsetof(wire::RecordingHeader, version)] = std::byte{2};
  const auto size = recording_header_size(bytes);
  ASSERT_FALSE(size);
  EXPECT_EQ(size.error().code, ErrorCode::Incompatible);
}

TEST(RecordingHeader, AnotherProtocolIsIncompatible) {
  RecordingInfo info = sample_info();
  info.protocol_version = 2;
  const auto decoded = decode_recording_header(encode_recording_header(info));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, ErrorCode::Incompatible);
}

TEST(RecordingBlock, ASealedBlockIsSoundAndAChangedOneIsNot) {
  const std::vector<std::byte> payload(64, std::byte{7});
  wire::BlockHeader header{};
  header.kind = static_cast<std::uint32_t>(wire::BlockKind::Records);
  header.record_count = 1;
  seal_block(header, payload);
  EXPECT_TRUE(block_header_is_sound(header));
  EXPECT_TRUE(block_payload_is_sound(header, payload));

  auto other_payload = payload;
  other_payload[63] ^= std::byte{1};
  EXPECT_FALSE(block_payload_is_sound(header, other_payload));
  for (std::size_t i = 0; i < sizeof header; ++i) {
    wire::BlockHeader changed = header;
    reinterpret_cast<unsigned char*>(&changed)[i] ^= 1;
    EXPECT_FALSE(block_header_is_sound(changed)) << i;
  }
}

TEST(RecordingBlock, SizesOutOfBoundsAreUnsoundEvenIfSealed) {
  wire::BlockHeader header{};
  header.kind = static_cast<std::uint32_t>(wire::BlockKind::Records);
  seal_block(header, {});
  EXPECT_FALSE(block_header_is_sound(header));
  header.kind = static_cast<std::uint32_t>(wire::BlockKind::End);
  seal_block(header, std::vector<std::byte>(8));
  EXPECT_FALSE(block_header_is_sound(header));
  header.kind = 3;
  seal_block(header, std::vector<std::byte>(24));
  EXPECT_FALSE(block_header_is_sound(header));
}

}  // namespace
}  // namespace wdscope
