// SPDX-License-Identifier: MIT
#include "cli/text_layout.h"

#include <algorithm>

namespace wdscope::cli {

TextLayout TextLayout::fitting(std::optional<std::size_t> columns) {
  constexpr std::size_t kWide = 132;  // from here on whole paths have room
  constexpr std::size_t kFlagsInFull = 160;
  constexpr std::size_t kShortestCommandLine = 8;
  TextLayout layout{Cells::Whole, Image::Path, true, 12, 9, 7, 5, 31, 40, 0};
  if (!columns) return layout;
  layout.cells = Cells::Cut;
  if (*columns >= kWide) {
    if (*columns < kFlagsInFull) layout.flags = 22;
    layout.image = 36;
  } else {
    layout.milliseconds = *columns >= 100;
    layout.time = layout.milliseconds ? 12 : 8;
    layout.flags = 12;
    layout.image_form = Image::FileName;
    layout.image = 14;
  }
  const std::size_t used =
      layout.time + layout.operation + 2 * layout.pid + layout.trusted + layout.flags + layout.image + 7;
  layout.command_line = std::max(kShortestCommandLine, *columns > used ? *columns - used : 0);
  return layout;
}

}  // namespace wdscope::cli
