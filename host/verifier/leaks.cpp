// SPDX-License-Identifier: MIT
#include "host/verifier/leaks.h"

#include <iterator>

#include "host/ex/lookaside.h"
#include "host/ex/tracked_resources.h"
#include "host/image/loaded_image.h"
#include "host/ke/dpc.h"
#include "host/ke/system_thread.h"
#include "host/verifier/lock_order.h"

namespace wdscope::host {

std::vector<std::string> kernel_objects_left_by(const LoadedImage& image) {
  std::vector<std::string> all;
  for (std::vector<std::string> part :
       {system_threads_of(image), timers_and_dpcs_of(image), resources_of(image), lookaside_lists_of(image)}) {
    all.insert(all.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
  }
  if (held_locks().count != 0) all.push_back("locks held: " + describe_held_locks());
  return all;
}

void forget_kernel_objects_of(const LoadedImage& image) {
  forget_resources_of(image);
  forget_lookaside_lists_of(image);
}

}  // namespace wdscope::host
