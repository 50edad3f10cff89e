// SPDX-License-Identifier: MIT
#include "event/nearest_word.h"

#include <algorithm>
#include <cstddef>

namespace wdscope {
namespace {

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string nearest_word(std::string_view typed, const std::vector<std::string>& known) {
  constexpr std::size_t kLongestTypo = 64;
  if (typed.size() > kLongestTypo) return {};
  std::string best;
  std::size_t best_distance = kLongestTypo;
  for (const std::string& word : known) {
    const std::size_t differs = distance(typed, word);
    if (differs < best_distance && differs <= std::max<std::size_t>(1, word.size() / 3)) {
      best = word;
      best_distance = differs;
    }
  }
  return best;
}

}  // namespace wdscope
