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
    const UCHAR* const name = image_name_(process);
    static_assert(sizeof(record.nt_image_name) == 16);
    for (std::size_t index = 0; index < 15 && name[index] != 0; ++index) {
      record.nt_image_name[index] = static_cast<char>(name[index]);
    }
    known |= wire::known::NtImageName;
  }
  ObDereferenceObject(process);
  record.known |= known;
}

}  // namespace wdscope::observer
