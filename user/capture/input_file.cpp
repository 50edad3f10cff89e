// SPDX-License-Identifier: MIT
#include "capture/input_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace wdscope {
namespace {

constexpr std::intptr_t kNoDescriptor = -1;

tl::unexpected<Error> unreadable(const std::string& name, int code) {
  return failure(ErrorCode::InputUnreadable,
                 fmt::format("cannot read {}: {}", name, std::generic_category().message(code)), {}, code);
}

}  // namespace

Result<InputFile> InputFile::open(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return unreadable(path.string(), errno);
  InputFile file(descriptor, path.string());
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return unreadable(path.string(), errno);
  if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)) {
    return failure(ErrorCode::InputUnreadable, fmt::format("{} is not a regular file", path.string()));
  }
  return file;
}

InputFile::InputFile(InputFile&& other) noexcept
    : handle_(std::exchange(other.handle_, kNoDescriptor)), name_(std::move(other.name_)) {}

InputFile& InputFile::operator=(InputFile&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(name_, other.name_);
  return *this;
}

InputFile::~InputFile() {
  if (handle_ != kNoDescriptor) ::close(static_cast<int>(handle_));
}

Result<std::size_t> InputFile::read_at(std::uint64_t offset, std::span<std::byte> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got =
        ::pread(static_cast<int>(handle_), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got == 0) break;
    if (got < 0) {
      if (errno == EINTR) continue;
      return unreadable(name_, errno);
    }
    done += static_cast<std::size_t>(got);
  }
  return done;
}

}  // namespace wdscope
