// SPDX-License-Identifier: MIT
// Source: the published pairs of ntstatus.h and winerror.h, as documented for RtlNtStatusToDosError.
#include "host/rtl/status_to_win32.h"

namespace wdscope::host {
namespace {

constexpr Ulong kMessageNotFound = 317;

struct Pair {
  std::uint32_t status;
  Ulong error;
};

constexpr Pair kPairs[] = {
    {0x00000000, 0},   {0x00000102, 1460}, {0x00000103, 997},  {0x80000005, 234},  {0x8000000D, 299},
    {0x80000011, 170}, {0x8000001A, 259},  {0xC0000001, 31},   {0xC0000002, 1},    {0xC0000003, 87},
    {0xC0000004, 24},  {0xC0000005, 998},  {0xC0000008, 6},    {0xC000000B, 87},   {0xC000000D, 87},
    {0xC000000E, 2},   {0xC000000F, 2},    {0xC0000010, 1},    {0xC0000017, 8},    {0xC0000022, 5},
    {0xC0000023, 122}, {0xC0000024, 6},    {0xC0000033, 123},  {0xC0000034, 2},    {0xC0000035, 183},
    {0xC000003A, 3},   {0xC000003B, 161},  {0xC0000056, 5},    {0xC0000061, 1314}, {0xC000007A, 127},
    {0xC000007B, 193}, {0xC000009A, 1450}, {0xC00000BB, 50},   {0xC00000EF, 87},   {0xC00000F0, 87},
    {0xC00000F2, 87},  {0xC0000106, 206},  {0xC000010A, 5},    {0xC000010E, 1056}, {0xC0000120, 995},
    {0xC0000139, 127}, {0xC0000141, 487},  {0xC0000225, 1168}, {0xC0000263, 127},
};

}  // namespace

Ulong status_to_win32(NtStatus status) {
  for (const Pair& pair : kPairs)
    if (nt_status(pair.status) == status) return pair.error;
  return kMessageNotFound;
}

}  // namespace wdscope::host
