// SPDX-License-Identifier: MIT
#include "lab/policy_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <vector>

namespace wdscope {
namespace {

using testing::HasSubstr;

class PolicyDoor : public testing::Test {
 protected:
  PolicyDoor() {
    std::string name = (std::filesystem::temp_directory_path() / "wdscope-door-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~PolicyDoor() override {
    door_.reset();
    std::filesystem::remove_all(folder_);
  }
  std::filesystem::path path() const { return folder_ / "1.sock"; }

  void open() {
    auto door = PolicySocket::listen(path(), [this](const PolicyRequest& request, pid_t caller) {
      callers_.push_back(caller);
      return PolicyAnswer{PolicyOutcome::Applied, request.name + ":" + request.text};
    });
    ASSERT_TRUE(door) << door.error().what;
    door_ = std::move(*door);
  }
  // What comes back when these bytes are sent and no more.
  std::vector<std::byte> say(std::span<const std::byte> bytes) {
    const int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(connect(file, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(send(file, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    shutdown(file, SHUT_WR);
    std::vector<std::byte> answer(kLongestPolicyAnswer);
    std::size_t size = 0;
    for (ssize_t got = 1; got > 0; size += static_cast<std::size_t>(std::max<ssize_t>(got, 0)))
      got = recv(file, answer.data() + size, answer.size() - size, 0);
    close(file);
    answer.resize(size);
    return answer;
  }

  std::filesystem::path folder_;
  std::vector<pid_t> callers_;
  std::unique_ptr<PolicySocket> door_;
};

TEST_F(PolicyDoor, APolicyGoesInAndItsAnswerComesOut) {
  open();
  const auto answer = send_policy(path(), "p.toml", "x = 1\n");
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ(answer->outcome, PolicyOutcome::Applied);
  EXPECT_EQ(answer->text, "p.toml:x = 1\n");
  EXPECT_THAT(callers_, testing::ElementsAre(getpid()));
  const std::string large(kLongestPolicyText, '#');
  ASSERT_TRUE(send_policy(path(), "p.toml", large));
  EXPECT_EQ(send_policy(path(), "p.toml", large + "#").error().code, ErrorCode::Usage);
}

TEST_F(PolicyDoor, OnlyItsOwnerMayCome) {
  open();
  struct stat facts {};
  ASSERT_EQ(stat(path().c_str(), &facts), 0);
  EXPECT_TRUE(S_ISSOCK(facts.st_mode));
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
}

TEST_F(PolicyDoor, GarbageIsAnsweredAndForgotten) {
  open();
  const auto whole = *write_policy_request("p", "text");
  auto vast = whole;
  vast[15] = std::byte{0xFF};
  std::vector<std::vector<std::byte>> sayings = {std::vector<std::byte>(64, std::byte{0x41}), {}, vast};
  for (std::size_t size = 1; size < whole.size(); size += 6) sayings.emplace_back(whole.begin(), whole.begin() + size);
  for (const auto& bytes : sayings) {
    const auto answer = read_policy_answer(say(bytes));
    ASSERT_TRUE(answer) << bytes.size();
    EXPECT_EQ(answer->outcome, PolicyOutcome::NotUnderstood);
  }
  EXPECT_TRUE(callers_.empty());
  EXPECT_TRUE(send_policy(path(), "p", "text"));
}

TEST_F(PolicyDoor, AClosedDoorIsGone) {
  open();
  EXPECT_TRUE(lab_listens(path()));
  door_.reset();
  EXPECT_FALSE(std::filesystem::exists(path()));
  EXPECT_FALSE(lab_listens(path()));
  const auto answer = send_policy(path(), "p", "");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::SourceUnavailable);
  EXPECT_THAT(answer.error().what, HasSubstr("no lab listens at " + path().string()));
}

TEST_F(PolicyDoor, WhatAKilledLabLeftIsReplacedAndALivingOneIsNot) {
  const int left = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(bind(left, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  close(left);
  EXPECT_FALSE(lab_listens(path()));
  open();
  const auto second = PolicySocket::listen(path(), [](const PolicyRequest&, pid_t) { return PolicyAnswer{}; });
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().native, EADDRINUSE);
  EXPECT_TRUE(send_policy(path(), "p", "still there"));
}

TEST_F(PolicyDoor, AFileInItsPlaceIsLeftAlone) {
  std::ofstream(path()) << "kept";
  EXPECT_FALSE(PolicySocket::listen(path(), [](const PolicyRequest&, pid_t) { return PolicyAnswer{}; }));
  EXPECT_EQ(std::filesystem::file_size(path()), 4u);
  EXPECT_FALSE(PolicySocket::listen(folder_ / std::string(120, 'x'),
                                    [](const PolicyRequest&, pid_t) { return PolicyAnswer{}; }));
}

}  // namespace
}  // namespace wdscope
