// SPDX-License-Identifier: MIT
// Room for NT's own structures inside Defender's: size and alignment of x64, without their headers.
// Source: wdk headers (ERESOURCE 0x68, KEVENT 0x18, lookaside lists 0x80 on 64-byte lines, push lock 8).
#pragma once

#include <cstddef>
#include <cstdint>

namespace wdscope::defender {

// An address in the kernel that wrote the structure. Never dereferenced by a reader before it is validated.
using KernelAddress = std::uint64_t;

struct alignas(8) EresourceBytes {
  std::uint8_t bytes[0x68];
};
struct alignas(8) KeventBytes {
  std::uint8_t bytes[0x18];
};
struct alignas(64) LookasideBytes {
  std::uint8_t bytes[0x80];
};
struct alignas(8) PushLockBytes {
  std::uint8_t bytes[0x08];
};
struct ListLinks {  // LIST_ENTRY
  KernelAddress flink;
  KernelAddress blink;
};
struct CountedString {  // UNICODE_STRING: lengths in bytes, not terminated
  std::uint16_t length;
  std::uint16_t maximum_length;
  std::uint32_t padding;
  KernelAddress buffer;
};

static_assert(sizeof(EresourceBytes) == 0x68 && sizeof(KeventBytes) == 0x18 && sizeof(LookasideBytes) == 0x80);
static_assert(sizeof(ListLinks) == 0x10 && sizeof(CountedString) == 0x10);

// Defender's structures begin with (size << 16 | type); always compared as 32 bits.
constexpr std::uint32_t magic_of(std::uint16_t size, std::uint16_t type) {
  return static_cast<std::uint32_t>(size) << 16 | type;
}
constexpr std::uint16_t size_in(std::uint32_t magic) {
  return static_cast<std::uint16_t>(magic >> 16);
}
constexpr std::uint16_t type_in(std::uint32_t magic) {
  return static_cast<std::uint16_t>(magic);
}

}  // namespace wdscope::defender
