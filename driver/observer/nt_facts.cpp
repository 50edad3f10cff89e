// SPDX-License-Identifier: MIT
#include "observer/nt_facts.h"

#include "kit/irql.h"
#include "kit/kernel_string.h"
#include "observer/argument.h"

namespace wdscope::observer {
namespace {

template <class Routine, std::size_t kUnits>
void look_up(const char16_t (&name)[kUnits], Routine& routine) {
  UNICODE_STRING text = kit::counted(name);
  routine = reinterpret_cast<Routine>(MmGetSystemRoutineAddress(&text));
}

// Eight characters up to the first NUL, zeros behind it.
std::uint64_t up_to_nul(std::uint64_t characters) {
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
  // The lowest bit set is the highest of the first zero byte; what is set above it may be wrong.
  const std::uint64_t zeros = (characters - kOnes) & ~characters & kOnes << 7;
  return characters & (zeros - 1) & ~zeros;
}

// From NT's fifteen bytes, which end with a NUL where the name does not fill them.
void copy_image_name(const UCHAR* name, char (&target)[16]) {
  std::uint64_t halves[2];
  static_assert(sizeof(halves) == sizeof(target));
  __builtin_memcpy(&halves[0], name, 8);
  __builtin_memcpy(&halves[1], name + 7, 8);
  halves[0] = up_to_nul(halves[0]);
  const bool ended = halves[0] >> 56 == 0;
  halves[1] = ended ? 0 : up_to_nul(halves[1] >> 8);
  __builtin_memcpy(target, halves, sizeof(halves));
}

}  // namespace

void NtFacts::resolve() {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  look_up(u"PsGetProcessInheritedFromUniqueProcessId", parent_);
  look_up(u"PsGetProcessSessionId", session_);
  look_up(u"PsGetProcessProtection", protection_);
  look_up(u"PsGetProcessImageFileName", image_name_);
}

void NtFacts::describe(std::uint64_t process_id, wire::ProcessRecord& record) const {
  // NT ignores an id's low bits; to us another number is another process.
  if (process_id == 0 || !is_plausible_id(process_id)) return;
  PEPROCESS process = nullptr;
  if (!NT_SUCCESS(PsLookupProcessByProcessId(reinterpret_cast<HANDLE>(process_id), &process))) return;
  std::uint64_t known = wire::known::NtProcess;
  record.nt_created_100ns = PsGetProcessCreateTimeQuadPart(process);
  if (parent_ != nullptr) {
    record.nt_parent_process_id = reinterpret_cast<std::uint64_t>(parent_(process));
    known |= wire::known::NtParent;
  }
  if (session_ != nullptr) {
    record.nt_session_id = session_(process);
    known |= wire::known::NtSession;
  }
  if (protection_ != nullptr) {
    record.nt_protection = protection_(process);
    known |= wire::known::NtProtection;
  }
  if (image_name_ != nullptr) {
    copy_image_name(image_name_(process), record.nt_image_name);
    known |= wire::known::NtImageName;
  }
  ObDereferenceObject(process);
  record.known |= known;
}

}  // namespace wdscope::observer
