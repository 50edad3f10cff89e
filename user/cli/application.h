// SPDX-License-Identifier: MIT
// The command line as a CLI11 application: the one list of verbs and options that parsing, help, the manual and the
// completion scripts are made from.
#pragma once

#include <CLI/App.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace wdscope::cli {

// Options as they were typed. Values that CLI11 checks against a list are names still.
struct RawArguments {
  std::string profile = "a5";
  std::string drivers;
  std::string policy;
  bool verbose = false;
  bool quiet = false;
  std::string duration;
  std::string format = "text";
  std::string output;
  bool force = false;
  std::string color = "auto";
  std::string file;
  bool no_snapshot = false;
  bool without_observer = false;
  bool notifier = false;
  unsigned file_megabytes = 64;
  unsigned keep_files = 16;
  unsigned jobs = 0;
  std::string layout;
  bool raw = false;
  std::string build;
  std::string lab;
  std::string target;
  bool untrusted = false;
  bool excluded = false;
  std::vector<std::string> flags;
  std::vector<std::string> pids;
  std::vector<std::string> images;
  std::string shell;
};

// Each verb's own, since variables of the environment reach the options of every verb.
using RawArgumentsByVerb = std::map<std::string, RawArguments>;

// `raw` gets the values when the application parses; it must outlive it.
std::unique_ptr<CLI::App> make_application(RawArgumentsByVerb& raw);

// The words an option accepts ("1910|20h1|25080|a5" as its type), or none if it takes free text.
std::vector<std::string> accepted_words(const CLI::Option& option);

// "-o, --output FILE", and all names of an application's or verb's options, with their dashes.
std::string option_synopsis(const CLI::Option& option);
std::vector<std::string> option_names(const CLI::App& application);
std::vector<std::string> verb_names(const CLI::App& application);
// The first word of a verb's name.
std::string first_word(std::string_view verb);
// Makes one word of each verb that is written in two.
void join_verbs(std::vector<std::string>& words, const CLI::App& application);

}  // namespace wdscope::cli
