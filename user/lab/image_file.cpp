// SPDX-License-Identifier: MIT
#include "lab/image_file.h"

#include <sys/stat.h>

namespace wdscope {

std::optional<ImageFile> look_at_image(const std::string& path, pid_t pid) {
  struct stat named {};
  // No link is followed: the path is the kernel's own.
  if (lstat(path.c_str(), &named) != 0) return std::nullopt;
  struct stat running {};
  const std::string link = "/proc/" + std::to_string(pid) + "/exe";
  if (stat(link.c_str(), &running) == 0 && (running.st_dev != named.st_dev || running.st_ino != named.st_ino))
    return std::nullopt;
  ImageFile file;
  file.regular = S_ISREG(named.st_mode);
  file.owner = named.st_uid;
  file.mode = named.st_mode & 07777;
  return file;
}

}  // namespace wdscope
