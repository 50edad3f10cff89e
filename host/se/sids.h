// SPDX-License-Identifier: MIT
// The well-known SIDs, and the SeExports structure by which drivers find them.
#pragma once

#include "host/se/security.h"

namespace wdscope::host {

constexpr std::size_t sid_length(unsigned sub_authority_count) {
  return 8 + 4 * std::size_t{sub_authority_count};
}
bool same_sid(const Sid& a, const Sid& b);

struct SystemSids {
  const Sid *world, *interactive, *authenticated_users, *local_system, *administrators, *users;
};
const SystemSids& system_sids();

}  // namespace wdscope::host
