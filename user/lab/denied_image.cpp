// SPDX-License-Identifier: MIT
// At the exec stop the registers are those of the new program but for the return value of execve, which the kernel
// still writes. So nothing is put into registers: the instructions set their own.
#include "lab/denied_image.h"

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace wdscope {
namespace {

constexpr std::uint8_t kCode = kDeniedExitCode;
constexpr std::uint64_t kUserCode64 = 0x33;  // code segments of Linux on x86-64
constexpr std::uint64_t kUserCode32 = 0x23;

// mov edi, 126; mov eax, 231 (exit_group); syscall; padding
using Instructions = std::array<std::uint8_t, 16>;
constexpr Instructions kExit64 = {0xBF, kCode, 0, 0, 0, 0xB8, 0xE7, 0, 0, 0, 0x0F, 0x05, 0xCC, 0xCC, 0xCC, 0xCC};
// mov ebx, 126; mov eax, 252 (exit_group); int 0x80; padding
constexpr Instructions kExit32 = {0xBB, kCode, 0, 0, 0, 0xB8, 0xFC, 0, 0, 0, 0xCD, 0x80, 0xCC, 0xCC, 0xCC, 0xCC};

bool write_words(pid_t thread, std::uint64_t address, const Instructions& instructions) {
  for (std::size_t offset = 0; offset < instructions.size(); offset += sizeof(long)) {
    long word = 0;
    std::memcpy(&word, instructions.data() + offset, sizeof word);
    if (ptrace(PTRACE_POKETEXT, thread, reinterpret_cast<void*>(address + offset), reinterpret_cast<void*>(word)) != 0)
      return false;
  }
  return true;
}

bool write_exit(pid_t thread) {
  user_regs_struct registers{};
  iovec area{&registers, sizeof registers};
  if (ptrace(PTRACE_GETREGSET, thread, NT_PRSTATUS, &area) != 0) return false;
  // A 32-bit process has a smaller set of its own, whose members stand elsewhere.
  if (area.iov_len != sizeof registers) {
    user_regs_struct whole{};
    if (ptrace(PTRACE_GETREGS, thread, nullptr, &whole) != 0 || whole.cs != kUserCode32) return false;
    return write_words(thread, whole.rip, kExit32);
  }
  return registers.cs == kUserCode64 && write_words(thread, registers.rip, kExit64);
}

}  // namespace

bool end_before_first_instruction(pid_t thread) {
  return write_exit(thread) || kill(thread, SIGKILL) == 0;
}

}  // namespace wdscope
