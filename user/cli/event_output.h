// SPDX-License-Identifier: MIT
// Where the events of a verb go: the view or file that its arguments ask for.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/filter_sink.h"
#include "event/event.h"
#include "event/source.h"

namespace wdscope::cli {

struct EventOutput {
  std::unique_ptr<Sink> sink;
  std::function<Result<void>()> close;  // tells of the last errors; once
  std::string name;                     // for messages
  // The events that follow are of another origin; only views.
  std::function<void(const Origin&, const std::vector<std::string>&)> continue_with;
  std::shared_ptr<FilterCounts> filter;  // null: nothing is filtered
};

// Text or NDJSON to standard output or a file. `words` say what the stream is: at the head of the text, on standard
// error for NDJSON, which has no place for them. `arguments` must outlive the output. Errors as
// OutputFile::create.
Result<EventOutput> open_view(const Arguments& arguments, const Origin& origin, const std::vector<std::string>& words);

// The same output, written on a thread of its own: for who makes the events and would wait. What is to go in order with
// them (close, continue_with) waits for them.
EventOutput on_own_thread(EventOutput output);

// A recording; without a name in the arguments, one made of the time.
Result<EventOutput> open_recording(const Arguments& arguments, const Origin& origin,
                                   const std::vector<std::string>& words);

}  // namespace wdscope::cli
