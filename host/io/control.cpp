// SPDX-License-Identifier: MIT
#include "host/io/control.h"

#include <algorithm>
#include <cstring>

#include "host/ex/pool.h"
#include "host/io/mdl.h"
#include "host/nt/pool_tag.h"

namespace wdscope::host {
namespace {

enum class Method : std::uint8_t { Buffered = 0, InDirect = 1, OutDirect = 2, Neither = 3 };

constexpr Ulong kSystemBufferTag = pool_tag("SysB");

Method method_of(Ulong code) {
  return static_cast<Method>(code & 3);
}
// The system buffer is as long as the longer of the two; what the input does not fill holds what the pool left there,
// as stale kernel memory on Windows.
bool buffer_input(Irp& irp, std::span<const std::byte> input, std::size_t output_size) {
  const std::size_t size = std::max(input.size(), output_size);
  if (size == 0) return true;
  irp.system_buffer = pool_allocate_for_host(size, kSystemBufferTag);
  if (!irp.system_buffer) return false;
  if (!input.empty()) std::memcpy(irp.system_buffer, input.data(), input.size());
  return true;
}

void free_buffers(Irp& irp) {
  if (irp.system_buffer) pool_free_for_host(irp.system_buffer);
  if (irp.mdl_address) unlock_user_buffer(irp.mdl_address);
  irp.system_buffer = nullptr;
  irp.mdl_address = nullptr;
}

}  // namespace

NtStatus prepare_control(Request& request, Ulong code, std::span<const std::byte> input, std::span<std::byte> output) {
  if (input.size() > 0xFFFFFFFF || output.size() > 0xFFFFFFFF) return kStatusInvalidParameter;
  auto& parameters = request.stack[0].parameters.device_io_control;
  parameters.io_control_code = code;
  parameters.input_buffer_length = static_cast<Ulong>(input.size());
  parameters.output_buffer_length = static_cast<Ulong>(output.size());
  request.checks_information = true;
  request.information_limit = output.size();

  Irp& irp = request.irp;
  bool enough = true;
  switch (const Method method = method_of(code)) {
    case Method::Buffered:
      enough = buffer_input(irp, input, output.size());
      irp.user_buffer = output.data();
      break;
    case Method::InDirect:
    case Method::OutDirect:
      enough = buffer_input(irp, input, 0);
      if (enough && !output.empty()) {
        irp.mdl_address = lock_user_buffer(output, method == Method::OutDirect ? BufferUse::Write : BufferUse::Read);
        enough = irp.mdl_address != nullptr;
      }
      break;
    case Method::Neither:
      parameters.type3_input_buffer = const_cast<std::byte*>(input.data());
      irp.user_buffer = output.data();
      break;
  }
  if (enough) return kStatusSuccess;
  free_buffers(irp);
  return kStatusInsufficientResources;
}

DeviceFile::Completion finish_control(Request& request, Ulong code, std::span<std::byte> output) {
  Irp& irp = request.irp;
  const IoStatusBlock result = irp.io_status;
  const bool copies = method_of(code) == Method::Buffered && !nt_error(result.status) && result.information > 0;
  if (copies) std::memcpy(output.data(), irp.system_buffer, result.information);
  free_buffers(irp);
  return {result.status, result.information};
}

}  // namespace wdscope::host
