// SPDX-License-Identifier: MIT
// The machines of a history, several at once. A host is one machine, and a process has one host: so each machine is
// played in a child process, while what it tells comes out here in the order of the machines, as if one were played
// after the other.
#pragma once

#include <memory>
#include <span>

#include "capture/machine_history.h"
#include "lab/machine_play.h"

namespace wdscope {

class FleetPlay {
 public:
  // How far a child may be ahead of what was taken, in bytes: some 100,000 processes.
  static constexpr std::size_t kAhead = 128 << 20;

  // Starts at most `at_once` children, each of which plays its share. To be called before this process has threads, as
  // they would not be in the children. `machines` and `options` (whose history is not looked at) must outlive the play.
  // `ahead`: a power of two, 4 MiB or more. SourceUnavailable when there can be no child.
  static Result<FleetPlay> start(const LabOptions& options, std::span<const MachineHistory> machines, unsigned at_once,
                                 std::size_t ahead = kAhead);
  FleetPlay(FleetPlay&&) noexcept;
  ~FleetPlay();  // ends the children

  // Tells `listener` of machine after machine; once. Errors as play_machine's, of the first machine that has one, and
  // Internal for a child that died.
  Result<void> run(const PlayListener& listener);

 private:
  struct Player;
  struct State;

  explicit FleetPlay(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace wdscope
