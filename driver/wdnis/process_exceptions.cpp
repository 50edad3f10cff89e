// SPDX-License-Identifier: MIT
#include "wdnis/process_exceptions.h"

#include <utility>

#include "abi/wire/wdnis.h"
#include "kit/irql.h"

namespace wdscope::wdnis {
namespace {

using kit::LockMode;
using kit::ResourceLock;

// The text that begins at `at`; its length says where the next one begins. The last unit of the texts is a terminator.
UNICODE_STRING text_at(const WCHAR* at) {
  std::size_t units = 0;
  while (at[units] != 0) ++units;
  const auto length = static_cast<USHORT>(units * sizeof(WCHAR));
  return {length, length, const_cast<PWSTR>(at)};
}

bool well_formed(const WCHAR* texts, std::size_t units) {
  if (units != 0 && texts[units - 1] != 0) return false;
  std::size_t length = 0;
  for (std::size_t unit = 0; unit < units; ++unit) {
    if (texts[unit] != 0) {
      if (++length > wire::kMaximumNisExceptionUnits) return false;
      continue;
    }
    if (length == 0) return false;
    length = 0;
  }
  return true;
}

}  // namespace

NTSTATUS ProcessExceptions::start() {
  const NTSTATUS status = ExInitializeResourceLite(&lock_);
  started_ = NT_SUCCESS(status);
  return status;
}

void ProcessExceptions::stop() {
  if (!std::exchange(started_, false)) return;
  texts_.reset();
  ExDeleteResourceLite(&lock_);
}

NTSTATUS ProcessExceptions::replace(const void* texts, std::size_t size) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  if (size > wire::kMaximumNisExceptionsSize) return STATUS_INVALID_BUFFER_SIZE;
  const auto* const units = static_cast<const WCHAR*>(texts);
  if (size % sizeof(WCHAR) != 0 || !well_formed(units, size / sizeof(WCHAR))) return STATUS_INVALID_PARAMETER;
  kit::PoolBytes fresh;
  if (size != 0) {
    const NTSTATUS status = fresh.allocate(kit::Pool::Paged, size, kit::tag::NisExceptions);
    if (!NT_SUCCESS(status)) return status;
    RtlCopyMemory(fresh.data(), texts, size);
  }
  const ResourceLock lock(&lock_, LockMode::Exclusive);
  std::swap(texts_, fresh);
  return STATUS_SUCCESS;
}

bool ProcessExceptions::contains(const UNICODE_STRING& image) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  const ResourceLock lock(&lock_, LockMode::Shared);
  const auto* at = texts_.as<const WCHAR>();
  const WCHAR* const end = at + texts_.size() / sizeof(WCHAR);
  while (at != end) {
    const UNICODE_STRING text = text_at(at);
    if (text.Length == image.Length && RtlEqualUnicodeString(&text, &image, TRUE)) return true;
    at += text.Length / sizeof(WCHAR) + 1;
  }
  return false;
}

}  // namespace wdscope::wdnis
