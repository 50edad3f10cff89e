// SPDX-License-Identifier: MIT
// The processes of this machine as the lab's notifier knows them, or those of a recording, gathered into a picture.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/look.h"
#include "event/process_picture.h"
#include "event/result.h"
#include "event/source.h"

namespace wdscope::cli {

struct Gathered {
  Origin origin;
  std::vector<std::string> words;  // what the user must know before reading on
  ProcessPicture picture{ProcessPicture::Ended::Kept};
  SourceCounts counts;
  std::optional<Error> damage;  // a recording that broke off: the picture holds what was whole
};

// From the recording of the arguments, if they name one; else a lab is started and asked for a refresh. Errors of the
// lab and the sources; InputDamaged only for a recording of which nothing can be read.
Result<Gathered> gather(const Arguments& arguments);

// On standard error: what is missing from the picture.
void say_losses(const Gathered& gathered);

// Whose notifier it was and how to read what follows: lines with "# " before them.
std::string header_text(const Gathered& gathered, const TextStyle& style);

}  // namespace wdscope::cli
