// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>

namespace wdscope {

// Calls work(0) to work(count - 1), each once, on as many threads as there are processors; the caller is one of them.
void in_parallel(std::size_t count, const std::function<void(std::size_t)>& work);

}  // namespace wdscope
