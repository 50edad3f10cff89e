// SPDX-License-Identifier: MIT
// feed.exe COUNT [DEVICE [DRIVE]]: starts COUNT processes one after the other, real ones of Wine's, and tells
// wdwine.sys of each as NT would: before its first instruction, and when it has ended. Meanwhile it is the notifier's
// engine, which trusts every other process. What it did goes to standard output, one JSON object a process. Their
// images lie on the device of its own drive, or on DEVICE, as it tells; DRIVE ("W:") stands for DEVICE from then on.
#include <windows.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <span>
#include <string>
#include <vector>

#include "abi/wire/engine.h"
#include "event/windows_text.h"
#include "lab/engine_message.h"
#include "wine/feed_device.h"

namespace {

using wdscope::to_utf8;
using wdscope::to_wide;
namespace wine = wdscope::wine;
namespace wire = wdscope::wire;

[[noreturn]] void fail(const char* doing) {
  std::fprintf(stderr, "feed: %s: %s\n", doing, wdscope::system_words(GetLastError()).c_str());
  std::exit(1);
}

HANDLE open_device(const char* name) {
  const HANDLE device =
      CreateFileW(to_wide(name).c_str(), GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr,
                  OPEN_EXISTING, FILE_FLAG_OVERLAPPED, nullptr);
  if (device == INVALID_HANDLE_VALUE) fail(name);
  return device;
}

// Bytes of the answer, or -1 with GetLastError().
int control(HANDLE device, std::uint32_t code, std::span<const std::byte> input, std::span<std::byte> output) {
  OVERLAPPED request = {};
  request.hEvent = CreateEventW(nullptr, TRUE, FALSE, nullptr);
  DWORD written = 0;
  BOOL done = DeviceIoControl(device, code, const_cast<std::byte*>(input.data()), static_cast<DWORD>(input.size()),
                              output.data(), static_cast<DWORD>(output.size()), &written, &request);
  if (done == 0 && GetLastError() == ERROR_IO_PENDING) done = GetOverlappedResult(device, &request, &written, TRUE);
  const DWORD error = GetLastError();
  CloseHandle(request.hEvent);
  SetLastError(error);
  return done != 0 ? static_cast<int>(written) : -1;
}

// Until the device refuses, as it does when main() cancels.
void serve(HANDLE engine) {
  std::vector<std::byte> buffer(sizeof(wire::EngineMessage) + wire::kMaximumEngineMessageSize);
  unsigned creates = 0;
  for (;;) {
    const int size = control(engine, wire::kEngineGetMessage, {}, buffer);
    if (size < static_cast<int>(sizeof(wire::EngineMessage))) return;
    wire::EngineMessage head;
    std::memcpy(&head, buffer.data(), sizeof head);
    const auto message =
        wdscope::read_engine_message(std::span(buffer).first(static_cast<std::size_t>(size)).subspan(sizeof head));
    if (!message || head.reply_expected == 0) continue;
    const auto* const create = std::get_if<wdscope::CreateMessage>(&message->body);
    if (create == nullptr) continue;
    wdscope::Decision decision;
    decision.trust = creates++ % 2 == 0 ? wdscope::Verdict::Trusted : wdscope::Verdict::NotTrusted;
    const auto body = wdscope::write_create_reply(message->version, *create, decision);
    const wire::EngineReply reply{head.message_id, static_cast<std::uint32_t>(body.size()), 0};
    std::vector<std::byte> bytes(sizeof reply + body.size());
    std::memcpy(bytes.data(), &reply, sizeof reply);
    std::memcpy(bytes.data() + sizeof reply, body.data(), body.size());
    if (control(engine, wire::kEngineReply, bytes, {}) < 0) fail("answering the notifier");
  }
}

void announce(HANDLE feed, std::uint32_t code, DWORD pid, const std::wstring& image, const std::wstring& command_line) {
  const auto image_bytes = std::as_bytes(std::span(image));
  const auto command_bytes = std::as_bytes(std::span(command_line));
  const wine::StartMessage message{pid, GetCurrentProcessId(), static_cast<std::uint32_t>(image_bytes.size()),
                                   static_cast<std::uint32_t>(command_bytes.size())};
  std::vector<std::byte> bytes(sizeof message);
  std::memcpy(bytes.data(), &message, sizeof message);
  bytes.insert(bytes.end(), image_bytes.begin(), image_bytes.end());
  bytes.insert(bytes.end(), command_bytes.begin(), command_bytes.end());
  if (control(feed, code, bytes, {}) < 0) fail("telling of a process");
}

std::wstring device_of(const std::wstring& drive) {
  wchar_t target[MAX_PATH] = {};
  return QueryDosDeviceW(drive.c_str(), target, MAX_PATH) != 0 ? target : L"";
}

std::wstring volume(int argc, char** argv) {
  if (argc <= 2) {
    wchar_t own[MAX_PATH] = {};
    GetModuleFileNameW(nullptr, own, MAX_PATH);
    const std::wstring device = device_of(std::wstring(own, 2));
    if (device.empty()) fail("asking for the device of the own drive");
    return device;
  }
  const std::wstring device = to_wide(argv[2]);
  if (argc <= 3 || device_of(to_wide(argv[3])) == device) return device;
  if (DefineDosDeviceW(DDD_RAW_TARGET_PATH, to_wide(argv[3]).c_str(), device.c_str()) == 0) fail("making a drive");
  return device;
}

// As JSON has it inside its quotes.
std::string escaped(std::wstring_view words) {
  std::string text = to_utf8(words);
  for (std::size_t at = 0; (at = text.find_first_of("\"\\", at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

void run_one(HANDLE feed, int number, const std::wstring& device) {
  wchar_t own[MAX_PATH] = {};
  GetModuleFileNameW(nullptr, own, MAX_PATH);
  // Some of every script: the texts must come out as they went in.
  std::wstring command_line = L"\"";
  command_line += own;
  command_line += L"\" child ";
  command_line += std::to_wstring(number);
  command_line += L" gr\u00FC\u00DFe \u6F22\u5B57 \u05E9\u05DC\u05D5\u05DD \U0001F600";
  const std::wstring told = command_line;
  STARTUPINFOW startup = {};
  startup.cb = sizeof startup;
  PROCESS_INFORMATION child = {};
  if (CreateProcessW(own, command_line.data(), nullptr, nullptr, FALSE, CREATE_SUSPENDED, nullptr, nullptr, &startup,
                     &child) == 0) {
    fail("starting a process");
  }
  const std::wstring image = device + (own + 2);  // without the drive
  announce(feed, wine::kAnnounceStart, child.dwProcessId, image, told);
  ResumeThread(child.hThread);
  WaitForSingleObject(child.hProcess, INFINITE);
  announce(feed, wine::kAnnounceExit, child.dwProcessId, {}, {});
  std::printf("{\"pid\":%lu,\"parent\":%lu,\"image\":\"%s\",\"own\":\"%s\",\"command_line\":\"%s\"}\n",
              child.dwProcessId, GetCurrentProcessId(), escaped(image).c_str(), escaped(own).c_str(),
              escaped(told).c_str());
  CloseHandle(child.hThread);
  CloseHandle(child.hProcess);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "child") == 0) return 0;
  const int count = argc > 1 ? std::atoi(argv[1]) : 1;
  const std::wstring device = volume(argc, argv);
  const HANDLE feed = open_device(wine::kFeedDevice);
  const HANDLE engine = open_device(wire::kEngineUserDeviceName);
  const std::future<void> service = std::async(std::launch::async, serve, engine);
  for (int number = 0; number < count; ++number) run_one(feed, number, device);
  // Again and again: the thread may be about to ask.
  do {
    CancelIoEx(engine, nullptr);
  } while (service.wait_for(std::chrono::milliseconds(10)) != std::future_status::ready);
  CloseHandle(engine);
  CloseHandle(feed);
  return 0;
}
