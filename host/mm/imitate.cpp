// SPDX-License-Identifier: MIT
// The few instructions that compiled drivers contain inline and that cannot run in user mode: moves from and to CR8
// (the IRQL), and loads from KUSER_SHARED_DATA. Loads are decoded in the forms that compilers emit; others are refused.
#include <cstring>

#include "host/ke/thread.h"
#include "host/ke/time.h"
#include "host/mm/fault.h"
#include "host/mm/operand.h"

namespace wdscope::host {
namespace {

// Bytes of a ModRM operand in memory behind the ModRM byte itself: SIB and displacement.
unsigned operand_tail(unsigned modrm, unsigned sib) {
  const unsigned mod = modrm >> 6, rm = modrm & 7;
  unsigned size = rm == 4 ? 1 : 0;
  if (mod == 1) size += 1;
  if (mod == 2 || (mod == 0 && rm == 5) || (mod == 0 && rm == 4 && (sib & 7) == 5)) size += 4;
  return size;
}

bool imitate_cr8(greg_t* registers) {
  const auto* code = reinterpret_cast<const unsigned char*>(registers[REG_RIP]);
  const unsigned rex = code[0];
  if ((rex & 0xF4) != 0x44 || code[1] != 0x0F || (code[2] != 0x20 && code[2] != 0x22)) return false;
  const unsigned modrm = code[3];
  if ((modrm >> 3 & 7) != 0) return false;  // CR8 is register 0 with REX.R
  greg_t& value = registers[kRegisters[(modrm & 7) | (rex & 1) << 3]];
  if (code[2] == 0x20) {
    value = current_thread().irql;
  } else if (const auto to = static_cast<Irql>(value & 0xF); to >= current_thread().irql) {
    raise_irql(to);
  } else {
    lower_irql(to);
  }
  registers[REG_RIP] += 4;
  return true;
}

bool imitate_shared_page_load(greg_t* registers, std::uint64_t address) {
  if (address < kSharedUserData || address >= kSharedUserData + kSharedUserDataSize - 8) return false;
  unsigned char page[kSharedUserDataSize] = {};
  fill_shared_user_data(page);
  std::uint64_t loaded;
  std::memcpy(&loaded, page + (address - kSharedUserData), sizeof(loaded));

  const auto* const start = reinterpret_cast<const unsigned char*>(registers[REG_RIP]);
  const unsigned char* code = start;
  bool is_16_bit = false;
  if (*code == 0x66) is_16_bit = true, ++code;
  unsigned rex = 0;
  if ((*code & 0xF0) == 0x40) rex = *code++;
  const bool is_64_bit = rex & 8;
  unsigned target;
  unsigned size = is_64_bit ? 8 : is_16_bit ? 2 : 4;
  bool extends = false, is_signed = false;
  if (*code == 0xA0 || *code == 0xA1) {  // mov al/eax/rax, [address]
    if (*code == 0xA0) size = 1;
    target = 0;
    code += 1 + 8;
  } else {
    if (code[0] == 0x8B) {
      code += 1;
    } else if (code[0] == 0x8A) {
      if (rex == 0 && (code[1] >> 3 & 7) >= 4) return false;  // ah, ch, dh, bh
      size = 1, code += 1;
    } else if (code[0] == 0x63 && is_64_bit) {
      size = 4, extends = is_signed = true, code += 1;
    } else if (code[0] == 0x0F && (code[1] == 0xB6 || code[1] == 0xB7 || code[1] == 0xBE || code[1] == 0xBF)) {
      size = code[1] & 1 ? 2 : 1;
      extends = true, is_signed = code[1] >= 0xBE;
      code += 2;
    } else {
      return false;
    }
    const unsigned modrm = *code;
    if (modrm >> 6 == 3) return false;
    target = (modrm >> 3 & 7) | (rex & 4) << 1;
    code += 1 + operand_tail(modrm, code[1]);
  }

  if (size < 8) loaded &= (1ULL << size * 8) - 1;
  if (is_signed && (loaded >> (size * 8 - 1) & 1)) loaded |= ~0ULL << size * 8;
  auto value = static_cast<std::uint64_t>(registers[kRegisters[target]]);
  const unsigned written = extends ? (is_64_bit ? 8 : is_16_bit ? 2 : 4) : size;
  if (written == 8) {
    value = loaded;
  } else if (written == 4) {
    value = loaded & 0xFFFF'FFFF;  // a 32-bit write clears the upper half
  } else {
    const std::uint64_t mask = (1ULL << written * 8) - 1;
    value = (value & ~mask) | (loaded & mask);
  }
  registers[kRegisters[target]] = static_cast<greg_t>(value);
  registers[REG_RIP] += code - start;
  return true;
}

}  // namespace

bool imitate_instruction(greg_t* registers, std::uint64_t fault_address) {
  return imitate_cr8(registers) || imitate_shared_page_load(registers, fault_address);
}

}  // namespace wdscope::host
