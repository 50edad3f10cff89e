// SPDX-License-Identifier: MIT
// The command line, understood.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/talk.h"
#include "event/process_filter.h"
#include "event/result.h"
#include "lab/lab.h"
#include "sink/output_file.h"

namespace wdscope::cli {

enum class Verb : std::uint8_t {
  Watch,
  Run,
  Record,
  Replay,
  Ps,
  Tree,
  Explain,
  Status,
  LabPlay,
  LabLoad,
  Calibrate,
  LayoutsCheck,
  LayoutsLoad,
  LayoutsRow,
  PolicyApply,
  PolicyCheck,
  DriverInstall,
  DriverStart,
  DriverStop,
  DriverUninstall,
  DriverStatus,
  ServiceInstall,
  ServiceUninstall,
  ServiceRun,
  Doctor
};
enum class Format : std::uint8_t { Text, Ndjson };
enum class ColorChoice : std::uint8_t { Auto, Always, Never };
enum class DriverOutput : std::uint8_t { Dropped, Shown };
enum class DriverChoice : std::uint8_t { Observer, Notifier };
enum class RawChoice : std::uint8_t { No, Yes };
enum class SnapshotChoice : std::uint8_t { Taken, Left };
enum class ObserverChoice : std::uint8_t { Beside, Absent };

struct Arguments {
  Verb verb = Verb::Watch;

  // Of the lab.
  Profile profile = Profile::WdA5;
  std::string drivers;  // folder; empty: the embedded ones, on Windows those beside the program
  std::string policy;   // file; empty: the built-in policy
  std::string layout;   // file; empty: only the catalogue decodes
  DriverOutput driver_output = DriverOutput::Dropped;
  std::optional<std::chrono::milliseconds> duration;
  std::vector<std::string> command;  // what stands behind "--"

  // watch, record: whether the processes that run before it are asked for.
  SnapshotChoice snapshot = SnapshotChoice::Taken;

  // Of the output.
  Format format = Format::Text;
  std::string output;  // file; empty or "-": standard output (record: a file named after the time)
                       // service: the folder of the recordings
  Overwrite overwrite = Overwrite::No;
  ColorChoice color = ColorChoice::Auto;

  Talk talk = Talk::Normal;

  // replay, and --from of ps, tree, explain: the recording; lab play: the log; lab load: the driver;
  // policy apply, policy check: the policy; --from of calibrate: the recording; layouts check, load, row: the layout.
  std::string file;
  unsigned jobs = 0;  // lab play: how many machines of a log are played at once; 0: as there are processors
  // lab load: whether the observer is there too.
  ObserverChoice observer = ObserverChoice::Beside;
  DriverChoice driver = DriverChoice::Observer;  // driver ...: which
  unsigned file_megabytes = 0;                   // service: when a recording is full
  unsigned keep_files = 0;                       // service: how many recordings stay
  RawChoice raw = RawChoice::No;                 // record: with a raw capture
  std::string build;                             // calibrate: which Defender, for the layout file
  std::string lab;                               // policy apply: a process id or a socket; empty: the only one
  ProcessFilter filter;
  std::string target;  // explain: a pid or a pattern of images
};

// Something to print instead of doing anything: help, version, a completion script, the manual.
struct Printout {
  std::string text;
};

using Request = std::variant<Arguments, Printout>;

// `words`: the program's arguments without its name. Usage for anything that is not understood, with the nearest known
// word if there is one.
Result<Request> parse_arguments(std::vector<std::string> words);

}  // namespace wdscope::cli
