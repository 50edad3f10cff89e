// SPDX-License-Identifier: MIT
// The door through which a lab that stands is told another policy: a Unix socket of mode 0600, which only its owner and
// root are answered at (lab/policy_request.h says in which words).
//
// One caller at a time, on a thread of the socket's own. A caller who does not say all of his request within five
// seconds, or does not take the answer within five, is left.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "event/result.h"
#include "lab/policy_request.h"

namespace wdscope {

class PolicySocket {
 public:
  // Called on the socket's thread.
  using Apply = std::function<PolicyAnswer(const PolicyRequest& request, pid_t caller)>;

  // Makes the socket at `path`, in the place of one that nobody listens at. SourceUnavailable when that cannot be.
  static Result<std::unique_ptr<PolicySocket>> listen(const std::filesystem::path& path, Apply apply);
  ~PolicySocket();  // a call of `apply` is waited for; the socket's file goes
  PolicySocket(const PolicySocket&) = delete;
  PolicySocket& operator=(const PolicySocket&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  PolicySocket(std::filesystem::path path, int listener, int stop, Apply apply);
  void serve();
  void answer(int caller);

  std::filesystem::path path_;
  int listener_;
  int stop_;  // an eventfd: readable when all is over
  Apply apply_;
  std::thread thread_;
};

// Whether a lab listens there, as far as can be known: one that belongs to somebody else is taken to.
bool lab_listens(const std::filesystem::path& path);

// Sends a policy to the lab behind `path` and waits for its answer, however long the lab waits for a process that it is
// being asked about. NotPermitted; SourceUnavailable: nobody listens there, or the lab has ended before it answered;
// Incompatible: the answer is none that is understood; Usage: the policy is larger than kLongestPolicyText.
Result<PolicyAnswer> send_policy(const std::filesystem::path& path, std::string_view name, std::string_view text);

}  // namespace wdscope
