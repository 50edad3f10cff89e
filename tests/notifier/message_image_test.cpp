// SPDX-License-Identifier: MIT
// Golden byte images of what the driver says to the service (wdfilter.md E.1, E.2, E.4): every byte of each message, in
// every profile, with offsets written out here as the research has them.
#include <gtest/gtest.h>

#include <algorithm>
#include <iomanip>
#include <sstream>

#include "abi/defender/service_sids.h"
#include "commands.h"
#include "conformance.h"
#include "engine.h"
#include "notifications.h"
#include "notifier_machine.h"

namespace wdscope::test {
namespace {

using wire::NotifierProfile;

constexpr std::int64_t kParentCreated = 133'000'000'000'000'000;
constexpr std::int64_t kCreated = 133'000'000'010'000'000;
const std::u16string kImage = u"\\Device\\HarddiskVolume1\\Windows\\TiWorker.exe";
const std::u16string kCommandLine = u"TiWorker.exe -Embedding";

// A message made by hand: zeros but for what is put.
class Bytes {
 public:
  explicit Bytes(std::size_t size) : bytes_(size) {}
  template <class T>
  Bytes& put(std::size_t offset, T value) {
    std::memcpy(bytes_.data() + offset, &value, sizeof value);
    return *this;
  }
  Bytes& text(std::size_t offset, std::u16string_view text) {
    std::memcpy(bytes_.data() + offset, text.data(), text.size() * 2);
    return *this;
  }
  std::string hex() const { return hex_of(bytes_); }
  static std::string hex_of(const std::vector<std::uint8_t>& bytes) {
    std::ostringstream out;
    for (std::size_t index = 0; index < bytes.size(); ++index) {
      if (index % 16 == 0) out << '\n' << std::hex << std::setw(3) << std::setfill('0') << index << ':';
      out << ' ' << std::hex << std::setw(2) << std::setfill('0') << int{bytes[index]};
    }
    return out.str();
  }

 private:
  std::vector<std::uint8_t> bytes_;
};

class MessageImage : public testing::TestWithParam<NotifierProfile> {
 protected:
  bool older() const { return is_2019(GetParam()); }
  std::uint8_t version() const { return older() ? 0x5D : GetParam() == NotifierProfile::Wd25080 ? 0xA3 : 0xA5; }
  std::size_t header_size() const { return older() ? 8 : 0x18; }
  // Header and the head of the payload, which differ in nothing but sizes, type and serial number (E.1).
  Bytes begin(std::size_t payload, std::uint32_t type, std::int64_t serial) const {
    const std::size_t p = header_size();
    Bytes bytes(p + payload);
    bytes.put(0, version()).put(1, std::uint8_t{older()}).put(2, std::uint16_t{2});
    bytes.put(4, static_cast<std::uint32_t>(p + payload));
    // assumed: the normal priorities for I/O, thread and pages.
    if (!older()) bytes.put(0x08, 2u).put(0x0C, 8u).put(0x10, 5u);
    bytes.put(p + 0x00, serial).put(p + 0x08, static_cast<std::uint32_t>(payload)).put(p + 0x0C, 1u);
    bytes.put(p + 0x10, type);
    return bytes;
  }
  static std::size_t size_of(const std::u16string& text) { return 2 * text.size() + 2; }

  NotifierMachine machine_;
};
INSTANTIATE_TEST_SUITE_P(Profiles, MessageImage, testing::ValuesIn(kAllProfiles), profile_name);

// A TrustedInstaller of session 3, elevated, with a parent and a DOS name: every member of the message has a value.
TEST_P(MessageImage, OfACreateAnExitAndTheirTrust) {
  conforms("E.1, E.2", "process message", "golden byte images of a create and of an exit");
  conforms("C.8 create step 12", "MpHandleProcessNotification",
           "message flags 2, and 0xC for an unprotected TrustedInstaller of 2025");
  auto parent = NotifierMachine::describe(1000, 4, u"parent.exe");
  parent.created_100ns = kParentCreated;
  ASSERT_EQ(machine_.machine().adopt_process(parent), 0);
  machine_.load(GetParam());
  Engine engine(machine_.machine(), [](const Message&) { return allow(GetParam(), 0x20, 0x402); });
  auto start = NotifierMachine::describe(1004, 1000, u"");
  start.image = kImage;
  start.command_line = kCommandLine;
  start.created_100ns = kCreated;
  start.services = {defender::kTrustedInstallerSid};
  start.elevation_type = 2;
  start.elevated = true;
  start.integrity_level = 0x4000;
  ASSERT_EQ(machine_.machine().start_process(start), 0);
  ASSERT_EQ(machine_.exit(1004), 0);
  const auto messages = engine.wait_for(2);
  const auto of_kind = [&](bool create) {
    return *std::find_if(messages.begin(), messages.end(), [&](const Message& message) {
      return message.head.Type == 0 && message.create() == create && message.process_id() == 1004;
    });
  };

  const std::size_t p = header_size();
  const std::size_t strings = older() ? 0x70 : 0x80;
  const std::size_t image = size_of(kImage), command_line = size_of(kCommandLine);
  const std::size_t dos_name = older() ? 0 : image;
  const Message create = of_kind(true);
  Bytes made = begin(strings + image + command_line + dos_name, 0, create.head.SerialNumber);
  made.put(p + 0x18, 1000u).put(p + 0x1C, kParentCreated).put(p + 0x24, 1004u).put(p + 0x28, kCreated);
  made.put(p + 0x30, std::uint8_t{1});
  made.put(p + 0x3C, static_cast<std::uint32_t>(image)).put(p + 0x40, static_cast<std::uint32_t>(strings));
  made.put(p + 0x44, 3u);
  made.put(p + 0x48, static_cast<std::uint32_t>(command_line));
  made.put(p + 0x4C, static_cast<std::uint32_t>(strings + image));
  if (older()) {
    made.put(p + 0x50, 2u).put(p + 0x54, 1u).put(p + 0x58, 0x4000u);
    made.put(p + 0x60, 1000u).put(p + 0x64, kParentCreated);
  } else {
    made.put(p + 0x50, static_cast<std::uint32_t>(dos_name));
    made.put(p + 0x54, static_cast<std::uint32_t>(strings + image + command_line));
    made.put(p + 0x58, 2u).put(p + 0x5C, 1u).put(p + 0x60, 0x4000u);
    made.put(p + 0x64, 0xEu);  // normal; an unprotected TrustedInstaller, by its DOS name
    made.put(p + 0x68, 1000u).put(p + 0x6C, kParentCreated).put(p + 0x74, 0x11u);
    made.text(p + strings + image + command_line, kImage);  // a volume without a drive letter keeps its device's name
  }
  made.text(p + strings, kImage).text(p + strings + image, kCommandLine);
  EXPECT_EQ(Bytes::hex_of(create.bytes), made.hex());

  const Message exit = of_kind(false);
  Bytes ended = begin(strings, 0, exit.head.SerialNumber);
  ended.put(p + 0x24, 1004u).put(p + 0x28, kCreated).put(p + 0x44, 3u);
  if (older()) {
    ended.put(p + 0x50, 2u).put(p + 0x54, 1u).put(p + 0x58, 0x4000u);
  } else {
    ended.put(p + 0x58, 2u).put(p + 0x5C, 1u).put(p + 0x60, 0x4000u);
    ended.put(p + 0x74, 0x11u).put(p + 0x78, 0x20u).put(p + 0x7C, 0x402u);  // as the service had answered
  }
  EXPECT_EQ(Bytes::hex_of(exit.bytes), ended.hex());
}

// E.4: the only untrusted process is named, by as much of its name as travels; then none is left.
TEST_P(MessageImage, OfTheLastUntrustedProcess) {
  conforms("E.4", "trusted/untrusted message", "golden byte images, with as much of the name as travels");
  machine_.load(GetParam());
  Engine engine(machine_.machine(), [](const Message&) { return allow(GetParam(), 0); });
  ASSERT_EQ(machine_.start(1000, 4, u"b.exe"), 0);
  ASSERT_EQ(machine_.exit(1000), 0);
  const auto messages = engine.wait_for(4);
  const std::size_t p = header_size();
  const std::size_t payload = older() ? 0x38 : 0x20;
  const std::u16string_view name = u"\\Device\\HarddiskVolume1\\bin\\b.exe";
  std::vector<Message> trust;
  std::copy_if(messages.begin(), messages.end(), std::back_inserter(trust),
               [](const Message& message) { return message.head.Type == 0xD; });
  ASSERT_EQ(trust.size(), 2u);
  Bytes one = begin(payload, 0xD, trust[0].head.SerialNumber);
  one.put(p + 0x18, std::uint8_t{1}).text(p + 0x1A, name.substr(0, older() ? 15 : 3));
  EXPECT_EQ(Bytes::hex_of(trust[0].bytes), one.hex());
  EXPECT_EQ(Bytes::hex_of(trust[1].bytes), begin(payload, 0xD, trust[1].head.SerialNumber).hex());
}

// Message 0x17 (E.5, taint): assumed but for its type.
TEST_P(MessageImage, OfATaint) {
  conforms("B.5", "taint telemetry", "golden byte image of message 0x17");
  if (older()) GTEST_SKIP() << "not in this build";
  auto early = NotifierMachine::describe(1000, 4, u"a.exe");
  early.created_100ns = kCreated;
  ASSERT_EQ(machine_.machine().adopt_process(early), 0);
  machine_.load(GetParam());
  Engine engine(machine_.machine(), [](const Message&) { return allow(GetParam(), 0); });
  ASSERT_EQ(send(engine.file(), taint_command(GetParam(), 1000, kCreated)), 0);
  const Message message = engine.wait_for(1).at(0);
  const std::size_t p = header_size();
  Bytes bytes = begin(sizeof(defender::TAINT_MESSAGE_25080), 0x17, message.head.SerialNumber);
  const auto taint = message.as<defender::TAINT_MESSAGE_25080>();
  bytes.put(p + offsetof(defender::TAINT_MESSAGE_25080, ProcessId), 1000u);
  bytes.put(p + offsetof(defender::TAINT_MESSAGE_25080, CreateTime), kCreated);
  bytes.put(p + offsetof(defender::TAINT_MESSAGE_25080, Reason), taint.Reason);
  EXPECT_EQ(Bytes::hex_of(message.bytes), bytes.hex());
}

}  // namespace
}  // namespace wdscope::test
