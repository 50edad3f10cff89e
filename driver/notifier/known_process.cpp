// SPDX-License-Identifier: MIT
#include "notifier/known_process.h"

#include "abi/defender/flags.h"
#include "kit/irql.h"
#include "kit/kernel_string.h"
#include "notifier/counted_string.h"
#include "notifier/file_name.h"
#include "notifier/token.h"
#include "notifier/trace.h"

namespace wdscope::notifier {
namespace {

using defender::KnownProcessType;
using defender::MpDataLayout;

constinit std::atomic<std::uint32_t> trusted_installers{0};

bool is_of_family(KnownProcessType type) {
  return type == KnownProcessType::TrustedInstaller || type == KnownProcessType::TrustedInstallerChild;
}

bool runs_service(PEPROCESS process, defender::MpDataMember<defender::KernelAddress> MpDataLayout::*service) {
  bool found = false;
  const NTSTATUS status = token_has_group(process, as_pointer<const ServiceSid>(mp_data(service)), &found);
  if (!NT_SUCCESS(status)) trace_info("no token of process %p: status %08X", PsGetProcessId(process), status);
  return found;
}

// What name and token say.
KnownProcessType type_of(PEPROCESS process, const UNICODE_STRING& file_name) {
  if (equal_names(file_name, kit::counted(u"csrss.exe"))) return KnownProcessType::Csrss;
  const bool installer_name = equal_names(file_name, kit::counted(u"TrustedInstaller.exe")) ||
                              equal_names(file_name, kit::counted(u"TiWorker.exe"));
  if (installer_name && runs_service(process, &MpDataLayout::TrustedInstallerSid)) {
    return KnownProcessType::TrustedInstaller;
  }
  if (equal_names(file_name, kit::counted(u"svchost.exe")) && runs_service(process, &MpDataLayout::CryptServiceSid)) {
    return KnownProcessType::CryptographicServices;
  }
  return KnownProcessType::None;
}

// A child counts only when its parent makes it itself: a parent that was claimed is none.
bool is_installers_child(HANDLE parent_process_id) {
  if (trusted_installers.load() == 0) return false;
  if (!parent_process_id || parent_process_id != PsGetCurrentProcessId()) return false;
  ContextReference parent;
  return NT_SUCCESS(MpGetProcessContextById(parent_process_id, parent.put())) &&
         is_of_family(known_type_of(tail_of(parent.get())));
}

}  // namespace

bool is_trusted_installer(defender::MP_PROCESS_CONTEXT_25080* context) {
  return is_of_family(known_type_of(context));
}

void set_known_type(defender::MP_PROCESS_CONTEXT_25080* context, KnownProcessType type) {
  if (type == known_type_of(context)) return;
  std::atomic_ref<std::uint32_t> word(context->KnownProcessType);
  const auto old = static_cast<KnownProcessType>(word.exchange(static_cast<std::uint32_t>(type)));
  if (is_of_family(type)) trusted_installers.fetch_add(1);
  if (is_of_family(old)) trusted_installers.fetch_sub(1);
}

void classify_known_process(PEPROCESS process, MP_PROCESS_CONTEXT* context, HANDLE parent_process_id) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  auto* const tail = tail_of(context);
  PCUNICODE_STRING const image_name = image_name_of(context);
  UNICODE_STRING file_name;
  if (!tail || !is_present(image_name) || !NT_SUCCESS(final_component(image_name, &file_name))) return;
  KnownProcessType type = type_of(process, file_name);
  if (type == KnownProcessType::None && is_installers_child(parent_process_id)) {
    type = KnownProcessType::TrustedInstallerChild;
  }
  set_known_type(tail, type);
  if (mp_data(&MpDataLayout::DllHostTracking) && equal_names(file_name, kit::counted(u"dllhost.exe"))) {
    tail->State |= defender::state::DllHost;
  }
}

}  // namespace wdscope::notifier
