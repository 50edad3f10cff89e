// SPDX-License-Identifier: MIT
// A driver whose exports make the processor fault, each in its own way, when a test calls them.
#include "driver.h"

#define FAULT extern "C" __declspec(dllexport) __attribute__((noinline))

namespace {

volatile ULONG zero;
volatile ULONG result;
UCHAR just_data[16] = {0xC3};  // ret, were it code

}  // namespace

FAULT void read_at(volatile ULONG* address) {
  result = *address;
}

FAULT void write_at(volatile ULONG* address) {
  *address = 1;
}

// The frame between: what the stack must name besides the routine at fault.
FAULT void read_for_caller(volatile ULONG* address) {
  read_at(address);
  result = result + 1;
}

FAULT void read_at_dispatch(volatile ULONG* address) {
  const KIRQL old = KeRaiseIrqlToDpcLevel();
  read_at(address);
  KeLowerIrql(old);
}

FAULT void call_at(void (*address)()) {
  address();
  result = result + 1;
}

FAULT void execute_data() {
  reinterpret_cast<void (*)()>(just_data)();
  result = result + 1;
}

FAULT void divide_by_zero() {
  result = 100 / zero;
}

FAULT void halt() {
  __asm__ volatile("hlt");
}

FAULT void reach_the_unreachable() {
  __asm__ volatile("ud2");
}

FAULT ULONG overflow_stack(ULONG depth) {
  if (depth == ~zero) return 0;  // never reached
  volatile UCHAR frame[512];
  frame[depth % sizeof frame] = 1;
  return overflow_stack(depth + 1) + frame[zero];
}

// What an examination looks at.
extern "C" {
__declspec(dllexport) KSPIN_LOCK a_lock = 0;
}

FAULT void read_second_argument(void*, void*, volatile ULONG* address) {
  result = *address;
}

namespace {

void print_list(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vDbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, format, arguments);
  va_end(arguments);
}

}  // namespace

FAULT void print() {
  DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "at once %d", 1);
  print_list("by list %d", 2);
}

extern "C" VOID NTAPI on_unload(PDRIVER_OBJECT) {}

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING) {
  driver->DriverUnload = on_unload;
  return STATUS_SUCCESS;
}
