// SPDX-License-Identifier: MIT
#include "lab/lab_origin.h"

#include <fmt/format.h>
#include <unistd.h>

#include <climits>

#include "lab/process_tracker.h"

namespace wdscope {
namespace {

std::string read_host_name() {
  char name[HOST_NAME_MAX + 1] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

}  // namespace

Origin lab_origin(Profile profile, const MachineHistory* history) {
  Origin origin;
  origin.kind = Origin::Kind::Lab;
  origin.profile = profile_name(profile);
  origin.description =
      fmt::format("the lab's notifier, a replica of WdFilter (profile {}), not Defender", origin.profile);
  if (history != nullptr) {
    origin.host_name = history->host;
    origin.played = true;
  } else {
    origin.host_name = read_host_name();
    origin.pid_factor = kPidFactor;
  }
  return origin;
}

}  // namespace wdscope
