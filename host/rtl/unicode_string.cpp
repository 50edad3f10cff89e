// SPDX-License-Identifier: MIT
#include "host/rtl/unicode_string.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "host/ex/pool.h"
#include "host/ke/thread.h"
#include "host/nt/pool_tag.h"
#include "host/rtl/text.h"
#include "host/rtl/upcase.h"

namespace wdscope::host {
namespace {

constexpr Ulong kStringTag = pool_tag("Strg");
constexpr std::size_t kLongest = 0xFFFC;  // bytes, so that the terminator still fits a USHORT
constexpr NtStatus kStatusIntegerBase = kStatusInvalidParameter;

std::size_t units_of(const char16_t* text) {
  return std::char_traits<char16_t>::length(text);
}

std::uint16_t u16(std::size_t value) {
  return static_cast<std::uint16_t>(value);
}

// How many units two names of that length begin with in common, or fewer: most differ late, or not at all, so four are
// compared at a time.
std::size_t common_units(const char16_t* one, const char16_t* other, std::size_t units) {
  constexpr std::size_t kStep = sizeof(std::uint64_t) / sizeof(char16_t);
  std::size_t at = 0;
  for (; at + kStep <= units; at += kStep) {
    std::uint64_t left, right;
    std::memcpy(&left, one + at, sizeof left);
    std::memcpy(&right, other + at, sizeof right);
    if (left != right) break;
  }
  return at;
}

char16_t fold(char16_t unit, Boolean ignore_case) {
  return ignore_case ? upcase(unit) : unit;
}

void terminate_if_room(UnicodeString& text) {
  if (text.length + sizeof(char16_t) <= text.maximum_length) text.buffer[text.length / 2] = 0;
}

// The Rtl allocator: paged pool, owned by the driver that called.
void* allocate_text(std::size_t size, void* caller) {
  return pool_allocate(PoolKind::Paged, std::max<std::size_t>(size, sizeof(char16_t)), kStringTag, caller);
}

NtStatus append(UnicodeString& target, const void* source, std::size_t length) {
  if (target.length + length > target.maximum_length) return kStatusBufferTooSmall;
  std::memmove(reinterpret_cast<std::byte*>(target.buffer) + target.length, source, length);
  target.length = u16(target.length + length);
  terminate_if_room(target);
  return kStatusSuccess;
}

NtStatus change_case(UnicodeString* target, const UnicodeString* source, Boolean allocate, void* caller,
                     char16_t (*change)(char16_t)) {
  char16_t* buffer = target->buffer;
  if (allocate) {
    buffer = static_cast<char16_t*>(allocate_text(source->length, caller));
    if (!buffer) return kStatusNoMemory;
  } else if (source->length > target->maximum_length) {
    return kStatusBufferOverflow;
  }
  std::transform(source->buffer, source->buffer + source->length / 2, buffer, change);
  if (allocate) *target = {0, source->length, buffer};
  target->length = source->length;
  return kStatusSuccess;
}

NtStatus print_integer(std::uint64_t value, Ulong base, UnicodeString* text) {
  if (base == 0) base = 10;
  if (base != 2 && base != 8 && base != 10 && base != 16) return kStatusIntegerBase;
  std::u16string digits;
  do {
    digits.insert(digits.begin(), u"0123456789ABCDEF"[value % base]);
    value /= base;
  } while (value != 0);
  if (digits.size() * 2 > text->maximum_length) return kStatusBufferOverflow;
  digits.copy(text->buffer, digits.size());
  text->length = u16(digits.size() * 2);
  terminate_if_room(*text);
  return kStatusSuccess;
}

}  // namespace

void NTAPI RtlInitUnicodeString(UnicodeString* target, const char16_t* source) {
  const std::size_t length = source ? std::min(units_of(source) * 2, kLongest) : 0;
  *target = {u16(length), u16(source ? length + 2 : 0), const_cast<char16_t*>(source)};
}

NtStatus NTAPI RtlInitUnicodeStringEx(UnicodeString* target, const char16_t* source) {
  if (source && units_of(source) * 2 > kLongest) return kStatusNameTooLong;
  RtlInitUnicodeString(target, source);
  return kStatusSuccess;
}

void NTAPI RtlCopyUnicodeString(UnicodeString* target, const UnicodeString* source) {
  target->length = 0;
  if (!source) return;
  const std::size_t length = std::min(source->length, target->maximum_length);
  std::memmove(target->buffer, source->buffer, length);
  target->length = u16(length);
  terminate_if_room(*target);
}

NtStatus NTAPI RtlAppendUnicodeStringToString(UnicodeString* target, const UnicodeString* source) {
  return source->length ? append(*target, source->buffer, source->length) : kStatusSuccess;
}

NtStatus NTAPI RtlAppendUnicodeToString(UnicodeString* target, const char16_t* source) {
  return source ? append(*target, source, units_of(source) * 2) : kStatusSuccess;
}

Boolean NTAPI RtlEqualUnicodeString(const UnicodeString* a, const UnicodeString* b, Boolean ignore_case) {
  return a->length == b->length && RtlCompareUnicodeString(a, b, ignore_case) == 0;
}

Long NTAPI RtlCompareUnicodeString(const UnicodeString* a, const UnicodeString* b, Boolean ignore_case) {
  const std::u16string_view left = a->view(), right = b->view();
  const std::size_t shorter = std::min(left.size(), right.size());
  for (std::size_t i = common_units(left.data(), right.data(), shorter); i < shorter; ++i) {
    if (left[i] == right[i]) continue;
    const Long difference = Long{fold(left[i], ignore_case)} - Long{fold(right[i], ignore_case)};
    if (difference != 0) return difference;
  }
  return static_cast<Long>(left.size()) - static_cast<Long>(right.size());
}

Boolean NTAPI RtlPrefixUnicodeString(const UnicodeString* prefix, const UnicodeString* whole, Boolean ignore_case) {
  if (prefix->length > whole->length) return 0;
  const UnicodeString head{prefix->length, prefix->length, whole->buffer};
  return RtlEqualUnicodeString(prefix, &head, ignore_case);
}

char16_t NTAPI RtlUpcaseUnicodeChar(char16_t unit) {
  return upcase(unit);
}
char16_t NTAPI RtlDowncaseUnicodeChar(char16_t unit) {
  return downcase(unit);
}

NtStatus NTAPI RtlUpcaseUnicodeString(UnicodeString* target, const UnicodeString* source, Boolean allocate) {
  require_irql_at_most(kPassiveLevel, "RtlUpcaseUnicodeString");
  return change_case(target, source, allocate, __builtin_return_address(0), upcase);
}

NtStatus NTAPI RtlDowncaseUnicodeString(UnicodeString* target, const UnicodeString* source, Boolean allocate) {
  require_irql_at_most(kPassiveLevel, "RtlDowncaseUnicodeString");
  return change_case(target, source, allocate, __builtin_return_address(0), downcase);
}

NtStatus NTAPI RtlDuplicateUnicodeString(Ulong flags, const UnicodeString* source, UnicodeString* target) {
  require_irql_at_most(kPassiveLevel, "RtlDuplicateUnicodeString");
  constexpr Ulong kTerminate = 1, kAllocateForNothing = 2;
  const bool terminate = flags & kTerminate;
  if (flags > (kTerminate | kAllocateForNothing) || flags == kAllocateForNothing || !source || !target)
    return kStatusInvalidParameter;
  if (source->length % 2 != 0 || source->length > source->maximum_length || (source->length && !source->buffer))
    return kStatusInvalidParameter;
  if (source->length == 0 && !(flags & kAllocateForNothing)) {
    *target = {};
    return kStatusSuccess;
  }
  if (terminate && source->length >= 0xFFFE) return kStatusNameTooLong;
  const std::size_t size = source->length + (terminate ? 2U : 0U);
  auto* text = static_cast<char16_t*>(allocate_text(size, __builtin_return_address(0)));
  if (!text) return kStatusNoMemory;
  if (source->length) std::memcpy(text, source->buffer, source->length);
  if (terminate) text[source->length / 2] = 0;
  *target = {source->length, u16(size), text};
  return kStatusSuccess;
}

NtStatus NTAPI RtlHashUnicodeString(const UnicodeString* text, Boolean ignore_case, Ulong algorithm, Ulong* hash) {
  constexpr Ulong kDefault = 0, kX65599 = 1;
  if (!text || !hash || (algorithm != kDefault && algorithm != kX65599)) return kStatusInvalidParameter;
  Ulong value = 0;
  for (const char16_t unit : text->view()) value = value * 65599 + fold(unit, ignore_case);
  *hash = value;
  return kStatusSuccess;
}

NtStatus NTAPI RtlUnicodeStringToInteger(const UnicodeString* text, Ulong base, Ulong* value) {
  if (base != 0 && base != 2 && base != 8 && base != 10 && base != 16) return kStatusIntegerBase;
  std::u16string_view rest = text->view();
  while (!rest.empty() && rest.front() <= u' ') rest.remove_prefix(1);
  bool negative = false;
  if (!rest.empty() && (rest.front() == u'-' || rest.front() == u'+')) {
    negative = rest.front() == u'-';
    rest.remove_prefix(1);
  }
  if (base == 0) {
    base = 10;
    const std::u16string_view prefix = rest.substr(0, 2);
    if (prefix == u"0x") base = 16;
    if (prefix == u"0o") base = 8;
    if (prefix == u"0b") base = 2;
    if (base != 10) rest.remove_prefix(2);
  }
  Ulong result = 0;
  for (const char16_t unit : rest) {
    const char16_t letter = unit | 0x20;
    Ulong digit = base;
    if (unit >= u'0' && unit <= u'9') digit = unit - u'0';
    if (letter >= u'a' && letter <= u'f') digit = letter - u'a' + 10U;
    if (digit >= base) break;
    result = result * base + digit;
  }
  *value = negative ? 0 - result : result;
  return kStatusSuccess;
}

NtStatus NTAPI RtlIntegerToUnicodeString(Ulong value, Ulong base, UnicodeString* text) {
  return print_integer(value, base, text);
}

NtStatus NTAPI RtlInt64ToUnicodeString(std::uint64_t value, Ulong base, UnicodeString* text) {
  return print_integer(value, base, text);
}

void NTAPI RtlInitAnsiString(AnsiString* target, const char* source) {
  const std::size_t length = source ? std::min<std::size_t>(std::strlen(source), 0xFFFE) : 0;
  *target = {u16(length), u16(source ? length + 1 : 0), const_cast<char*>(source)};
}

NtStatus NTAPI RtlAnsiStringToUnicodeString(UnicodeString* target, const AnsiString* source, Boolean allocate) {
  require_irql_at_most(kPassiveLevel, "RtlAnsiStringToUnicodeString");
  const std::u16string text = to_utf16({source->buffer, source->length});
  const std::size_t size = text.size() * 2 + 2;
  if (size > 0xFFFF) return kStatusInvalidParameter2;
  if (allocate) {
    auto* buffer = static_cast<char16_t*>(allocate_text(size, __builtin_return_address(0)));
    if (!buffer) return kStatusNoMemory;
    *target = {0, u16(size), buffer};
  } else if (size > target->maximum_length) {
    return kStatusBufferOverflow;
  }
  text.copy(target->buffer, text.size());
  target->buffer[text.size()] = 0;
  target->length = u16(text.size() * 2);
  return kStatusSuccess;
}

NtStatus NTAPI RtlUnicodeStringToAnsiString(AnsiString* target, const UnicodeString* source, Boolean allocate) {
  require_irql_at_most(kPassiveLevel, "RtlUnicodeStringToAnsiString");
  const std::string text = to_utf8(source->view());
  const std::size_t size = text.size() + 1;
  if (size > 0xFFFF) return kStatusInvalidParameter2;
  NtStatus status = kStatusSuccess;
  std::size_t length = text.size();
  if (allocate) {
    auto* buffer = static_cast<char*>(allocate_text(size, __builtin_return_address(0)));
    if (!buffer) return kStatusNoMemory;
    *target = {0, u16(size), buffer};
  } else if (size > target->maximum_length) {
    if (target->maximum_length == 0) return kStatusBufferOverflow;
    status = kStatusBufferOverflow;  // what fits is written, as Windows does
    length = target->maximum_length - 1U;
  }
  text.copy(target->buffer, length);
  target->buffer[length] = 0;
  target->length = u16(length);
  return status;
}

void NTAPI RtlFreeUnicodeString(UnicodeString* text) {
  require_irql_at_most(kPassiveLevel, "RtlFreeUnicodeString");
  if (text->buffer) pool_free(text->buffer, kStringTag, __builtin_return_address(0));
  *text = {};
}

void NTAPI RtlFreeAnsiString(AnsiString* text) {
  require_irql_at_most(kPassiveLevel, "RtlFreeAnsiString");
  if (text->buffer) pool_free(text->buffer, kStringTag, __builtin_return_address(0));
  *text = {};
}

}  // namespace wdscope::host
