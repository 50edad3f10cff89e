// SPDX-License-Identifier: MIT
#include "lab/lab_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <optional>

#include "lab/policy_socket.h"

namespace wdscope {
namespace {

using testing::HasSubstr;

class LabFolder : public testing::Test {
 protected:
  LabFolder() {
    if (const char* const before = std::getenv("XDG_RUNTIME_DIR")) before_ = before;
    std::string name = (std::filesystem::temp_directory_path() / "wdscope-folder-XXXXXX").string();
    runtime_ = mkdtemp(name.data());
    setenv("XDG_RUNTIME_DIR", runtime_.c_str(), 1);
  }
  ~LabFolder() override {
    if (before_) {
      setenv("XDG_RUNTIME_DIR", before_->c_str(), 1);
    } else {
      unsetenv("XDG_RUNTIME_DIR");
    }
    std::filesystem::remove_all(runtime_);
  }
  std::filesystem::path folder() const { return runtime_ / "wdscope"; }

  std::optional<std::string> before_;
  std::filesystem::path runtime_;
};

PolicyAnswer no_answer(const PolicyRequest&, pid_t) {
  return {};
}

TEST_F(LabFolder, IsThisUsersAlone) {
  const auto socket = own_lab_socket();
  ASSERT_TRUE(socket) << socket.error().what;
  EXPECT_EQ(*socket, folder() / (std::to_string(getpid()) + ".sock"));
  struct stat facts {};
  ASSERT_EQ(stat(folder().c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0700u);
  EXPECT_TRUE(own_lab_socket()) << "it may be there already";
}

TEST_F(LabFolder, IsRefusedWhenOthersMayWriteThereOrItIsNone) {
  ASSERT_EQ(mkdir(folder().c_str(), 0700), 0);
  ASSERT_EQ(chmod(folder().c_str(), 0777), 0);
  EXPECT_EQ(own_lab_socket().error().code, ErrorCode::NotPermitted);
  std::filesystem::remove(folder());
  std::filesystem::create_directory(runtime_ / "elsewhere");
  std::filesystem::create_symlink(runtime_ / "elsewhere", folder());
  EXPECT_EQ(own_lab_socket().error().code, ErrorCode::NotPermitted);
  std::filesystem::remove(folder());
  std::ofstream(folder()) << "a file";
  EXPECT_THAT(own_lab_socket().error().what, HasSubstr(folder().string()));
}

TEST_F(LabFolder, IsAnotherOneWhenTheVariableNamesNone) {
  for (const char* const value : {"", "relative", "/nonexistent/runtime"}) {
    setenv("XDG_RUNTIME_DIR", value, 1);
    EXPECT_THAT(lab_socket_of(1).string(), HasSubstr("/wdscope"));
    EXPECT_THAT(lab_socket_of(1).string(), testing::Not(HasSubstr("runtime")));
  }
}

TEST_F(LabFolder, ListsTheLabsThatListen) {
  ASSERT_TRUE(own_lab_socket());
  const auto name = [&](const char* file) { return folder() / file; };
  auto door = PolicySocket::listen(name("7.sock"), no_answer);
  ASSERT_TRUE(door) << door.error().what;
  auto other = PolicySocket::listen(name("5.sock"), no_answer);
  ASSERT_TRUE(other) << other.error().what;
  std::ofstream(name("9.sock")) << "no socket";
  std::ofstream(name("x.sock")) << "";
  std::ofstream(name("8")) << "";
  const auto labs = standing_labs();
  ASSERT_EQ(labs.size(), 2u);
  EXPECT_EQ(labs[0].pid, 5);
  EXPECT_EQ(labs[1].pid, 7);
  EXPECT_EQ(labs[1].socket, name("7.sock"));
  EXPECT_EQ(lab_socket_of(7), name("7.sock"));
}

}  // namespace
}  // namespace wdscope
