// SPDX-License-Identifier: MIT
#include "host/mm/fault.h"

#include <signal.h>
#include <unwind.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <optional>

#include "host/ex/pool.h"
#include "host/image/loaded_image.h"
#include "host/ke/thread.h"
#include "host/mm/guarded_copy.h"
#include "host/mm/operand.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/stack.h"

namespace wdscope::host {
namespace {

constexpr Ulong kAttemptedExecuteOfNoexecuteMemory = 0xFC;
constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
struct sigaction previous_actions[NSIG];

const char* address_class(std::uint64_t address) {
  if (address < 0x10000) return "a null pointer, or a field of one";
  if (address < 0x7FFF'FFFF'0000 && address < kSystemRangeStart) return "an address of user space";
  if (address >= 0x8000'0000'0000 && address < 0xFFFF'8000'0000'0000) return "not a canonical address";
  return "kernel space";
}

std::string describe_touched(std::uint64_t address) {
  const auto* pointer = reinterpret_cast<const void*>(address);
  if (std::string pool = describe_pool_address(pointer); !pool.empty()) return pool;
  if (std::string gone = describe_unloaded(pointer); !gone.empty()) return gone;
  if (const LoadedImage* image = image_containing(pointer)) return image->describe_symbol(pointer) + ", no such access";
  const Thread& thread = current_thread();
  const auto low = reinterpret_cast<std::uintptr_t>(thread.stack_low);
  if (address < low && low - address < 64 * 1024) return "just below the stack: the stack has overflowed";
  return address_class(address);
}

struct FaultedAccess {
  const char* verb;
  std::uint64_t operation;  // as in the parameters of bug check 0x50: 0 read, 2 write, 10 execute
  Fault::Access kind;
};

FaultedAccess access_of(const ucontext_t& context, std::uint64_t address) {
  constexpr greg_t kWrite = 2, kFetch = 16;
  const greg_t error = context.uc_mcontext.gregs[REG_ERR];
  if ((error & kFetch) || static_cast<std::uint64_t>(context.uc_mcontext.gregs[REG_RIP]) == address) {
    return {"execution", 10, Fault::Access::Execute};
  }
  return error & kWrite ? FaultedAccess{"write", 2, Fault::Access::Write}
                        : FaultedAccess{"read", 0, Fault::Access::Read};
}

// Whether the page is there, and only this access to it refused.
bool is_mapped(const ucontext_t& context) {
  constexpr greg_t kPresent = 1;
  return context.uc_mcontext.gregs[REG_ERR] & kPresent;
}

std::string describe_data(std::uint64_t address) {
  const auto* pointer = reinterpret_cast<const void*>(address);
  if (std::string pool = describe_pool_address(pointer); !pool.empty()) return pool;
  if (const LoadedImage* image = image_containing(pointer)) return image->describe_symbol(pointer);
  return address_class(address);
}

bool crosses_driver(const std::vector<void*>& stack) {
  for (void* frame : stack) {
    if (image_containing(frame)) return true;
  }
  return false;
}

std::string describe_instruction(const void* pc) {
  if (const LoadedImage* image = image_containing(pc)) return image->describe(pc, LoadedImage::CodeAddress::Exact);
  return describe_address(pc);
}

[[noreturn]] void report_fault(int signal, const siginfo_t& info, const ucontext_t& context,
                               const std::vector<void*>& stack) {
  const auto rip = static_cast<std::uint64_t>(context.uc_mcontext.gregs[REG_RIP]);
  const auto* pc = reinterpret_cast<const unsigned char*>(rip);
  const std::string where = describe_instruction(pc);
  if (signal == SIGSEGV || signal == SIGBUS) {
    if (info.si_code == SI_KERNEL) {
      if (image_containing(pc) && pc[0] == 0xCD && pc[1] == 0x29) {  // __fastfail
        const auto code = static_cast<std::uint64_t>(context.uc_mcontext.gregs[REG_RCX]);
        bug_check_at(kKernelSecurityCheckFailure, {code, 0, 0, 0},
                     fmt::format("{} asked for a fast fail with code {}", where, code), stack);
      }
      const std::optional<std::uint64_t> operand =
          image_containing(pc) ? operand_address(context.uc_mcontext.gregs) : std::nullopt;
      if (operand && !is_canonical(*operand)) {
        bug_check_at(kKmodeExceptionNotHandled, {0xC0000005, rip, 0, ~0ULL},
                     fmt::format("access of {} by {}: not a canonical address", hex(*operand), where), stack,
                     Fault{Fault::Access::Read, *operand, where});
      }
      bug_check_at(kKmodeExceptionNotHandled, {0xC0000096, rip, 0, 0},
                   where + " executed a privileged instruction that the host does not imitate", stack);
    }
    const auto address = reinterpret_cast<std::uint64_t>(info.si_addr);
    const FaultedAccess access = access_of(context, address);
    if (access.operation == 10 && is_mapped(context)) {
      bug_check_at(kAttemptedExecuteOfNoexecuteMemory, {address, 0, 0, 0},
                   fmt::format("execution of {}: {}, which is data", hex(address), describe_data(address)), stack,
                   Fault{access.kind, address, where});
    }
    const Irql irql = current_thread().irql;
    const std::string text =
        fmt::format("{} of {} by {}: {}", access.verb, hex(address), where, describe_touched(address));
    if (irql >= kDispatchLevel) {
      bug_check_at(kDriverIrqlNotLessOrEqual, {address, irql, access.operation, rip},
                   text + fmt::format(" (at IRQL {}, where a page fault is fatal)", irql), stack,
                   Fault{access.kind, address, where});
    }
    bug_check_at(address < kSystemRangeStart ? 0x3B : kPageFaultInNonpagedArea,
                 address < kSystemRangeStart ? BugCheckParameters{0xC0000005, rip, address, 0}
                                             : BugCheckParameters{address, access.operation, rip, 0},
                 text, stack, Fault{access.kind, address, where});
  }
  const std::uint64_t status = signal == SIGFPE ? 0xC0000094 : signal == SIGTRAP ? 0x80000003 : 0xC000001D;
  bug_check_at(
      kKmodeExceptionNotHandled, {status, rip, 0, 0},
      where + (signal == SIGFPE    ? " divided by zero, or the quotient does not fit"
               : signal == SIGTRAP ? " hit a breakpoint and no debugger is there"
                                   : " executed an instruction that does not exist (ud2: an unreachable path)"),
      stack);
}

void handle_fault(int signal, siginfo_t* info, void* raw_context) {
  auto& context = *static_cast<ucontext_t*>(raw_context);
  greg_t* const registers = context.uc_mcontext.gregs;
  if (signal == SIGSEGV || signal == SIGBUS) {
    if (end_guarded_copy(registers)) return;
    const auto* pc = reinterpret_cast<const void*>(registers[REG_RIP]);
    if (image_containing(pc) &&
        imitate_instruction(registers,
                            info->si_code == SI_KERNEL ? 0 : reinterpret_cast<std::uint64_t>(info->si_addr))) {
      return;
    }
  }
  const auto* pc = reinterpret_cast<const void*>(registers[REG_RIP]);
  std::vector<void*> stack;
  if ((signal == SIGSEGV || signal == SIGBUS) && pc == info->si_addr) {
    // A jump to nowhere: the unwinder would read the code that is not there; the caller's address is on the stack.
    void* caller = nullptr;
    guarded_copy(&caller, reinterpret_cast<const void*>(registers[REG_RSP]), sizeof(caller));
    stack = {const_cast<void*>(pc), caller};
  } else {
    stack = capture_stack();
    // Without the frames of this handler: the interrupted instruction comes first.
    const auto interrupted = std::find(stack.begin(), stack.end(), pc);
    if (interrupted != stack.end()) stack.erase(stack.begin(), interrupted);
  }
  if (crosses_driver(stack)) report_fault(signal, *info, context, stack);
  // Not a driver's doing: whoever was here before decides, by the instruction faulting again.
  sigaction(signal, &previous_actions[signal], nullptr);
}

}  // namespace

void install_fault_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action {};
    action.sa_sigaction = handle_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    for (const int signal : kSignals) sigaction(signal, &action, &previous_actions[signal]);
  });
  current_thread();  // gives this thread its signal stack
}

}  // namespace wdscope::host
