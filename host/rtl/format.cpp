// SPDX-License-Identifier: MIT
//
// Both widths of format string are turned into UTF-16 and formatted there; narrow results are encoded as UTF-8 at the
// end. Narrow strings given to the formatter are taken as UTF-8, of which ASCII is the part that NT's code pages agree
// on.
#include "host/rtl/format.h"

#include <algorithm>
#include <cstring>

#include "host/rtl/text.h"

namespace wdscope::host {
namespace {

enum class Width : std::uint8_t { Narrow, Wide };
enum class Size : std::uint8_t { Default, Short, Char, Long32, Bits64, Wide };  // what the modifiers said

struct Spec {
  bool left = false, zero = false, plus = false, space = false, alternate = false;
  int width = 0;
  int precision = -1;
  Size size = Size::Default;
};

class Formatter {
 public:
  Formatter(std::u16string_view format, Width width, __builtin_ms_va_list arguments)
      : format_(format), width_(width), slot_(reinterpret_cast<const char*>(arguments)) {}
  Formatter(const Formatter&) = delete;
  Formatter& operator=(const Formatter&) = delete;

  std::u16string run() {
    while (at_ < format_.size()) {
      const char16_t unit = format_[at_++];
      if (unit != u'%') {
        out_ += unit;
      } else {
        conversion();
      }
    }
    return std::move(out_);
  }
  bool touches_unicode() const { return touches_unicode_; }

 private:
  // A va_list of the Windows x64 convention is the address of the next 8-byte slot; every argument takes one.
  template <class T>
  T next() {
    static_assert(sizeof(T) <= 8);
    T value;
    std::memcpy(&value, slot_, sizeof value);
    slot_ += 8;
    return value;
  }
  bool more() const { return at_ < format_.size(); }
  bool take(std::u16string_view text) {
    if (format_.substr(at_, text.size()) != text) return false;
    at_ += text.size();
    return true;
  }

  int number() {
    if (take(u"*")) return next<int>();
    int value = 0;
    while (more() && format_[at_] >= u'0' && format_[at_] <= u'9')
      value = std::min(value * 10 + (format_[at_++] - u'0'), 0xFFFF);
    return value;
  }

  Spec spec() {
    Spec spec;
    for (; more(); ++at_) {
      switch (format_[at_]) {
        case u'-':
          spec.left = true;
          continue;
        case u'0':
          spec.zero = true;
          continue;
        case u'+':
          spec.plus = true;
          continue;
        case u' ':
          spec.space = true;
          continue;
        case u'#':
          spec.alternate = true;
          continue;
        default:
          break;
      }
      break;
    }
    spec.width = number();
    if (spec.width < 0) {
      spec.left = true;
      spec.width = -spec.width;
    }
    if (take(u".")) spec.precision = number();
    if (take(u"I64") || take(u"ll")) {
      spec.size = Size::Bits64;
    } else if (take(u"I32")) {
      spec.size = Size::Default;
    } else if (take(u"hh")) {
      spec.size = Size::Char;
    } else if (take(u"h")) {
      spec.size = Size::Short;
    } else if (take(u"l")) {
      spec.size = Size::Long32;
    } else if (take(u"w")) {
      spec.size = Size::Wide;
    } else if (take(u"I") || take(u"z") || take(u"t") || take(u"j")) {
      spec.size = Size::Bits64;  // pointer size
    }
    return spec;
  }

  void conversion() {
    const Spec s = spec();
    if (!more()) return;  // a lone % at the end prints nothing
    const char16_t type = format_[at_++];
    switch (type) {
      case u'%':
        out_ += u'%';
        return;
      case u'd':
      case u'i':
        return signed_integer(s);
      case u'u':
        return unsigned_integer(s, 10, u"0123456789abcdef");
      case u'o':
        return unsigned_integer(s, 8, u"0123456789abcdef");
      case u'x':
        return unsigned_integer(s, 16, u"0123456789abcdef");
      case u'X':
        return unsigned_integer(s, 16, u"0123456789ABCDEF");
      case u'p':
        return pointer(s);
      case u'c':
        return character(s, argument_width(s, width_));
      case u'C':
        return character(s, argument_width(s, other(width_)));
      case u's':
        return string(s, argument_width(s, width_));
      case u'S':
        return string(s, argument_width(s, other(width_)));
      case u'Z':
        return counted(s);
      default:  // as the runtime does with what it does not know: the characters themselves
        out_ += type;
        return;
    }
  }

  static Width other(Width width) { return width == Width::Narrow ? Width::Wide : Width::Narrow; }
  static Width argument_width(const Spec& s, Width without_modifier) {
    if (s.size == Size::Long32 || s.size == Size::Wide) return Width::Wide;
    if (s.size == Size::Short) return Width::Narrow;
    return without_modifier;
  }

  void pad(const Spec& s, std::u16string_view prefix, std::u16string_view body, bool zero) {
    const auto length = prefix.size() + body.size();
    const std::size_t fill =
        static_cast<std::size_t>(s.width) > length ? static_cast<std::size_t>(s.width) - length : 0;
    if (!s.left && !zero) out_.append(fill, u' ');
    out_ += prefix;
    if (!s.left && zero) out_.append(fill, u'0');
    out_ += body;
    if (s.left) out_.append(fill, u' ');
  }

  void digits(const Spec& s, std::uint64_t value, unsigned base, std::u16string_view alphabet,
              std::u16string_view prefix) {
    std::u16string body;
    for (std::uint64_t rest = value; rest != 0; rest /= base) body.insert(body.begin(), alphabet[rest % base]);
    if (value == 0 && s.precision != 0) body.push_back(u'0');
    if (s.precision > 0 && body.size() < static_cast<std::size_t>(s.precision))
      body.insert(0, static_cast<std::size_t>(s.precision) - body.size(), u'0');
    pad(s, prefix, body, s.zero && s.precision < 0);
  }

  void signed_integer(const Spec& s) {
    std::int64_t value = s.size == Size::Bits64 ? next<long long>() : next<int>();
    if (s.size == Size::Short) value = static_cast<std::int16_t>(value);
    if (s.size == Size::Char) value = std::int64_t{static_cast<std::int8_t>(value)};
    const bool negative = value < 0;
    const auto magnitude = negative ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    digits(s, magnitude, 10, u"0123456789", negative ? u"-" : s.plus ? u"+" : s.space ? u" " : u"");
  }

  void unsigned_integer(const Spec& s, unsigned base, std::u16string_view alphabet) {
    std::uint64_t value = s.size == Size::Bits64 ? next<unsigned long long>() : next<unsigned>();
    if (s.size == Size::Short) value = static_cast<std::uint16_t>(value);
    if (s.size == Size::Char) value = static_cast<std::uint8_t>(value);
    const std::u16string_view prefix = !s.alternate || value == 0 ? u""
                                       : base == 16               ? (alphabet[10] == u'a' ? u"0x" : u"0X")
                                       : base == 8                ? u"0"
                                                                  : u"";
    digits(s, value, base, alphabet, prefix);
  }

  void pointer(Spec s) {
    s.precision = 16;
    digits(s, next<unsigned long long>(), 16, u"0123456789ABCDEF", u"");
  }

  void character(const Spec& s, Width width) {
    const int value = next<int>();
    if (width == Width::Wide) touches_unicode_ = true;
    const char16_t unit = width == Width::Wide ? static_cast<char16_t>(value) : static_cast<unsigned char>(value);
    pad(s, u"", std::u16string_view(&unit, 1), false);
  }

  void text(const Spec& s, std::u16string_view body) { pad(s, u"", body, false); }

  void string(const Spec& s, Width width) {
    const void* argument = next<const void*>();
    if (!argument) return text(s, std::u16string_view(u"(null)").substr(0, limit(s)));
    if (width == Width::Wide) {
      touches_unicode_ = true;
      const auto* units = static_cast<const char16_t*>(argument);
      std::size_t count = 0;
      while (count < limit(s) && units[count] != 0) ++count;
      return text(s, {units, count});
    }
    const auto* bytes = static_cast<const char*>(argument);
    return text(s, to_utf16({bytes, strnlen(bytes, limit(s))}));
  }

  // %Z: ANSI_STRING; %wZ and %lZ: UNICODE_STRING. Counted: neither precision nor NUL is needed.
  void counted(const Spec& s) {
    const void* argument = next<const void*>();
    if (s.size == Size::Wide || s.size == Size::Long32) {
      const auto* unicode = static_cast<const UnicodeString*>(argument);
      touches_unicode_ = true;
      if (!unicode || !unicode->buffer) return text(s, u"(null)");
      return text(s, unicode->view().substr(0, limit(s)));
    }
    const auto* ansi = static_cast<const AnsiString*>(argument);
    if (!ansi || !ansi->buffer) return text(s, u"(null)");
    return text(s, to_utf16({ansi->buffer, std::min<std::size_t>(ansi->length, limit(s))}));
  }

  static std::size_t limit(const Spec& s) {
    return s.precision < 0 ? std::u16string_view::npos >> 1 : static_cast<std::size_t>(s.precision);
  }

  const std::u16string_view format_;
  const Width width_;
  const char* slot_;
  std::size_t at_ = 0;
  std::u16string out_;
  bool touches_unicode_ = false;
};

}  // namespace

FormatResult format_narrow(const char* format, __builtin_ms_va_list arguments) {
  const std::u16string wide = to_utf16(format);
  Formatter formatter(wide, Width::Narrow, arguments);
  std::string text = to_utf8(formatter.run());
  return {std::move(text), formatter.touches_unicode()};
}

std::u16string format_wide(const char16_t* format, __builtin_ms_va_list arguments) {
  return Formatter(format, Width::Wide, arguments).run();
}

namespace {

template <class Text>
int store(typename Text::value_type* buffer, std::size_t count, const Text& text) {
  const std::size_t fits = std::min(count, text.size());
  text.copy(buffer, fits);
  if (fits < count) buffer[fits] = 0;
  return text.size() <= count ? static_cast<int>(text.size()) : -1;
}

}  // namespace

int NTAPI nt_vsnprintf(char* buffer, SizeT count, const char* format, __builtin_ms_va_list arguments) {
  return store(buffer, count, format_narrow(format, arguments).text);
}

int NTAPI nt_vsnwprintf(char16_t* buffer, SizeT count, const char16_t* format, __builtin_ms_va_list arguments) {
  return store(buffer, count, format_wide(format, arguments));
}

int NTAPI nt_snprintf(char* buffer, SizeT count, const char* format, ...) {
  __builtin_ms_va_list arguments;
  __builtin_ms_va_start(arguments, format);
  const int written = nt_vsnprintf(buffer, count, format, arguments);
  __builtin_ms_va_end(arguments);
  return written;
}

int NTAPI nt_snwprintf(char16_t* buffer, SizeT count, const char16_t* format, ...) {
  __builtin_ms_va_list arguments;
  __builtin_ms_va_start(arguments, format);
  const int written = nt_vsnwprintf(buffer, count, format, arguments);
  __builtin_ms_va_end(arguments);
  return written;
}

}  // namespace wdscope::host
