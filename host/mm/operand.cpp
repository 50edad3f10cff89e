// SPDX-License-Identifier: MIT
#include "host/mm/operand.h"

#include <cstring>

namespace wdscope::host {
namespace {

bool is_prefix(unsigned byte) {
  return byte == 0x66 || byte == 0xF0 || byte == 0xF2 || byte == 0xF3 || byte == 0x2E || byte == 0x36 || byte == 0x3E ||
         byte == 0x26;
}

// One-byte opcodes with a ModRM byte.
bool has_modrm(unsigned opcode) {
  if (opcode < 0x40) return (opcode & 7) < 4;  // arithmetic, register and memory forms
  switch (opcode) {
    case 0x63:
    case 0x69:
    case 0x6B:
    case 0xC0:
    case 0xC1:
    case 0xC6:
    case 0xC7:
    case 0xF6:
    case 0xF7:
    case 0xFE:
    case 0xFF:
      return true;
    default:
      return (opcode >= 0x80 && opcode <= 0x8F) || (opcode >= 0xD0 && opcode <= 0xD3) ||
             (opcode >= 0xD8 && opcode <= 0xDF);
  }
}

// Two-byte opcodes, behind 0F.
bool has_modrm_behind_0f(unsigned opcode) {
  if (opcode == 0x05 || opcode == 0x0B || (opcode >= 0x30 && opcode <= 0x37)) return false;
  if (opcode >= 0x80 && opcode <= 0x8F) return false;                                      // jumps
  if (opcode == 0xA0 || opcode == 0xA1 || opcode == 0xA2 || opcode == 0xA8) return false;  // push, pop, cpuid
  if (opcode == 0xA9 || opcode == 0xAA || (opcode >= 0xC8 && opcode <= 0xCF)) return false;
  return opcode != 0x20 && opcode != 0x22;  // control registers
}

template <class T>
T take(const unsigned char* code) {
  T value;
  std::memcpy(&value, code, sizeof value);
  return value;
}

// The address of a ModRM operand; `rex` holds the low four bits.
std::optional<std::uint64_t> address_of(const unsigned char* modrm_at, unsigned rex, const greg_t* registers) {
  const unsigned modrm = *modrm_at, mod = modrm >> 6, rm = modrm & 7;
  if (mod == 3 || (mod == 0 && rm == 5)) return std::nullopt;
  const auto value = [&](unsigned number) { return static_cast<std::uint64_t>(registers[kRegisters[number]]); };
  const unsigned char* displacement = modrm_at + 1;
  std::uint64_t address = 0;
  bool wide = mod == 2;
  if (rm == 4) {
    const unsigned sib = *displacement++;
    const unsigned index = (sib >> 3 & 7) | (rex & 2) << 2;
    if (index != 4) address += value(index) << (sib >> 6);
    if (mod == 0 && (sib & 7) == 5) {
      wide = true;
    } else {
      address += value((sib & 7) | (rex & 1) << 3);
    }
  } else {
    address += value(rm | (rex & 1) << 3);
  }
  if (wide) return address + static_cast<std::uint64_t>(std::int64_t{take<std::int32_t>(displacement)});
  if (mod == 1) return address + static_cast<std::uint64_t>(std::int64_t{take<std::int8_t>(displacement)});
  return address;
}

}  // namespace

std::optional<std::uint64_t> operand_address(const greg_t* registers) {
  const auto* code = reinterpret_cast<const unsigned char*>(registers[REG_RIP]);
  while (is_prefix(*code)) ++code;
  unsigned rex = 0;
  if ((*code & 0xF0) == 0x40) rex = *code++ & 0xF;
  const auto source = static_cast<std::uint64_t>(registers[REG_RSI]);
  const auto target = static_cast<std::uint64_t>(registers[REG_RDI]);
  switch (const unsigned opcode = *code++; opcode) {
    case 0xA0:
    case 0xA1:
    case 0xA2:
    case 0xA3:  // mov with an absolute address
      return take<std::uint64_t>(code);
    case 0xA4:
    case 0xA5:
    case 0xA6:
    case 0xA7:  // movs, cmps: two addresses; the one at fault
      return is_canonical(source) ? target : source;
    case 0xAC:
    case 0xAD:  // lods
      return source;
    case 0xAA:
    case 0xAB:
    case 0xAE:
    case 0xAF:  // stos, scas
      return target;
    case 0x0F:
      if (*code == 0x38 || *code == 0x3A) return address_of(code + 2, rex, registers);
      return has_modrm_behind_0f(*code) ? address_of(code + 1, rex, registers) : std::nullopt;
    default:
      return has_modrm(opcode) ? address_of(code, rex, registers) : std::nullopt;
  }
}

}  // namespace wdscope::host
