// SPDX-License-Identifier: MIT
// Invariants: `Graph` is the truth, under its mutex. `known_edges` is only a cache of it: an entry says that the edge
// is in the graph, a missing entry says nothing. Forgetting clears the whole cache.
#include "host/verifier/lock_order.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "host/ex/pool.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/lock_watch.h"
#include "host/verifier/stack.h"

namespace wdscope::host {
namespace {

using Address = std::uintptr_t;

constexpr std::size_t kCacheSize = 1 << 14;
std::atomic<std::uint64_t> known_edges[kCacheSize];

std::uint64_t edge_key(Address from, Address to) {
  std::uint64_t key = (from ^ (to << 17 | to >> 47)) * 0x9E37'79B9'7F4A'7C15ULL;
  key ^= key >> 29;
  return key | 1;
}

struct Edge {
  std::vector<void*> stack;
  LockKind from_kind, to_kind;
};

struct Graph {
  std::mutex mutex;
  std::map<Address, std::map<Address, Edge>> edges;  // from -> to
  std::set<Address> locks;
};

Graph& graph() {
  static Graph* const the_graph = new Graph;  // outlives every thread
  return *the_graph;
}
std::atomic<std::size_t> lock_count{0};

// A way from `from` to `to`, as the edges along it; empty if there is none. Graph mutex held.
bool find_way(const Graph& g, Address from, Address to, std::set<Address>& seen,
              std::vector<std::pair<Address, Address>>& way) {
  if (!seen.insert(from).second) return false;
  const auto node = g.edges.find(from);
  if (node == g.edges.end()) return false;
  for (const auto& [next, edge] : node->second) {
    way.emplace_back(from, next);
    if (next == to || find_way(g, next, to, seen, way)) return true;
    way.pop_back();
  }
  return false;
}

std::string lock_name(LockKind kind, Address lock) {
  return std::string(lock_kind_name(kind)) + " " + hex(lock);
}

std::string indented(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "    " + line + "\n";
  return text;
}

NTAPI_ASIDE void record_edge(Address from, LockKind from_kind, Address to, LockKind to_kind) {
  Graph& g = graph();
  std::string inversion;
  {
    std::lock_guard hold(g.mutex);
    std::set<Address> seen;
    std::vector<std::pair<Address, Address>> way;
    if (find_way(g, to, from, seen, way)) {
      inversion = "lock order inversion: this thread takes " + lock_name(to_kind, to) + " while it holds " +
                  lock_name(from_kind, from) + ", but they have been taken the other way round:\n";
      for (const auto& [a, b] : way) {
        const Edge& edge = g.edges[a][b];
        inversion += "  " + lock_name(edge.to_kind, b) + " was taken while holding " + lock_name(edge.from_kind, a) +
                     " here:\n" + indented(describe_stack(edge.stack));
      }
      inversion += "  now here: see the stack below";
    } else {
      g.edges[from].try_emplace(to, Edge{capture_stack(), from_kind, to_kind});
      g.locks.insert(from);
      g.locks.insert(to);
      pool_mark_lock(reinterpret_cast<void*>(from));
      pool_mark_lock(reinterpret_cast<void*>(to));
      lock_count.store(g.locks.size(), std::memory_order_relaxed);
      const std::uint64_t key = edge_key(from, to);
      known_edges[key % kCacheSize].store(key, std::memory_order_relaxed);
    }
  }
  if (!inversion.empty()) {
    bug_check(kDriverVerifierDetectedViolation, {0x1001, to, from, 0}, inversion);
  }
}

}  // namespace

constinit thread_local HeldLocks thread_held_locks{};

const char* lock_kind_name(LockKind kind) {
  switch (kind) {
    case LockKind::SpinLock:
      return "spin lock";
    case LockKind::Resource:
      return "ERESOURCE";
    case LockKind::FastMutex:
      return "fast mutex";
    case LockKind::PushLock:
      return "push lock";
    case LockKind::Mutex:
      return "KMUTEX";
  }
  return "lock";
}

NTAPI void lock_order_check_held(const void* lock, LockKind kind) noexcept {
  const HeldLocks& held = thread_held_locks;
  const auto to = reinterpret_cast<Address>(lock);
  for (std::uint32_t i = 0; i < held.count; ++i) {
    if (held.locks[i].lock == lock) return;  // recursion adds no order
  }
  for (std::uint32_t i = 0; i < held.count; ++i) {
    const auto from = reinterpret_cast<Address>(held.locks[i].lock);
    const std::uint64_t key = edge_key(from, to);
    if (known_edges[key % kCacheSize].load(std::memory_order_relaxed) != key) {
      record_edge(from, held.locks[i].kind, to, kind);
    }
  }
}

NTAPI_ASIDE bool lock_released_aside(const void* lock) noexcept {
  HeldLocks& held = thread_held_locks;
  for (std::uint32_t i = held.count; i-- > 0;) {
    if (held.locks[i].lock != lock) continue;
    std::copy(held.locks + i + 1, held.locks + held.count, held.locks + i);
    --held.count;
    return true;
  }
  return false;
}

NTAPI_ASIDE void lock_acquired_aside(const void* lock, LockKind kind) noexcept {
  if (locks_are_watched.load(std::memory_order_relaxed)) note_lock_taken(lock, kind);
  const HeldLocks& held = thread_held_locks;
  if (held.count == kMaximumLocksHeld) {
    bug_check(kDriverVerifierDetectedViolation, {0x1002, reinterpret_cast<Address>(lock), held.count, 0},
              "a thread holds more than 32 locks at once: " + describe_held_locks());
  }
}

bool lock_is_held(const void* lock) {
  const HeldLocks& held = thread_held_locks;
  for (std::uint32_t i = 0; i < held.count; ++i) {
    if (held.locks[i].lock == lock) return true;
  }
  return false;
}

void lock_order_forget(const void* start, std::size_t size) {
  if (lock_count.load(std::memory_order_relaxed) == 0) return;
  Graph& g = graph();
  const auto low = reinterpret_cast<Address>(start);
  const Address high = low + size;
  std::lock_guard hold(g.mutex);
  const auto first = g.locks.lower_bound(low);
  const auto last = g.locks.lower_bound(high);
  if (first == last) return;
  g.locks.erase(first, last);
  g.edges.erase(g.edges.lower_bound(low), g.edges.lower_bound(high));
  for (auto& [from, targets] : g.edges) targets.erase(targets.lower_bound(low), targets.lower_bound(high));
  lock_count.store(g.locks.size(), std::memory_order_relaxed);
  for (auto& entry : known_edges) entry.store(0, std::memory_order_relaxed);
}

std::string describe_held_locks() {
  std::string text;
  const HeldLocks& held = thread_held_locks;
  for (std::uint32_t i = 0; i < held.count; ++i) {
    if (!text.empty()) text += ", ";
    text += lock_name(held.locks[i].kind, reinterpret_cast<Address>(held.locks[i].lock));
  }
  return text;
}

}  // namespace wdscope::host
