// SPDX-License-Identifier: MIT
// What the test drivers share: the DDK headers, and strings.
#pragma once

#include "kit/nt.h"

// A UNICODE_STRING over a literal.
template <unsigned long long kUnits>
constexpr UNICODE_STRING literal(const wchar_t (&text)[kUnits]) {
  return {static_cast<USHORT>((kUnits - 1) * sizeof(wchar_t)), static_cast<USHORT>(kUnits * sizeof(wchar_t)),
          const_cast<wchar_t*>(text)};
}

inline NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information) {
  irp->IoStatus.Status = status;
  irp->IoStatus.Information = information;
  IoCompleteRequest(irp, IO_NO_INCREMENT);
  return status;
}
