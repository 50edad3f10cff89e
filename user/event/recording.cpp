// SPDX-License-Identifier: MIT
#include "event/recording.h"

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstring>
#include <memory>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "event/dos_paths.h"

namespace wdscope {
namespace {

// Keys of the metadata, in the order they are written.
constexpr char kKind[] = "kind";
constexpr char kProfile[] = "profile";
constexpr char kHost[] = "host";
constexpr char kDescription[] = "description";
constexpr char kBootId[] = "boot_id";
constexpr char kPidFactor[] = "pid_factor";
constexpr char kStarted[] = "started_filetime";
constexpr char kProgram[] = "program";
constexpr char kDrives[] = "drives";
constexpr char kWindowsFolder[] = "windows_folder";

constexpr std::string_view kLab = "lab";
constexpr std::string_view kDevice = "device";

using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

void write_member(JsonWriter& writer, const char* key, std::string_view value) {
  writer.Key(key);
  writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void write_dos_names(JsonWriter& writer, const DosNames& names) {
  writer.Key(kDrives);
  writer.StartObject();
  for (const auto& [name, device] : names.drives) write_member(writer, name.c_str(), device);
  writer.EndObject();
  write_member(writer, kWindowsFolder, names.windows_folder);
}

std::string metadata_of(const RecordingInfo& info) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  writer.StartObject();
  write_member(writer, kKind, info.origin.kind == Origin::Kind::Lab ? kLab : kDevice);
  write_member(writer, kProfile, info.origin.profile);
  write_member(writer, kHost, info.origin.host_name);
  write_member(writer, kDescription, info.origin.description);
  writer.Key(kBootId);
  writer.Uint64(info.origin.boot_id);
  writer.Key(kPidFactor);
  writer.Uint(info.origin.pid_factor);
  writer.Key(kStarted);
  writer.Int64(info.started);
  write_member(writer, kProgram, info.program_version);
  if (info.origin.dos_paths) write_dos_names(writer, info.origin.dos_paths->names());
  writer.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize());
}

const rapidjson::Value* member(const rapidjson::Value& object, const char* key) {
  const auto found = object.FindMember(key);
  return found == object.MemberEnd() ? nullptr : &found->value;
}

bool read_text(const rapidjson::Value& object, const char* key, std::string& out) {
  const auto* value = member(object, key);
  if (value == nullptr || !value->IsString()) return false;
  out.assign(value->GetString(), value->GetStringLength());
  return true;
}

// A recording of a machine that has drives has both members, any other has neither.
bool read_dos_names(const rapidjson::Value& object, Origin& origin) {
  const auto* drives = member(object, kDrives);
  if (drives == nullptr) return member(object, kWindowsFolder) == nullptr;
  DosNames names;
  if (!drives->IsObject() || !read_text(object, kWindowsFolder, names.windows_folder)) return false;
  for (const auto& drive : drives->GetObject()) {
    if (!drive.value.IsString()) return false;
    names.drives.push_back({{drive.name.GetString(), drive.name.GetStringLength()},
                            {drive.value.GetString(), drive.value.GetStringLength()}});
  }
  origin.dos_paths = std::make_shared<const DosPaths>(std::move(names));
  return true;
}

bool read_metadata(std::string_view json, RecordingInfo& info) {
  rapidjson::Document document;
  // Iterative: the depth of foreign JSON must not become the depth of our stack.
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(json.data(), json.size());
  if (document.HasParseError() || !document.IsObject()) return false;
  std::string kind;
  if (!read_text(document, kKind, kind) || (kind != kLab && kind != kDevice)) return false;
  info.origin.kind = kind == kLab ? Origin::Kind::Lab : Origin::Kind::Device;
  const auto* boot_id = member(document, kBootId);
  const auto* pid_factor = member(document, kPidFactor);
  const auto* started = member(document, kStarted);
  if (boot_id == nullptr || !boot_id->IsUint64() || pid_factor == nullptr || !pid_factor->IsUint() ||
      started == nullptr || !started->IsInt64()) {
    return false;
  }
  info.origin.boot_id = boot_id->GetUint64();
  info.origin.pid_factor = pid_factor->GetUint();
  info.started = started->GetInt64();
  return read_text(document, kProfile, info.origin.profile) && read_text(document, kHost, info.origin.host_name) &&
         read_text(document, kDescription, info.origin.description) &&
         read_text(document, kProgram, info.program_version) && read_dos_names(document, info.origin);
}

std::uint64_t hash(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

// Of the header with its checksum zero, then what follows it.
std::uint64_t header_checksum(wire::RecordingHeader header, std::span<const std::byte> rest) {
  header.checksum = 0;
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, &header, sizeof header);
  XXH3_64bits_update(&state, rest.data(), rest.size());
  return XXH3_64bits_digest(&state);
}

std::uint64_t header_checksum(wire::BlockHeader header) {
  header.header_checksum = 0;
  return XXH3_64bits(&header, sizeof header);
}

tl::unexpected<Error> damaged_recording(std::string what) {
  return failure(ErrorCode::InputDamaged, std::move(what));
}

}  // namespace

std::vector<std::byte> encode_recording_header(const RecordingInfo& info) {
  const std::string metadata = metadata_of(info);
  const std::size_t size = (sizeof(wire::RecordingHeader) + metadata.size() + wire::kRecordAlignment - 1) /
                           wire::kRecordAlignment * wire::kRecordAlignment;
  std::vector<std::byte> bytes(size);
  std::memcpy(bytes.data() + sizeof(wire::RecordingHeader), metadata.data(), metadata.size());

  wire::RecordingHeader header{};
  std::memcpy(header.magic, wire::kRecordingMagic, sizeof header.magic);
  header.version = wire::kRecordingVersion;
  header.size = static_cast<std::uint32_t>(size);
  header.metadata_size = static_cast<std::uint32_t>(metadata.size());
  header.protocol_version = info.protocol_version;
  header.schema_version = info.schema_version;
  header.checksum = header_checksum(header, std::span(bytes).subspan(sizeof header));
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

Result<std::uint32_t> recording_header_size(std::span<const std::byte> fixed_part) {
  wire::RecordingHeader header;
  if (fixed_part.size() < sizeof header) return damaged_recording("is too short to be a recording");
  std::memcpy(&header, fixed_part.data(), sizeof header);
  if (std::memcmp(header.magic, wire::kRecordingMagic, sizeof header.magic) != 0) {
    return damaged_recording("is not a wdscope recording");
  }
  if (header.version > wire::kRecordingVersion) {
    return failure(ErrorCode::Incompatible,
                   fmt::format("is a recording of format {}; this program reads up to {}", header.version,
                               wire::kRecordingVersion),
                   "use a newer wdscope");
  }
  if (header.size < sizeof header || header.size > wire::kMaximumRecordingHeaderSize ||
      header.size % wire::kRecordAlignment != 0 || header.metadata_size > header.size - sizeof header) {
    return damaged_recording("has a damaged header");
  }
  return header.size;
}

Result<RecordingInfo> decode_recording_header(std::span<const std::byte> bytes) {
  const auto size = recording_header_size(bytes);
  if (!size) return tl::make_unexpected(size.error());
  wire::RecordingHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (*size != bytes.size() || header_checksum(header, bytes.subspan(sizeof header)) != header.checksum) {
    return damaged_recording("has a damaged header: its checksum does not hold");
  }
  if (header.protocol_version != wire::kProtocolVersion) {
    return failure(ErrorCode::Incompatible, fmt::format("holds records of protocol {}; this program reads {}",
                                                        header.protocol_version, wire::kProtocolVersion));
  }
  RecordingInfo info;
  info.protocol_version = header.protocol_version;
  info.schema_version = header.schema_version;
  const auto metadata = bytes.subspan(sizeof header, header.metadata_size);
  if (!read_metadata({reinterpret_cast<const char*>(metadata.data()), metadata.size()}, info)) {
    return damaged_recording("has a header whose description cannot be read");
  }
  info.origin.replayed = true;
  return info;
}

void seal_block(wire::BlockHeader& header, std::span<const std::byte> payload) {
  std::memcpy(header.magic, wire::kBlockMagic, sizeof header.magic);
  header.header_size = sizeof header;
  header.payload_size = static_cast<std::uint32_t>(payload.size());
  header.payload_checksum = hash(payload);
  header.header_checksum = header_checksum(header);
}

bool block_header_is_sound(const wire::BlockHeader& header) {
  if (std::memcmp(header.magic, wire::kBlockMagic, sizeof header.magic) != 0) return false;
  if (header.header_size != sizeof header || header.payload_size % wire::kRecordAlignment != 0) return false;
  if (header.payload_size > wire::kMaximumBlockPayload || header_checksum(header) != header.header_checksum) {
    return false;
  }
  switch (static_cast<wire::BlockKind>(header.kind)) {
    case wire::BlockKind::Records:
      return header.payload_size != 0;
    case wire::BlockKind::End:
      return header.payload_size == sizeof(wire::EndPayload);
  }
  return false;
}

bool block_payload_is_sound(const wire::BlockHeader& header, std::span<const std::byte> payload) {
  return payload.size() == header.payload_size && hash(payload) == header.payload_checksum;
}

}  // namespace wdscope
