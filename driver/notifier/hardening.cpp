// SPDX-License-Identifier: MIT
#include "notifier/hardening.h"

#include <new>

#include "abi/defender/flags.h"
#include "kit/irql.h"
#include "kit/kernel_string.h"
#include "kit/pool.h"
#include "notifier/counted_string.h"
#include "notifier/file_name.h"
#include "notifier/pool_tag.h"
#include "notifier/token.h"
#include "notifier/trace.h"

namespace wdscope::notifier {
namespace {

namespace flag = defender::flag;
using defender::KernelAddress;
using defender::MpDataLayout;
using SidMember = defender::MpDataMember<KernelAddress> MpDataLayout::*;

struct Service {
  SidMember member;
  const defender::ServiceSidWords& words;
};

constexpr Service kServices[] = {
    {&MpDataLayout::MpServiceSid, defender::kWinDefendSid},
    {&MpDataLayout::NriServiceSid, defender::kWdNisSvcSid},
    {&MpDataLayout::DlpServiceSid, defender::kMdDlpSvcSid},
    {&MpDataLayout::TrustedInstallerSid, defender::kTrustedInstallerSid},
    {&MpDataLayout::CoreServiceSid, defender::kMdCoreSvcSid},
    {&MpDataLayout::CryptServiceSid, defender::kCryptSvcSid},
};

enum class Since { Wd1910, Wd25080 };

struct Program {
  UNICODE_STRING name;
  SidMember service;
  Since since;
  std::uint32_t os_version;
};

constexpr Program kPrograms[] = {
    {kit::counted(L"mpcmdrun.exe"), &MpDataLayout::MpServiceSid, Since::Wd1910, 0},
    {kit::counted(L"msmpeng.exe"), &MpDataLayout::MpServiceSid, Since::Wd1910, 0},
    {kit::counted(L"mpcopyaccelerator.exe"), &MpDataLayout::MpServiceSid, Since::Wd25080, 0},
    {kit::counted(L"mpdefendercoreservice.exe"), &MpDataLayout::CoreServiceSid, Since::Wd25080, 0},
    {kit::counted(L"MpDlpService.exe"), &MpDataLayout::DlpServiceSid, Since::Wd25080, 0},
    {kit::counted(L"nissrv.exe"), &MpDataLayout::NriServiceSid, Since::Wd1910, defender::os_version::Windows81},
};

// The service of a Defender program of this build on this system; null when the name is none.
SidMember service_of(const UNICODE_STRING& file_name) {
  const std::uint32_t os = mp_data(&MpDataLayout::OsVersionMask);
  for (const Program& program : kPrograms) {
    if (!equal_names(program.name, file_name)) continue;
    if (program.since == Since::Wd25080 && !MpProfile->has_context_tail()) continue;
    if ((os & program.os_version) == program.os_version) return program.service;
  }
  return nullptr;
}

// Only the product called MpFilter knows Security Essentials.
bool is_security_essentials(const UNICODE_STRING& file_name) {
  if (MpProfile->has_context_tail() || MpParameters.names != CallbackNames::Mp) return false;
  const UNICODE_STRING name = kit::counted(u"msseces.exe");
  return equal_names(name, file_name);
}

}  // namespace

NTSTATUS start_service_sids() {
  for (const Service& service : kServices) {
    if (!mp_data_has(service.member)) continue;
    void* const memory = kit::allocate_zeroed(kit::Pool::Paged, sizeof(ServiceSid), pool_tag::kServiceSid);
    if (!memory) return STATUS_INSUFFICIENT_RESOURCES;
    mp_data(service.member) = as_address(new (memory) ServiceSid(service_sid(service.words)));
  }
  return STATUS_SUCCESS;
}

void stop_service_sids() {
  if (!MpData) return;
  for (const Service& service : kServices) {
    if (!mp_data_has(service.member) || !mp_data(service.member)) continue;
    ExFreePoolWithTag(as_pointer<void>(mp_data(service.member)), pool_tag::kServiceSid);
    mp_data(service.member) = 0;
  }
}

void MpSetProcessHardening(PEPROCESS process, MP_PROCESS_CONTEXT* context, PCUNICODE_STRING image_name) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  if (!(mp_data(&MpDataLayout::OsVersionMask) & defender::os_version::Vista)) return;
  if (!is_present(image_name)) return;
  UNICODE_STRING file_name;
  if (!NT_SUCCESS(final_component(image_name, &file_name))) return;

  bool found = false;
  if (const SidMember service = service_of(file_name)) {
    const NTSTATUS status = token_has_group(process, as_pointer<const ServiceSid>(mp_data(service)), &found);
    if (!NT_SUCCESS(status)) {
      trace_error("no token of process %p: status %08X: its hardening stays", context->ProcessId, status);
      return;
    }
  }
  if (is_security_essentials(file_name)) set_flags(context, flag::SecurityEssentials);
  if (found) {
    set_flags(context, flag::DefenderServiceSid);
  } else {
    clear_flags(context, flag::DefenderServiceSid);
  }
}

}  // namespace wdscope::notifier
