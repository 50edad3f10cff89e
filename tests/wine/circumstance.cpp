// SPDX-License-Identifier: MIT
// circumstance.exe limited WORD...: runs the command as a user does whose console is not elevated; its exit code.
// circumstance.exe hold SERVICE: says "held" and holds the service open until its standard input ends.
#include <windows.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "event/windows_text.h"

namespace {

using wdscope::to_wide;

[[noreturn]] void fail(const char* doing) {
  std::fprintf(stderr, "circumstance: %s: %s\n", doing, wdscope::system_words(GetLastError()).c_str());
  std::exit(99);
}

// The token that the user of an elevated one works with otherwise.
HANDLE limited_token() {
  HANDLE own = nullptr;
  if (OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &own) == 0) fail("opening the own token");
  TOKEN_LINKED_TOKEN linked = {};
  DWORD size = 0;
  if (GetTokenInformation(own, TokenLinkedToken, &linked, sizeof linked, &size) == 0)
    fail("asking for the other token");
  HANDLE primary = nullptr;
  if (DuplicateTokenEx(linked.LinkedToken, TOKEN_ALL_ACCESS, nullptr, SecurityImpersonation, TokenPrimary, &primary) ==
      0) {
    fail("making a token for a process");
  }
  return primary;
}

int run_limited(std::wstring command) {
  STARTUPINFOW startup = {};
  startup.cb = sizeof startup;
  PROCESS_INFORMATION child = {};
  if (CreateProcessAsUserW(limited_token(), nullptr, command.data(), nullptr, nullptr, TRUE, 0, nullptr, nullptr,
                           &startup, &child) == 0) {
    fail("starting a process");
  }
  WaitForSingleObject(child.hProcess, INFINITE);
  DWORD status = 0;
  if (GetExitCodeProcess(child.hProcess, &status) == 0) fail("asking for an exit code");
  return static_cast<int>(status);
}

int hold(const char* service) {
  const SC_HANDLE manager = OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT);
  const SC_HANDLE held = OpenServiceW(manager, to_wide(service).c_str(), SERVICE_QUERY_STATUS);
  if (held == nullptr) fail("opening the service");
  std::puts("held");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  CloseServiceHandle(held);
  CloseServiceHandle(manager);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "hold") == 0) return hold(argv[2]);
  if (argc < 3 || std::strcmp(argv[1], "limited") != 0) return 2;
  std::wstring command = to_wide(argv[2]);
  for (int i = 3; i < argc; ++i) command += L' ' + to_wide(argv[i]);
  return run_limited(std::move(command));
}
