// SPDX-License-Identifier: MIT
//
// Invariant: a player's machines are in the order of all machines, so that whoever reads the machines in that order
// finds what it looks for at the front of a player's stream: a player may wait for its reader, but never two for each
// other.
#include "lab/fleet_play.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "lab/lab_origin.h"
#include "lab/shared_stream.h"

namespace wdscope {
namespace {

// What a player tells of a machine: Begin with its boot id, Records behind the account so far, then End with the last
// account; or Failed with that and an error, and nothing more.
enum class Told : std::uint32_t { Begin, Records, End, Failed };

struct FailureHeader {
  MachineAccount account;
  std::int64_t native;
  std::uint32_t code;
  std::uint32_t what_size;  // the advice is the rest
};

template <class Value>
std::span<const std::byte> bytes_of(const Value& value) {
  return std::as_bytes(std::span(&value, 1));
}

bool send(SharedStream& stream, Told told, std::initializer_list<std::span<const std::byte>> parts) {
  return stream.write(static_cast<std::uint32_t>(told), parts);
}

void send_failure(SharedStream& stream, const MachineAccount& account, const Error& error) {
  const FailureHeader header{account, error.native, static_cast<std::uint32_t>(error.code),
                             static_cast<std::uint32_t>(error.what.size())};
  send(stream, Told::Failed,
       {bytes_of(header), std::as_bytes(std::span(error.what)), std::as_bytes(std::span(error.advice))});
}

template <class Value>
Value take_front(std::span<const std::byte>& bytes) {
  Value value;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes = bytes.subspan(sizeof value);
  return value;
}

Error read_failure(const FailureHeader& header, std::span<const std::byte> bytes) {
  const std::string_view texts(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return {static_cast<ErrorCode>(header.code), std::string(texts.substr(0, header.what_size)),
          std::string(texts.substr(header.what_size)), header.native};
}

tl::unexpected<Error> died(const MachineHistory& machine, int status) {
  const std::string how = WIFSIGNALED(status) ? fmt::format("signal {}", WTERMSIG(status))
                                              : fmt::format("exit code {}", WEXITSTATUS(status));
  return failure(ErrorCode::Internal,
                 fmt::format("the process that played the machine {} ended with {}", machine.host, how),
                 "what it said stands above; --jobs 1 plays the machines in this process");
}

// In the child: plays its machines one after the other.
void play_share(const LabOptions& options, std::span<const MachineHistory> machines,
                std::span<const std::size_t> player_of, std::size_t player, SharedStream& stream) {
  MachineAccount account;
  const Error reader_gone{ErrorCode::BrokenPipe, "nobody takes what is played", {}, 0};
  const auto told = [&](bool sent) { return sent ? Result<void>() : tl::unexpected(reader_gone); };
  const PlayListener listener{
      [&](const Origin& origin) { return told(send(stream, Told::Begin, {bytes_of(origin.boot_id)})); },
      [&](std::span<const std::byte> records, const MachineAccount& so_far) {
        return records.empty() ? Result<void>() : told(send(stream, Told::Records, {bytes_of(so_far), records}));
      },
      [&](const MachineAccount& at_end) { account = at_end; }};
  for (std::size_t index = 0; index < machines.size(); ++index) {
    if (player_of[index] != player) continue;
    LabOptions own = options;
    own.history = &machines[index];
    account = {};
    if (auto played = play_machine(own, listener); !played) return send_failure(stream, account, played.error());
    send(stream, Told::End, {bytes_of(account)});
  }
}

// What a terminal or a service manager sends to all is for the parent, which ends its children: blocked from before the
// fork, in a child for good.
class QuietSignals {
 public:
  QuietSignals() {
    sigset_t quiet;
    sigemptyset(&quiet);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaddset(&quiet, signal);
    pthread_sigmask(SIG_BLOCK, &quiet, &before_);
  }
  ~QuietSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  QuietSignals(const QuietSignals&) = delete;
  QuietSignals& operator=(const QuietSignals&) = delete;

 private:
  sigset_t before_;
};

// Whose each machine is: machine after machine to whoever has least to do so far.
std::vector<std::size_t> divide(std::span<const MachineHistory> machines, std::size_t players) {
  std::vector<std::size_t> player_of;
  std::vector<std::size_t> steps(players);
  for (const MachineHistory& machine : machines) {
    const auto least = static_cast<std::size_t>(std::ranges::min_element(steps) - steps.begin());
    player_of.push_back(least);
    steps[least] += machine.steps.size() + 1;
  }
  return player_of;
}

}  // namespace

struct FleetPlay::Player {
  pid_t process = -1;
  SharedStream stream;

  int end() {
    int status = 0;
    while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
    }
    process = -1;
    return status;
  }
};

struct FleetPlay::State {
  State(const LabOptions& of_all, std::span<const MachineHistory> all) : options(of_all), machines(all) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  const LabOptions& options;
  std::span<const MachineHistory> machines;
  std::vector<std::size_t> player_of;  // as machines
  std::vector<Player> players;

  Result<void> hear(std::size_t index, const PlayListener& listener);

  ~State() {
    for (Player& player : players) {
      if (player.process < 0) continue;
      kill(player.process, SIGKILL);
      player.end();
    }
  }
};

FleetPlay::FleetPlay(std::unique_ptr<State> state) : state_(std::move(state)) {}
FleetPlay::FleetPlay(FleetPlay&&) noexcept = default;
FleetPlay::~FleetPlay() = default;

Result<FleetPlay> FleetPlay::start(const LabOptions& options, std::span<const MachineHistory> machines,
                                   unsigned at_once, std::size_t ahead) {
  auto state = std::make_unique<State>(options, machines);
  const auto players = std::max<std::size_t>(1, std::min<std::size_t>(at_once, machines.size()));
  state->player_of = divide(machines, players);
  const QuietSignals quiet;
  const pid_t parent = getpid();
  for (std::size_t player = 0; player < players; ++player) {
    auto stream = SharedStream::create(ahead);
    if (!stream) return tl::unexpected(stream.error());
    const pid_t process = fork();
    if (process < 0) {
      return failure(ErrorCode::SourceUnavailable, std::string("cannot make a process: ") + std::strerror(errno), {},
                     errno);
    }
    if (process == 0) {
      // Nobody is left alone, not even by a parent that was killed.
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent) _exit(0);
      state->players.clear();
      stream->become_writer();
      play_share(options, machines, state->player_of, player, *stream);
      _exit(0);
    }
    stream->become_reader();
    state->players.push_back({process, std::move(*stream)});
  }
  return FleetPlay(std::move(state));
}

// One machine's part of its player's stream, to its End.
Result<void> FleetPlay::State::hear(std::size_t index, const PlayListener& listener) {
  const MachineHistory& machine = machines[index];
  Player& player = players[player_of[index]];
  MachineAccount account;
  bool begun = false;
  while (const auto frame = player.stream.read()) {
    auto bytes = frame->bytes;
    switch (static_cast<Told>(frame->kind)) {
      case Told::Begin: {
        Origin origin = lab_origin(options.profile, &machine);
        origin.boot_id = take_front<std::uint64_t>(bytes);
        if (auto done = listener.begin(origin); !done) return done;
        begun = true;
        break;
      }
      case Told::Records:
        account = take_front<MachineAccount>(bytes);
        if (auto taken = listener.take(bytes, account); !taken) {
          listener.end(account);
          return taken;
        }
        break;
      case Told::End:
        listener.end(take_front<MachineAccount>(bytes));
        return {};
      case Told::Failed: {
        const auto header = take_front<FailureHeader>(bytes);
        if (begun) listener.end(header.account);
        return tl::unexpected(read_failure(header, bytes));
      }
    }
  }
  if (begun) listener.end(account);
  return died(machine, player.end());
}

Result<void> FleetPlay::run(const PlayListener& listener) {
  for (std::size_t index = 0; index < state_->machines.size(); ++index) {
    if (auto heard = state_->hear(index, listener); !heard) return heard;
  }
  return {};
}

}  // namespace wdscope
