// SPDX-License-Identifier: MIT
// A listener that keeps what it was told, for the tests of the feeds.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "lab/nt_path.h"
#include "lab/process_listener.h"

namespace wdscope {

class RecordingListener final : public ProcessListener {
 public:
  struct Entry {
    enum class Kind { Adopted, Started, Exited };
    Kind kind;
    host::ProcessStart process;  // Exited: only its id
    std::string image() const { return to_utf8(process.image); }
    std::string command_line() const { return to_utf8(process.command_line); }
  };

  Answer adopted(const host::ProcessStart& process) override { return add(Entry::Kind::Adopted, process); }
  Answer started(const host::ProcessStart& process) override {
    if (deny.contains(process.process_id)) return Answer::Denied;
    return add(Entry::Kind::Started, process);
  }
  void exited(std::uint64_t process_id) override {
    faults_ += alive_.erase(process_id) == 0;
    host::ProcessStart process;
    process.process_id = process_id;
    entries.push_back({Entry::Kind::Exited, process});
  }

  // Adopted processes left out: the machine's own are no concern of a test.
  std::vector<Entry> announced() const {
    std::vector<Entry> list;
    for (const Entry& entry : entries)
      if (entry.kind == Entry::Kind::Started || !adopted_.contains(entry.process.process_id)) list.push_back(entry);
    return list;
  }
  // Starts, in order, of images that end in `name`.
  std::vector<Entry> starts_of(const std::string& name) const {
    std::vector<Entry> list;
    for (const Entry& entry : entries)
      if (entry.kind == Entry::Kind::Started && entry.image().ends_with("\\" + name)) list.push_back(entry);
    return list;
  }
  bool alive(std::uint64_t process_id) const { return alive_.contains(process_id); }
  std::size_t alive_count() const { return alive_.size(); }
  // Starts of what was there, exits of what was not.
  int faults() const { return faults_; }

  std::vector<Entry> entries;
  std::set<std::uint64_t> refuse;  // ids whose start is refused
  std::set<std::uint64_t> deny;    // ids whose start is denied; not written down

 private:
  Answer add(Entry::Kind kind, const host::ProcessStart& process) {
    if (refuse.contains(process.process_id)) return Answer::Refused;
    faults_ += !alive_.insert(process.process_id).second;
    if (kind == Entry::Kind::Adopted) adopted_.insert(process.process_id);
    entries.push_back({kind, process});
    return Answer::Accepted;
  }

  std::set<std::uint64_t> alive_;
  std::set<std::uint64_t> adopted_;
  int faults_ = 0;
};

}  // namespace wdscope
