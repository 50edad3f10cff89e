// SPDX-License-Identifier: MIT
#include "cli/recorder_service.h"

#include <fmt/format.h>
#include <recorder_messages.h>  // of recorder_messages.mc
#include <windows.h>

#include <filesystem>
#include <memory>
#include <string>

#include "cli/driver_service.h"
#include "cli/exit_code.h"
#include "cli/observed_machine.h"
#include "cli/pump.h"
#include "cli/summary.h"
#include "cli/talk.h"
#include "event/windows_text.h"
#include "sink/recording_folder.h"

namespace wdscope::cli {
namespace {

using std::chrono::milliseconds;

constexpr wchar_t kEventSource[] = L"wdscope";
constexpr wchar_t kEventSourceKey[] = L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\wdscope";
constexpr DWORD kStartWaitMs = 10000;
constexpr milliseconds kDrainTime{5000};

tl::unexpected<Error> event_source_refused(LSTATUS status) {
  return failure(status == ERROR_ACCESS_DENIED ? ErrorCode::NotPermitted : ErrorCode::SourceUnavailable,
                 "cannot name the source of the event log's messages: " + system_words(static_cast<DWORD>(status)),
                 "start the console by 'Run as administrator'");
}

Result<void> make_event_source(const std::wstring& program) {
  HKEY key = nullptr;
  LSTATUS status =
      RegCreateKeyExW(HKEY_LOCAL_MACHINE, kEventSourceKey, 0, nullptr, 0, KEY_SET_VALUE, nullptr, &key, nullptr);
  if (status != ERROR_SUCCESS) return event_source_refused(status);
  const DWORD types = EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE;
  status = RegSetValueExW(key, L"EventMessageFile", 0, REG_SZ, reinterpret_cast<const BYTE*>(program.c_str()),
                          static_cast<DWORD>((program.size() + 1) * sizeof(wchar_t)));
  if (status == ERROR_SUCCESS) {
    status = RegSetValueExW(key, L"TypesSupported", 0, REG_DWORD, reinterpret_cast<const BYTE*>(&types), sizeof types);
  }
  RegCloseKey(key);
  if (status != ERROR_SUCCESS) return event_source_refused(status);
  return {};
}

void write_event(WORD type, DWORD message, const std::string& insert) {
  const HANDLE log = RegisterEventSourceW(nullptr, kEventSource);
  if (log == nullptr) return;  // there is nowhere left to tell it
  const std::wstring text = to_wide(insert);
  const wchar_t* inserts[] = {text.c_str()};
  ReportEventW(log, type, 0, message, nullptr, 1, 0, inserts, nullptr);
  DeregisterEventSource(log);
}

std::wstring program_path() {
  std::wstring path(32768, L'\0');
  path.resize(GetModuleFileNameW(nullptr, path.data(), static_cast<DWORD>(path.size())));
  return path;
}

std::wstring quoted(std::wstring path) {
  if (path.ends_with(L'\\')) path += L'.';  // else it would quote the quotation mark
  return L"\"" + path + L"\"";
}

// The service control manager's view of this process. It calls functions without a context: there is one.
class Recorder {
 public:
  explicit Recorder(const Arguments& arguments) : arguments_(arguments) { current = this; }
  ~Recorder() { current = nullptr; }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // Returns when the service has stopped.
  Result<int> run() {
    std::wstring name = kRecorderService;
    const SERVICE_TABLE_ENTRYW table[] = {{name.data(), main}, {nullptr, nullptr}};
    if (StartServiceCtrlDispatcherW(table) != 0) return exit_code_;
    const DWORD error = GetLastError();
    if (error == ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) {
      return failure(ErrorCode::Usage, "'service run' is what Windows starts, not a console",
                     "'wdscope service install' makes the service, 'sc start wdscope-recorder' starts it");
    }
    return failure(ErrorCode::SourceUnavailable, "the service control manager does not answer: " + system_words(error));
  }

 private:
  static void WINAPI main(DWORD, LPWSTR*) { current->serve(); }

  static DWORD WINAPI control(DWORD code, DWORD, LPVOID, LPVOID self) {
    if (code == SERVICE_CONTROL_INTERROGATE) return NO_ERROR;
    if (code != SERVICE_CONTROL_STOP && code != SERVICE_CONTROL_SHUTDOWN) return ERROR_CALL_NOT_IMPLEMENTED;
    auto& recorder = *static_cast<Recorder*>(self);
    recorder.tell(SERVICE_STOP_PENDING);
    recorder.stop_.ask(StopRequest::Reason::Interrupted);
    return NO_ERROR;
  }

  void tell(DWORD state) {
    SERVICE_STATUS status = {};
    status.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
    status.dwCurrentState = state;
    status.dwControlsAccepted = state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN : 0;
    status.dwWaitHint = state == SERVICE_START_PENDING || state == SERVICE_STOP_PENDING ? kStartWaitMs : 0;
    if (state == SERVICE_STOPPED && exit_code_ != static_cast<int>(ExitCode::Done)) {
      status.dwWin32ExitCode = ERROR_SERVICE_SPECIFIC_ERROR;
      status.dwServiceSpecificExitCode = static_cast<DWORD>(exit_code_);
    }
    SetServiceStatus(status_, &status);
  }

  void serve() {
    status_ = RegisterServiceCtrlHandlerExW(kRecorderService, control, this);
    if (status_ == nullptr) return;
    tell(SERVICE_START_PENDING);
    Account account;
    if (const auto recorded = record(account); !recorded) {
      exit_code_ = static_cast<int>(exit_code(recorded.error().code));
      write_event(EVENTLOG_ERROR_TYPE, RECORDER_FAILED, words(recorded.error()));
    } else {
      const bool lost = account.lost_anything();
      exit_code_ = static_cast<int>(lost ? ExitCode::Lost : ExitCode::Done);
      std::string text;
      for (const auto& lines : {loss_lines(account), summary_lines(account)}) {
        for (const std::string& line : lines) text += (text.empty() ? "" : " ") + line;
      }
      write_event(lost ? EVENTLOG_WARNING_TYPE : EVENTLOG_INFORMATION_TYPE, lost ? RECORDER_LOST : RECORDER_STOPPED,
                  text);
    }
    tell(SERVICE_STOPPED);
  }

  Result<void> record(Account& account) {
    auto machine = open_machine(arguments_);
    if (!machine) return tl::unexpected(machine.error());
    DeviceSource& source = *machine->source;
    RecordingInfo info;
    info.origin = source.origin();
    info.program_version = WDSCOPE_VERSION;
    auto folder = RecordingFolder::create(
        to_wide(arguments_.output), info,
        {.file_size = std::uint64_t{arguments_.file_megabytes} << 20, .file_count = arguments_.keep_files});
    if (!folder) return tl::unexpected(folder.error());
    tell(SERVICE_RUNNING);
    write_event(EVENTLOG_INFORMATION_TYPE, RECORDER_STARTED, arguments_.output);
    const auto end = pump(source, **folder, account.tally, stop_, std::nullopt);
    if (!end) return tl::unexpected(end.error());
    // What was made up to here is still written, then the source ends.
    source.cancel();
    if (auto drained = drain(source, **folder, account.tally, milliseconds(0), kDrainTime); !drained) return drained;
    account.counts = source.counts();
    return (*folder)->close();
  }

  static Recorder* current;
  const Arguments& arguments_;
  SERVICE_STATUS_HANDLE status_ = nullptr;
  StopRequest stop_;
  int exit_code_ = static_cast<int>(ExitCode::Done);
};

Recorder* Recorder::current = nullptr;

}  // namespace

Result<void> install_recorder(const Arguments& arguments) {
  const std::wstring program = program_path();
  std::error_code error;
  const auto folder = std::filesystem::absolute(to_wide(arguments.output), error);
  if (error) {
    return failure(ErrorCode::Usage, fmt::format("'{}' is no folder's name: {}", arguments.output, error.message()));
  }
  const std::wstring command =
      quoted(program) + L" service run --folder " + quoted(folder.wstring()) +
      to_wide(fmt::format(" --file-size {} --keep {}", arguments.file_megabytes, arguments.keep_files));
  if (auto installed = install_program(kRecorderService, command, kObserverService); !installed) return installed;
  if (auto named = make_event_source(program); !named) {
    // Nothing is left half done; that it could not be named is what is told.
    static_cast<void>(uninstall_driver(kRecorderService));
    return named;
  }
  return {};
}

Result<void> uninstall_recorder() {
  if (auto gone = uninstall_driver(kRecorderService); !gone) return gone;
  const LSTATUS status = RegDeleteKeyW(HKEY_LOCAL_MACHINE, kEventSourceKey);
  if (status != ERROR_SUCCESS && status != ERROR_FILE_NOT_FOUND) return event_source_refused(status);
  return {};
}

Result<int> run_recorder(const Arguments& arguments) {
  return Recorder(arguments).run();
}

}  // namespace wdscope::cli
