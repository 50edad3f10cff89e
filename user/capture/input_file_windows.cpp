// SPDX-License-Identifier: MIT
#include "capture/input_file.h"

#include <fmt/format.h>
#include <windows.h>

#include <algorithm>
#include <utility>

#include "event/windows_text.h"

namespace wdscope {
namespace {

constexpr std::intptr_t kNoHandle = -1;  // INVALID_HANDLE_VALUE

HANDLE as_handle(std::intptr_t value) {
  return reinterpret_cast<HANDLE>(value);
}

tl::unexpected<Error> unreadable(const std::string& name, DWORD error) {
  return failure(ErrorCode::InputUnreadable, fmt::format("cannot read {}: {}", name, system_words(error)));
}

}  // namespace

Result<InputFile> InputFile::open(const std::filesystem::path& path) {
  // Whoever records into the file goes on meanwhile.
  const HANDLE handle = CreateFileW(path.c_str(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                    nullptr, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr);
  if (handle == INVALID_HANDLE_VALUE) return unreadable(path.string(), GetLastError());
  InputFile file(reinterpret_cast<std::intptr_t>(handle), path.string());
  if (GetFileType(handle) != FILE_TYPE_DISK) {
    return failure(ErrorCode::InputUnreadable, fmt::format("{} is not a regular file", path.string()));
  }
  return file;
}

InputFile::InputFile(InputFile&& other) noexcept
    : handle_(std::exchange(other.handle_, kNoHandle)), name_(std::move(other.name_)) {}

InputFile& InputFile::operator=(InputFile&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(name_, other.name_);
  return *this;
}

InputFile::~InputFile() {
  if (handle_ != kNoHandle) CloseHandle(as_handle(handle_));
}

Result<std::size_t> InputFile::read_at(std::uint64_t offset, std::span<std::byte> out) {
  constexpr std::size_t kLongestRead = 64 * 1024 * 1024;
  std::size_t done = 0;
  while (done < out.size()) {
    const std::uint64_t at = offset + done;
    OVERLAPPED place = {};
    place.Offset = static_cast<DWORD>(at);
    place.OffsetHigh = static_cast<DWORD>(at >> 32);
    DWORD got = 0;
    if (ReadFile(as_handle(handle_), out.data() + done, static_cast<DWORD>(std::min(out.size() - done, kLongestRead)),
                 &got, &place) == 0) {
      const DWORD error = GetLastError();
      if (error == ERROR_HANDLE_EOF) break;
      return unreadable(name_, error);
    }
    if (got == 0) break;
    done += got;
  }
  return done;
}

}  // namespace wdscope
