// SPDX-License-Identifier: MIT
// The address that an instruction's memory operand means. The processor tells it for page faults alone, not for the
// protection fault that an address which is not canonical raises.
#pragma once

#include <ucontext.h>

#include <cstdint>
#include <optional>

namespace wdscope::host {

// Where gregs keep the register that an instruction numbers 0 to 15.
inline constexpr int kRegisters[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                       REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

// Decodes the instruction at REG_RIP, which must be readable, in the forms that compilers emit for kernel code (no
// VEX). Absent: no memory operand, one relative to RIP or a segment, or an instruction that is not known. Reads the
// code in pieces of its own length: callable from a signal handler.
std::optional<std::uint64_t> operand_address(const greg_t* registers);

inline bool is_canonical(std::uint64_t address) {
  return address < 0x8000'0000'0000 || address >= 0xFFFF'8000'0000'0000;
}

}  // namespace wdscope::host
