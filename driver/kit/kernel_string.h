// SPDX-License-Identifier: MIT
// Between C++ text and UNICODE_STRING.
#pragma once

#include <cstddef>

#include "kit/nt.h"

namespace wdscope::kit {

// A constant text as NT takes it; refers to the literal. NT only reads through it although Buffer is not const.
template <std::size_t kUnits>
inline UNICODE_STRING counted(const char16_t (&text)[kUnits]) {
  static_assert(sizeof(WCHAR) == sizeof(char16_t) && (kUnits - 1) * sizeof(char16_t) <= 0xFFFC);
  return {static_cast<USHORT>((kUnits - 1) * sizeof(char16_t)), static_cast<USHORT>(kUnits * sizeof(char16_t)),
          reinterpret_cast<PWSTR>(const_cast<char16_t*>(text))};
}

// The same for tables that are made when compiled.
template <std::size_t kUnits>
constexpr UNICODE_STRING counted(const wchar_t (&text)[kUnits]) {
  static_assert(sizeof(WCHAR) == sizeof(wchar_t) && (kUnits - 1) * sizeof(wchar_t) <= 0xFFFC);
  return {static_cast<USHORT>((kUnits - 1) * sizeof(wchar_t)), static_cast<USHORT>(kUnits * sizeof(wchar_t)),
          const_cast<PWSTR>(text)};
}

// OBJECT_ATTRIBUTES for a name; refers to it.
inline OBJECT_ATTRIBUTES named_object(UNICODE_STRING& name, ULONG attributes) {
  OBJECT_ATTRIBUTES object{};
  object.Length = sizeof(object);
  object.ObjectName = &name;
  object.Attributes = attributes;
  return object;
}

}  // namespace wdscope::kit
