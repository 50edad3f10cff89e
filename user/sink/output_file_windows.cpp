// SPDX-License-Identifier: MIT
// Bytes go to the HANDLE behind a descriptor, so that no C runtime changes line ends. A console gets UTF-16, whatever
// its code page; what is written to it are whole lines, so that no character lies across two calls.
#include "sink/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <io.h>
#include <windows.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "event/windows_text.h"

namespace wdscope {
namespace {

constexpr int kNone = -1;

HANDLE handle_of(int descriptor) {
  return reinterpret_cast<HANDLE>(_get_osfhandle(descriptor));
}

tl::unexpected<Error> failed(std::string_view doing, const std::string& name, DWORD error) {
  const bool reader_gone = error == ERROR_BROKEN_PIPE || error == ERROR_NO_DATA || error == ERROR_PIPE_NOT_CONNECTED;
  return failure(reader_gone ? ErrorCode::BrokenPipe : ErrorCode::OutputFailed,
                 fmt::format("cannot {} {}: {}", doing, name, system_words(error)));
}

// False with GetLastError().
bool write_console(HANDLE console, std::span<const std::byte> utf8) {
  // Older consoles refuse more than 64 KiB at once.
  constexpr std::size_t kMostUnits = 16 * 1024;
  const std::wstring text = to_wide({reinterpret_cast<const char*>(utf8.data()), utf8.size()});
  for (std::wstring_view rest = text; !rest.empty();) {
    DWORD written = 0;
    const auto units = static_cast<DWORD>(std::min(rest.size(), kMostUnits));
    if (WriteConsoleW(console, rest.data(), units, &written, nullptr) == 0) return false;
    rest.remove_prefix(written);
  }
  return true;
}

}  // namespace

OutputFile::OutputFile(int descriptor, Ownership ownership, std::string name)
    : descriptor_(descriptor), ownership_(ownership), name_(std::move(name)) {}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, kNone)),
      ownership_(other.ownership_),
      name_(std::move(other.name_)) {}

OutputFile& OutputFile::operator=(OutputFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(ownership_, other.ownership_);
  std::swap(name_, other.name_);
  return *this;
}

OutputFile::~OutputFile() {
  if (descriptor_ != kNone && ownership_ == Ownership::Owned) _close(descriptor_);
}

Result<OutputFile> OutputFile::create(const std::filesystem::path& path, Overwrite overwrite) {
  const HANDLE handle =
      CreateFileW(path.c_str(), GENERIC_WRITE, FILE_SHARE_READ, nullptr,
                  overwrite == Overwrite::Yes ? CREATE_ALWAYS : CREATE_NEW, FILE_ATTRIBUTE_NORMAL, nullptr);
  if (handle == INVALID_HANDLE_VALUE) {
    const DWORD error = GetLastError();
    if (error == ERROR_FILE_EXISTS) {
      return failure(ErrorCode::OutputFailed, fmt::format("{} exists", path.string()),
                     "choose another name or give --force");
    }
    return failed("create", path.string(), error);
  }
  const int descriptor = _open_osfhandle(reinterpret_cast<std::intptr_t>(handle), _O_BINARY | _O_NOINHERIT);
  if (descriptor < 0) {
    CloseHandle(handle);
    return failed("create", path.string(), ERROR_TOO_MANY_OPEN_FILES);
  }
  return OutputFile(descriptor, Ownership::Owned, path.string());
}

OutputFile OutputFile::borrow(int descriptor, std::string name) {
  return OutputFile(descriptor, Ownership::Borrowed, std::move(name));
}

Result<void> OutputFile::write(std::span<const std::byte> bytes) {
  constexpr std::size_t kLongestWrite = 64 * 1024 * 1024;
  const HANDLE handle = handle_of(descriptor_);
  if (DWORD mode = 0; GetConsoleMode(handle, &mode) != 0) {
    if (write_console(handle, bytes)) return {};
    return failed("write to", name_, GetLastError());
  }
  while (!bytes.empty()) {
    DWORD written = 0;
    if (WriteFile(handle, bytes.data(), static_cast<DWORD>(std::min(bytes.size(), kLongestWrite)), &written, nullptr) ==
        0) {
      return failed("write to", name_, GetLastError());
    }
    bytes = bytes.subspan(written);
  }
  return {};
}

Result<void> OutputFile::sync() {
  const HANDLE handle = handle_of(descriptor_);
  if (GetFileType(handle) != FILE_TYPE_DISK || FlushFileBuffers(handle) != 0) return {};
  return failed("sync", name_, GetLastError());
}

Result<void> OutputFile::close() {
  const int descriptor = std::exchange(descriptor_, kNone);
  if (descriptor == kNone || ownership_ == Ownership::Borrowed) return {};
  if (_close(descriptor) == 0) return {};
  return failed("close", name_, ERROR_WRITE_FAULT);
}

}  // namespace wdscope
