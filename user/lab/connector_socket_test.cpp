// SPDX-License-Identifier: MIT
#include "lab/connector_socket.h"

#include <gtest/gtest.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

namespace wdscope {
namespace {

std::vector<std::byte> datagram(std::uint32_t what, std::initializer_list<std::uint32_t> data) {
  std::vector<std::byte> bytes(sizeof(nlmsghdr) + sizeof(cn_msg) + 16 + 24);
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(bytes.size());
  header.nlmsg_type = NLMSG_DONE;
  cn_msg message{};
  message.id.idx = CN_IDX_PROC;
  message.id.val = CN_VAL_PROC;
  message.seq = 7;
  const std::uint32_t cpu = 1;
  const std::uint64_t time = 99;
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + sizeof header, &message, sizeof message);
  std::byte* event = bytes.data() + sizeof header + sizeof message;
  std::memcpy(event, &what, 4);
  std::memcpy(event + 4, &cpu, 4);
  std::memcpy(event + 8, &time, 8);
  std::memcpy(event + 16, data.begin(), data.size() * 4);
  return bytes;
}

std::vector<ConnectorEvent> parse(std::span<const std::byte> bytes) {
  std::vector<ConnectorEvent> events;
  parse_connector_messages(bytes, [&](const ConnectorEvent& event) { events.push_back(event); });
  return events;
}

TEST(ConnectorSocket, AForkTellsParentAndChild) {
  const auto events = parse(datagram(proc_event::PROC_EVENT_FORK, {10, 11, 12, 13}));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, ConnectorEvent::Kind::Fork);
  EXPECT_EQ(events[0].parent, 11);
  EXPECT_EQ(events[0].thread, 12);
  EXPECT_EQ(events[0].process, 13);
  EXPECT_EQ(events[0].processor, 1u);
  EXPECT_EQ(events[0].number, 7u);
  EXPECT_EQ(events[0].monotonic_ns, 99u);
}

TEST(ConnectorSocket, ExecAndExitTellThreadAndProcess) {
  EXPECT_EQ(parse(datagram(proc_event::PROC_EVENT_EXEC, {12, 13})).at(0).kind, ConnectorEvent::Kind::Exec);
  const auto events = parse(datagram(proc_event::PROC_EVENT_EXIT, {12, 13}));
  EXPECT_EQ(events.at(0).kind, ConnectorEvent::Kind::Exit);
  EXPECT_EQ(events.at(0).thread, 12);
  EXPECT_EQ(events.at(0).process, 13);
}

TEST(ConnectorSocket, CutMessagesAreLeftOut) {
  const auto whole = datagram(proc_event::PROC_EVENT_FORK, {10, 11, 12, 13});
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_TRUE(parse(std::span(whole).first(size)).empty());
}

TEST(ConnectorSocket, ADatagramMayHoldSeveralMessages) {
  auto bytes = datagram(proc_event::PROC_EVENT_EXEC, {12, 13});
  const auto second = datagram(proc_event::PROC_EVENT_EXIT, {12, 13});
  bytes.insert(bytes.end(), second.begin(), second.end());
  EXPECT_EQ(parse(bytes).size(), 2u);
}

TEST(ConnectorSocket, ForeignMessagesAreLeftOut) {
  auto bytes = datagram(proc_event::PROC_EVENT_EXEC, {12, 13});
  const std::uint32_t other = CN_IDX_PROC + 1;
  std::memcpy(bytes.data() + sizeof(nlmsghdr), &other, sizeof other);
  EXPECT_TRUE(parse(bytes).empty());
}

ConnectorEvent numbered(std::uint32_t processor, std::uint32_t number) {
  ConnectorEvent event;
  event.processor = processor;
  event.number = number;
  return event;
}

TEST(ConnectorGaps, MissingNumbersAreCountedForEachProcessor) {
  ConnectorGaps gaps;
  EXPECT_EQ(gaps.note(numbered(0, 100)), 0u);
  EXPECT_EQ(gaps.note(numbered(1, 5)), 0u);
  EXPECT_EQ(gaps.note(numbered(0, 101)), 0u);
  EXPECT_EQ(gaps.note(numbered(1, 9)), 3u);
  EXPECT_EQ(gaps.note(numbered(0, 102)), 0u);
}

TEST(ConnectorGaps, NumbersWrapAround) {
  ConnectorGaps gaps;
  EXPECT_EQ(gaps.note(numbered(0, 0xFFFFFFFF)), 0u);
  EXPECT_EQ(gaps.note(numbered(0, 0)), 0u);
  EXPECT_EQ(gaps.note(numbered(0, 2)), 1u);
}

TEST(ConnectorGaps, ANumberThatWentBackSaysNothing) {
  ConnectorGaps gaps;
  EXPECT_EQ(gaps.note(numbered(0, 10)), 0u);
  EXPECT_EQ(gaps.note(numbered(0, 8)), 0u);
}

// The real socket, with a buffer for a few messages only. What it loses on one processor is known to the last message:
// this thread and its children stay on that one.
class ConnectorOverflow : public testing::Test {
 protected:
  static constexpr int kChildren = 200;

  void SetUp() override {
    ASSERT_EQ(sched_getaffinity(0, sizeof everywhere_, &everywhere_), 0);
    auto socket = ConnectorSocket::listen();
    if (!socket) GTEST_SKIP() << socket.error().what;
    socket_.emplace(std::move(*socket));
    constexpr int kSmallest = 0;  // the kernel takes it for the least it allows
    ASSERT_EQ(setsockopt(socket_->file(), SOL_SOCKET, SO_RCVBUF, &kSmallest, sizeof kSmallest), 0);
    processor_ = sched_getcpu();
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<std::size_t>(processor_), &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    drain();
  }
  void TearDown() override { sched_setaffinity(0, sizeof everywhere_, &everywhere_); }

  static void start_child() {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) _exit(0);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
  }

  void drain() {
    for (;;) {
      const auto read = socket_->read([this](const ConnectorEvent& event) {
        if (event.processor != static_cast<std::uint32_t>(processor_)) return;
        seen_ += event.kind == ConnectorEvent::Kind::Acknowledge ? 0 : 1;
        missing_ += gaps_.note(event);
      });
      if (read == ConnectorSocket::Read::Empty) return;
      overflows_ += read == ConnectorSocket::Read::Overflowed ? 1 : 0;
    }
  }

  // Until a message of this processor gets through: others' may fill the buffer, too.
  void be_heard() {
    const std::uint64_t before = seen_;
    for (int i = 0; i < kChildren && seen_ == before; ++i) {
      start_child();
      drain();
    }
    ASSERT_GT(seen_, before);
  }

  cpu_set_t everywhere_;
  std::optional<ConnectorSocket> socket_;
  ConnectorGaps gaps_;
  int processor_ = 0;
  std::uint64_t seen_ = 0, missing_ = 0, overflows_ = 0;
};

TEST_F(ConnectorOverflow, IsToldAndTheNumbersTellHowMuchWasLost) {
  be_heard();
  const std::uint64_t before = seen_ + missing_;
  for (int i = 0; i < kChildren; ++i) start_child();
  drain();
  EXPECT_GE(overflows_, 1u);
  be_heard();  // the next message shows the gap
  EXPECT_GE(missing_, 1u);
  EXPECT_GE(seen_ + missing_ - before, 2u * kChildren) << "each fork and each exit was delivered or counted";
}

}  // namespace
}  // namespace wdscope
