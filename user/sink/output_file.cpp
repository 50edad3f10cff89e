// SPDX-License-Identifier: MIT
#include "sink/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace wdscope {
namespace {

constexpr mode_t kFileMode = 0666;  // less the umask
constexpr int kNone = -1;

tl::unexpected<Error> failed(std::string_view doing, const std::string& name, int code) {
  return failure(code == EPIPE ? ErrorCode::BrokenPipe : ErrorCode::OutputFailed,
                 fmt::format("cannot {} {}: {}", doing, name, std::generic_category().message(code)), {}, code);
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
  if (descriptor_ != kNone && ownership_ == Ownership::Owned) ::close(descriptor_);
}

Result<OutputFile> OutputFile::create(const std::filesystem::path& path, Overwrite overwrite) {
  const int replace = overwrite == Overwrite::Yes ? O_TRUNC : O_EXCL;
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | replace, kFileMode);
  if (descriptor < 0) {
    if (errno == EEXIST) {
      return failure(ErrorCode::OutputFailed, fmt::format("{} exists", path.string()),
                     "choose another name or give --force", EEXIST);
    }
    return failed("create", path.string(), errno);
  }
  return OutputFile(descriptor, Ownership::Owned, path.string());
}

OutputFile OutputFile::borrow(int descriptor, std::string name) {
  return OutputFile(descriptor, Ownership::Borrowed, std::move(name));
}

Result<void> OutputFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {  // a descriptor that someone made non-blocking
      pollfd ready{descriptor_, POLLOUT, 0};
      if (::poll(&ready, 1, -1) >= 0 || errno == EINTR) continue;
    }
    return failed("write to", name_, errno);
  }
  return {};
}

Result<void> OutputFile::sync() {
  if (::fdatasync(descriptor_) == 0 || errno == EINVAL || errno == EROFS) return {};
  return failed("sync", name_, errno);
}

Result<void> OutputFile::close() {
  const int descriptor = std::exchange(descriptor_, kNone);
  if (descriptor == kNone || ownership_ == Ownership::Borrowed) return {};
  if (::close(descriptor) == 0 || errno == EINTR) return {};
  return failed("close", name_, errno);
}

}  // namespace wdscope
