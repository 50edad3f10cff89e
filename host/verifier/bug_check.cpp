// SPDX-License-Identifier: MIT
#include "host/verifier/bug_check.h"

#include <unistd.h>

#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <mutex>

#include "host/ex/callback.h"
#include "host/ke/thread.h"
#include "host/ke/thread_internal.h"
#include "host/verifier/stack.h"

#ifdef WDSCOPE_COVERAGE_BUILD
extern "C" void __gcov_dump();
#endif

namespace wdscope::host {
namespace {

std::atomic<int> last_exit_code{kAbortExitCode};

std::mutex handler_mutex;
std::function<void(const BugCheck&)>& handler() {
  static auto* const the_handler = new std::function<void(const BugCheck&)>;
  return *the_handler;
}

const char* bug_check_name(Ulong code) {
  switch (code) {
    case kApcIndexMismatch:
      return "APC_INDEX_MISMATCH";
    case kIrqlNotLessOrEqual:
      return "IRQL_NOT_LESS_OR_EQUAL";
    case 0x0C:
      return "MAXIMUM_WAIT_OBJECTS_EXCEEDED";
    case 0x18:
      return "REFERENCE_BY_POINTER";
    case kKmodeExceptionNotHandled:
      return "KMODE_EXCEPTION_NOT_HANDLED";
    case 0x3B:
      return "SYSTEM_SERVICE_EXCEPTION";
    case kMultipleIrpCompleteRequests:
      return "MULTIPLE_IRP_COMPLETE_REQUESTS";
    case 0x48:
      return "CANCEL_STATE_IN_COMPLETED_IRP";
    case kPageFaultInNonpagedArea:
      return "PAGE_FAULT_IN_NONPAGED_AREA";
    case 0x7F:
      return "UNEXPECTED_KERNEL_MODE_TRAP";
    case 0x93:
      return "INVALID_KERNEL_HANDLE";
    case kBadPoolCaller:
      return "BAD_POOL_CALLER";
    case kDriverVerifierDetectedViolation:
      return "DRIVER_VERIFIER_DETECTED_VIOLATION";
    case 0xC7:
      return "TIMER_OR_DPC_INVALID";
    case kDriverUnloadedWithoutCancellingPendingOperations:
      return "DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS";
    case kDriverIrqlNotLessOrEqual:
      return "DRIVER_IRQL_NOT_LESS_OR_EQUAL";
    case 0xE4:
      return "WORKER_INVALID";
    case kResourceNotOwned:
      return "RESOURCE_NOT_OWNED";
    case 0xFC:
      return "ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY";
    case kKernelSecurityCheckFailure:
      return "KERNEL_SECURITY_CHECK_FAILURE";
    default:
      return "MANUALLY_INITIATED_BUG_CHECK";
  }
}

[[noreturn]] void stop() {
  std::fflush(nullptr);
#ifdef WDSCOPE_COVERAGE_BUILD
  __gcov_dump();
#endif
  _exit(last_exit_code);
}

}  // namespace

void set_bug_check_handler(std::function<void(const BugCheck&)> new_handler, int exit_code) {
  std::lock_guard hold(handler_mutex);
  last_exit_code = exit_code;
  handler() = std::move(new_handler);
}

std::string BugCheck::report() const {
  std::string text = fmt::format(
      "\n*** BUG CHECK 0x{:X} {} (0x{:X}, 0x{:X}, 0x{:X}, 0x{:X})\n"
      "{}\n",
      code, name, parameters[0], parameters[1], parameters[2], parameters[3], explanation);
  if (const Thread* thread = current_thread_or_null()) {
    text += fmt::format("Thread 0x{:X}, IRQL {}, kernel APC count {}\n", thread->thread_id, thread->irql,
                        thread->kernel_apc_disable);
  }
  text += stack.empty() ? "No driver on the stack.\n" : "Stack, innermost first:\n";
  for (const std::string& line : stack) text += "    " + line + "\n";
  return text;
}

void bug_check(Ulong code, BugCheckParameters parameters, std::string explanation) {
  bug_check_at(code, parameters, std::move(explanation), capture_stack());
}

void bug_check_at(Ulong code, BugCheckParameters parameters, std::string explanation, const std::vector<void*>& stack,
                  std::optional<Fault> fault) {
  static std::atomic<pid_t> reporting{0};
  pid_t nobody = 0;
  if (!reporting.compare_exchange_strong(nobody, gettid())) {
    if (nobody == gettid()) {
      std::fprintf(stderr, "bug check 0x%X while reporting another: %s\n", code, explanation.c_str());
      _exit(last_exit_code);
    }
    for (;;) pause();  // the first reporter ends the process
  }
  BugCheck check{code,
                 {parameters.p1, parameters.p2, parameters.p3, parameters.p4},
                 bug_check_name(code),
                 std::move(explanation),
                 describe_stack(stack),
                 std::move(fault),
                 callbacks_in_progress()};
  if (const Thread* thread = current_thread_or_null()) check.irql = thread->irql;
  std::function<void(const BugCheck&)> tell;
  {
    std::lock_guard hold(handler_mutex);
    tell = handler();
  }
  if (tell) {
    tell(check);
  } else {
    std::fputs(check.report().c_str(), stderr);
  }
  stop();
}

}  // namespace wdscope::host
