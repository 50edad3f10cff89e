// SPDX-License-Identifier: MIT
// wdnis.sys in a machine, and what its device says.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "abi/wire/wdnis.h"
#include "host/machine.h"
#include "notifier_machine.h"

namespace wdscope::test {

host::HostResult<host::LoadedDriver*> try_load_nis(host::Machine& machine, Parameters parameters = {});

// The texts as kNisSetProcessExceptions takes them.
std::vector<std::byte> exception_list(const std::vector<std::u16string>& images);

// Both fail the test when the device cannot be opened.
host::NtStatus set_process_exceptions(host::Machine& machine, const std::vector<std::byte>& list);
wire::NisStatistics nis_statistics(host::Machine& machine);

}  // namespace wdscope::test
