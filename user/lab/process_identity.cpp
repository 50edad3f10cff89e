// SPDX-License-Identifier: MIT
#include "lab/process_identity.h"

#include "lab/command_line.h"
#include "lab/nt_path.h"
#include "lab/process_folder.h"

namespace wdscope {
namespace {

constexpr std::u16string_view kUnknownImage = u"<unknown>";

}  // namespace

SharedIdentity read_identity(pid_t pid) {
  auto identity = std::make_shared<ProcessIdentity>();
  // Image first: it is the first to go when a process ends.
  const auto image = read_image_path(pid);
  const auto arguments = read_arguments(pid);
  const auto stat = read_stat(pid);

  if (stat) identity->session_id = stat->terminal != 0 ? 1 : 0;
  if (arguments) {
    CommandLine line = join_arguments(*arguments);
    identity->command_line = std::move(line.text);
    identity->command_line_clipped = line.clipped;
  }
  const bool kernel_thread = stat && stat->kernel_thread;
  if (image) {
    identity->image = to_nt_path(*image);
  } else if (stat) {
    identity->image = to_nt_path(kernel_thread ? "[" + stat->comm + "]" : stat->comm);
  } else {
    identity->image = kUnknownImage;
  }
  const bool whole = kernel_thread || (image && arguments && stat && stat->state != 'Z');
  identity->knowledge = whole ? ProcessIdentity::Knowledge::Whole : ProcessIdentity::Knowledge::Partial;
  return identity;
}

SharedIdentity unknown_identity() {
  static const SharedIdentity unknown = [] {
    auto identity = std::make_shared<ProcessIdentity>();
    identity->image = kUnknownImage;
    identity->knowledge = ProcessIdentity::Knowledge::Partial;
    return identity;
  }();
  return unknown;
}

}  // namespace wdscope
