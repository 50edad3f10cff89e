// SPDX-License-Identifier: MIT
#include "host/image/unwind.h"

#include <fmt/format.h>

#include <cstring>
#include <optional>

extern "C" void __register_frame(void* begin);
extern "C" void __deregister_frame(void* begin);

namespace wdscope::host {
namespace {

constexpr std::uint8_t kDwarfOf[16] = {0, 2, 1, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15};
constexpr std::uint8_t kStackPointer = 7, kReturnAddress = 16;
constexpr unsigned kMaximumChain = 32;

enum Operation : std::uint8_t {
  kPushNonvolatile = 0,
  kAllocateLarge = 1,
  kAllocateSmall = 2,
  kSetFrameRegister = 3,
  kSaveNonvolatile = 4,
  kSaveNonvolatileFar = 5,
  kEpilogue = 6,
  kSaveXmm = 8,
  kSaveXmmFar = 9,
  kPushMachineFrame = 10,
};

struct Step {        // one prologue instruction's effect
  std::uint32_t at;  // code offset behind the instruction
  Operation operation;
  std::uint8_t reg;
  std::uint32_t value;  // bytes allocated, or offset of the save
};

struct Prologue {
  std::vector<Step> steps;  // in order of execution
  std::uint8_t frame_register = 0;
  std::uint32_t frame_offset = 0;
};

class InfoReader {
 public:
  explicit InfoReader(const PeFile& file) : memory_(file.memory) {}

  // False when the information does not make sense.
  bool read(std::uint32_t rva, Prologue& prologue, unsigned depth = 0) const {
    if (depth > kMaximumChain) return false;
    const auto header = get<std::uint32_t>(rva);
    if (!header) return false;
    const unsigned version = *header & 7, flags = *header >> 3 & 0x1F, count = *header >> 16 & 0xFF;
    if (version != 1 && version != 2) return false;
    std::vector<Step> steps;
    for (unsigned i = 0; i < count;) {
      const auto code = get<std::uint16_t>(rva + 4 + i * 2);
      if (!code) return false;
      Step step{static_cast<std::uint32_t>(*code & 0xFF), static_cast<Operation>(*code >> 8 & 0xF),
                static_cast<std::uint8_t>(*code >> 12), 0};
      ++i;
      const std::uint32_t operand = rva + 4 + i * 2;
      switch (step.operation) {
        case kPushNonvolatile:
        case kSetFrameRegister:
          break;
        case kAllocateSmall:
          step.value = step.reg * 8U + 8;
          break;
        case kAllocateLarge:
          if (step.reg > 1 || !read_operand(operand, step.reg == 1, 8, step.value)) return false;
          i += step.reg == 1 ? 2 : 1;
          break;
        case kSaveNonvolatile:
        case kSaveXmm:
          if (!read_operand(operand, false, step.operation == kSaveXmm ? 16 : 8, step.value)) return false;
          i += 1;
          break;
        case kSaveNonvolatileFar:
        case kSaveXmmFar:
          if (!read_operand(operand, true, 1, step.value)) return false;
          i += 2;
          break;
        case kEpilogue:
          i += 1;
          break;
        case kPushMachineFrame:
          step.value = step.reg ? 48 : 40;
          break;
        default:
          return false;
      }
      steps.push_back(step);
    }
    constexpr unsigned kChained = 4;
    if (flags & kChained) {
      const std::uint32_t parent = rva + 4 + (count + 1) / 2 * 4;
      const auto parent_info = get<std::uint32_t>(parent + 8);
      if (!parent_info || !read(*parent_info, prologue, depth + 1)) return false;
      for (Step& step : prologue.steps) step.at = 0;  // done before this part of the function begins
    } else {
      prologue.frame_register = static_cast<std::uint8_t>(*header >> 24 & 0xF);
      prologue.frame_offset = (*header >> 28) * 16;
    }
    prologue.steps.insert(prologue.steps.end(), steps.rbegin(), steps.rend());
    return true;
  }

 private:
  template <class T>
  std::optional<T> get(std::uint64_t rva) const {
    if (rva > memory_.size() || memory_.size() - rva < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, memory_.data() + rva, sizeof(T));
    return value;
  }

  bool read_operand(std::uint32_t rva, bool wide, std::uint32_t scale, std::uint32_t& value) const {
    if (wide) {
      const auto operand = get<std::uint32_t>(rva);
      if (operand) value = *operand;
      return operand.has_value();
    }
    const auto operand = get<std::uint16_t>(rva);
    if (operand) value = *operand * scale;
    return operand.has_value();
  }

  const std::vector<std::byte>& memory_;
};

class Writer {
 public:
  void u8(std::uint8_t value) { bytes_.push_back(std::byte{value}); }
  template <class T>
  void raw(T value) {
    const auto* start = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), start, start + sizeof(T));
  }
  void uleb(std::uint64_t value) {
    do {
      const auto part = static_cast<std::uint8_t>(value & 0x7F);
      value >>= 7;
      u8(part | (value ? 0x80 : 0));
    } while (value);
  }
  // An entry's length field is written when the entry is whole.
  std::size_t begin() {
    const std::size_t start = bytes_.size();
    raw(std::uint32_t{0});
    return start;
  }
  void end(std::size_t start) {
    while ((bytes_.size() - start) % 8 != 4) u8(0);  // DW_CFA_nop
    const auto length = static_cast<std::uint32_t>(bytes_.size() - start - 4);
    std::memcpy(bytes_.data() + start, &length, 4);
  }
  std::size_t size() const { return bytes_.size(); }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

constexpr std::uint8_t kAdvance = 0x40, kOffset = 0x80, kAdvance1 = 0x02, kDefineCfa = 0x0C, kDefineCfaOffset = 0x0E;

void write_cie(Writer& out) {
  const std::size_t start = out.begin();
  out.raw(std::uint32_t{0});  // a CIE
  out.u8(1);                  // version
  out.u8(0);                  // no augmentation
  out.uleb(1);                // code alignment
  out.u8(0x78);               // data alignment -8
  out.u8(kReturnAddress);
  out.u8(kDefineCfa), out.uleb(kStackPointer), out.uleb(8);
  out.u8(kOffset | kReturnAddress), out.uleb(1);
  out.end(start);
}

bool write_steps(Writer& out, const Prologue& prologue) {
  std::uint64_t total = 8;  // from the stack pointer up to the CFA when the prologue is done
  for (const Step& step : prologue.steps) {
    if (step.operation == kPushNonvolatile) total += 8;
    if (step.operation == kAllocateSmall || step.operation == kAllocateLarge || step.operation == kPushMachineFrame) {
      total += step.value;
    }
  }
  std::uint64_t depth = 8;
  std::uint32_t at = 0;
  bool by_frame_register = false;
  const auto saved = [&](std::uint8_t reg, std::uint64_t below_cfa) {
    out.u8(kOffset | kDwarfOf[reg]);
    out.uleb(below_cfa / 8);
  };
  for (const Step& step : prologue.steps) {
    if (step.operation == kEpilogue) continue;
    if (step.at < at) return false;
    for (std::uint32_t delta = step.at - at; delta > 0;) {
      const std::uint32_t part = delta < 0xFF ? delta : 0xFF;
      if (part < 0x40) {
        out.u8(kAdvance | static_cast<std::uint8_t>(part));
      } else {
        out.u8(kAdvance1), out.u8(static_cast<std::uint8_t>(part));
      }
      delta -= part;
    }
    at = step.at;
    switch (step.operation) {
      case kPushNonvolatile:
        depth += 8;
        if (!by_frame_register) out.u8(kDefineCfaOffset), out.uleb(depth);
        saved(step.reg, depth);
        break;
      case kAllocateSmall:
      case kAllocateLarge:
      case kPushMachineFrame:
        depth += step.value;
        if (!by_frame_register) out.u8(kDefineCfaOffset), out.uleb(depth);
        break;
      case kSetFrameRegister:
        if (prologue.frame_offset > depth) return false;
        out.u8(kDefineCfa), out.uleb(kDwarfOf[prologue.frame_register]), out.uleb(depth - prologue.frame_offset);
        by_frame_register = true;
        break;
      case kSaveNonvolatile:
      case kSaveNonvolatileFar:
        if (step.value > total) return false;
        saved(step.reg, total - step.value);
        break;
      default:
        break;
    }
  }
  return true;
}

}  // namespace

HostResult<std::vector<std::byte>> make_frame_information(const PeFile& file, const std::byte* base) {
  Writer out;
  write_cie(out);
  const InfoReader reader(file);
  for (const PeFunction& function : file.functions) {
    // An odd unwind RVA names another function entry, whose information is shared.
    std::uint32_t info = function.unwind_rva;
    if (info & 1) {
      const std::size_t entry = (info & ~1U) + std::size_t{8};
      info = 0;
      if (entry + 4 <= file.memory.size()) std::memcpy(&info, file.memory.data() + entry, 4);
    }
    Prologue prologue;
    if (info == 0 || !reader.read(info, prologue)) {
      return tl::unexpected(HostError{
          kStatusInvalidImageFormat,
          fmt::format(
              "not a loadable driver: unwind information at RVA 0x{:X} of the function at RVA 0x{:X} is damaged",
              function.unwind_rva, function.begin_rva)});
    }
    const std::size_t start = out.begin();
    out.raw(static_cast<std::uint32_t>(out.size()));  // back to the CIE, which stands first
    out.raw(reinterpret_cast<std::uint64_t>(base) + function.begin_rva);
    out.raw(std::uint64_t{function.end_rva} - function.begin_rva);
    if (!write_steps(out, prologue)) {
      return tl::unexpected(HostError{
          kStatusInvalidImageFormat,
          fmt::format("not a loadable driver: the prologue at RVA 0x{:X} is out of order", function.begin_rva)});
    }
    out.end(start);
  }
  out.raw(std::uint32_t{0});  // the end
  return out.take();
}

FrameRegistration::FrameRegistration(std::vector<std::byte> information) : information_(std::move(information)) {
  __register_frame(information_.data());
}

FrameRegistration::~FrameRegistration() {
  __deregister_frame(information_.data());
}

}  // namespace wdscope::host
