// SPDX-License-Identifier: MIT
// The observer's ETW events, read as a consumer reads them: by the names and types of the manifest that ships.
#include <gmock/gmock.h>

#include <cstring>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>

#include "abi/wire/tracing.h"
#include "host/etw/provider.h"
#include "observer/frames.h"
#include "observer/observer_story.h"

namespace wdscope::tests {
namespace {

namespace tracing = wire::tracing;
using defender::OperationType;
using testing::ElementsAre;
using testing::SizeIs;

host::ProviderId provider() {
  host::ProviderId id;
  static_assert(sizeof(id) == sizeof(tracing::kProvider));
  std::memcpy(id.data(), &tracing::kProvider, id.size());
  return id;
}

struct Event {
  std::string name;  // the manifest's
  std::uint64_t keyword = 0;
  std::map<std::string, std::uint64_t> numbers;
  std::map<std::string, std::u16string> texts;
  std::size_t left_over = 0;  // bytes that the manifest does not know
};

// As much XML as the manifest has: one element a line or two, no text between.
class Manifest {
 public:
  Manifest() {
    std::ifstream file(WDSCOPE_MANIFEST);
    std::stringstream all;
    all << file.rdbuf();
    text_ = all.str();
  }

  std::string attribute(const std::string& element, const std::string& name) const {
    std::smatch found;
    const std::regex wanted("<" + element + "[^>]*\\s" + name + "=\"([^\"]*)\"");
    return std::regex_search(text_, found, wanted) ? found[1].str() : std::string();
  }

  Event read(const host::EventDescriptor& descriptor, std::span<const std::byte> data) const {
    Event event;
    event.keyword = descriptor.keyword;
    std::smatch found;
    const std::regex wanted("<event symbol=\"(\\w+)\" value=\"" + std::to_string(descriptor.id) +
                            "\" version=\"0\"[^>]*template=\"(\\w+)\"");
    if (!std::regex_search(text_, found, wanted)) return event;
    event.name = found[1];
    const std::string head = "<template tid=\"" + found[2].str() + "\">";
    const std::size_t begin = text_.find(head);
    const std::string body = text_.substr(begin, text_.find("</template>", begin) - begin);
    const std::regex field("<data name=\"(\\w+)\" inType=\"win:(\\w+)\"(?: length=\"(\\w+)\")?/>");
    for (std::sregex_iterator at(body.begin(), body.end(), field), end; at != end; ++at) {
      read_field((*at)[1], (*at)[2], (*at)[3], data, event);
    }
    event.left_over = data.size();
    return event;
  }

 private:
  static void read_field(const std::string& name, const std::string& type, const std::string& length,
                         std::span<const std::byte>& data, Event& event) {
    static const std::map<std::string, std::size_t> kSizes = {
        {"UInt8", 1}, {"UInt16", 2}, {"UInt32", 4}, {"UInt64", 8}, {"HexInt32", 4}, {"HexInt64", 8}, {"FILETIME", 8}};
    std::size_t size = 0;
    if (type == "UnicodeString") {
      size = 2 * event.numbers.at(length);
    } else {
      size = type == "AnsiString" ? std::stoul(length) : kSizes.at(type);
    }
    ASSERT_LE(size, data.size()) << name;
    if (type == "UnicodeString") {
      event.texts[name].resize(size / 2);
      std::memcpy(event.texts[name].data(), data.data(), size);
    } else if (type == "AnsiString") {
      const auto* const text = reinterpret_cast<const char*>(data.data());
      event.texts[name] = std::u16string(text, text + strnlen(text, size));
    } else {
      std::memcpy(&event.numbers[name], data.data(), size);
    }
    data = data.subspan(size);
  }

  std::string text_;
};

class Tracing : public ObserverStory {
 protected:
  // A callback and its consumer on this thread: no lock.
  void enable(std::uint8_t level = 0xFF, std::uint64_t keyword = ~std::uint64_t{0}) {
    host::enable_provider(provider(), {level, keyword, [this](const auto& event, auto data) {
                                         events_.push_back(manifest_.read(event, data));
                                       }});
  }
  Manifest manifest_;
  std::vector<Event> events_;
};

constexpr std::uint64_t kPid = 0x1234;
constexpr std::uint64_t kParent = 0x800;

TEST_F(Tracing, TheManifestNamesTheProvider) {
  EXPECT_EQ(manifest_.attribute("provider", "guid"), "{6A2C9B52-50F1-4C3D-9E84-1D7B3FA0C5E9}");
  EXPECT_EQ(manifest_.attribute("keyword", "mask"), "0x1");
}

TEST_F(Tracing, AnEventSaysWhatItsRecordSays) {
  enable();
  const std::int64_t created = start_process(kPid, kParent);
  PoolText image(u"\\Device\\HarddiskVolume1\\Windows\\notepad.exe");
  PoolText command_line(u"notepad.exe gr\u00FC\u00DFe.txt");
  PoolContext context(defender::kProcessContextMagic25080, kPid, created);
  context.common().ImageName = image.address();
  context.common().CommandLine = command_line.address();
  context.common().ProcessFlags = 4;
  context.common().CodeInjectionRequestMask = ~std::uint64_t{0};
  auto frame = frame_a5(kPid, kParent, OperationType::Create, context.address());
  frame.Info.ImageName = image.address();
  const Record record = record_of(&frame.Info);
  const wire::ProcessRecord& process = record.process();

  ASSERT_THAT(events_, SizeIs(1));
  const Event& event = events_[0];
  EXPECT_EQ(event.name, "Create");
  EXPECT_EQ(event.keyword, tracing::kProcessKeyword);
  EXPECT_EQ(event.left_over, 0u);
  auto numbers = event.numbers;
  EXPECT_EQ(numbers["seq"], record.header().sequence);
  EXPECT_EQ(numbers["time"], static_cast<std::uint64_t>(process.time_100ns));
  EXPECT_EQ(numbers["known"], process.known);
  EXPECT_EQ(numbers["pid"], kPid);
  EXPECT_EQ(numbers["parent_pid"], kParent);
  EXPECT_EQ(numbers["created"], static_cast<std::uint64_t>(created));
  EXPECT_EQ(numbers["nt_created"], static_cast<std::uint64_t>(created));
  EXPECT_EQ(numbers["nt_parent_pid"], kParent);
  EXPECT_EQ(numbers["nt_notifier_pid"], process.notifier_process_id);
  EXPECT_EQ(numbers["context_address"], context.address());
  EXPECT_EQ(numbers["context_magic"], defender::kProcessContextMagic25080);
  EXPECT_EQ(numbers["injection_request_mask"], ~std::uint64_t{0});
  EXPECT_EQ(numbers["flags"], 4u);
  EXPECT_EQ(numbers["session_id"], process.context_session_id);
  EXPECT_EQ(numbers["nt_session_id"], process.nt_session_id);
  EXPECT_EQ(numbers["nt_protection"], process.nt_protection);
  EXPECT_EQ(numbers["operation_raw"], 1u);
  EXPECT_EQ(numbers["anomalies"], process.anomalies);
  auto texts = event.texts;
  EXPECT_EQ(texts["image"], u"\\Device\\HarddiskVolume1\\Windows\\notepad.exe");
  EXPECT_EQ(texts["command_line"], u"notepad.exe gr\u00FC\u00DFe.txt");
  EXPECT_EQ(texts["nt_image_name"], u"notepad.exe");
}

TEST_F(Tracing, EachOperationIsAnEventOfItsOwn) {
  enable();
  PoolText image(u"\\Device\\HarddiskVolume1\\x.exe");
  const auto tell = [this](OperationType operation, std::uint64_t image_address) {
    auto frame = frame_a5(kPid, kParent, operation, 0);
    frame.Info.ImageName = image_address;
    notify(&frame.Info);
  };
  tell(OperationType::Create, image.address());
  tell(OperationType::Terminate, 0);
  tell(OperationType::Trust, 0);
  tell(OperationType::Trust, image.address());
  tell(static_cast<OperationType>(9), 0);
  notify(nullptr);
  EXPECT_EQ(client().refresh(), 0);
  std::vector<std::string> names;
  for (const Event& event : events_) names.push_back(event.name);
  EXPECT_THAT(names, ElementsAre("Create", "Terminate", "Trust", "Refresh", "Unknown", "Unknown", "SnapshotBegin",
                                 "SnapshotEnd"));
  EXPECT_EQ(events_.back().numbers["number"], 1u);
  EXPECT_EQ(events_.back().numbers["trigger"], static_cast<std::uint64_t>(wire::SnapshotTrigger::Request));
  EXPECT_EQ(events_.back().left_over, 0u);
}

TEST_F(Tracing, TextsTooLongForEtwAreCutAndSaidToBe) {
  enable();
  const std::u16string long_text(32000, u'x');
  PoolText image(long_text);
  const std::int64_t created = start_process(kPid, kParent);
  PoolText command_line(long_text);
  PoolContext context(defender::kProcessContextMagic25080, kPid, created);
  context.common().ImageName = image.address();
  context.common().CommandLine = command_line.address();
  auto frame = frame_a5(kPid, kParent, OperationType::Create, context.address());
  frame.Info.ImageName = image.address();
  const Record record = record_of(&frame.Info);
  ASSERT_THAT(events_, SizeIs(1));
  EXPECT_EQ(record.process().anomalies & wire::anomaly_bit(wire::Anomaly::ImageTruncated), 0u);
  EXPECT_NE(events_[0].numbers["anomalies"] & wire::anomaly_bit(wire::Anomaly::ImageTruncated), 0u);
  EXPECT_EQ(events_[0].texts["image"].size(), tracing::kMaximumTextSize / 2);
  EXPECT_EQ(events_[0].texts["command_line"], u"");
}

TEST_F(Tracing, LevelAndKeywordChoose) {
  enable(tracing::kLevel - 1);
  notify(nullptr);
  enable(tracing::kLevel, tracing::kSnapshotKeyword);
  notify(nullptr);
  EXPECT_THAT(events_, SizeIs(0));
  enable(tracing::kLevel, tracing::kProcessKeyword);
  notify(nullptr);
  EXPECT_THAT(events_, SizeIs(1));
}

TEST_F(Tracing, NothingIsWrittenWhenNobodyListens) {
  notify(nullptr);
  enable();
  notify(nullptr);
  host::disable_provider(provider());
  notify(nullptr);
  EXPECT_THAT(events_, SizeIs(1));
  EXPECT_THAT(client().drain(), SizeIs(3));
}

// Enabled before the driver was there: as a session that starts at boot.
class EarlySession : public MachineStory {};

TEST_F(EarlySession, HearsOfTheFirstSnapshot) {
  const OwnedCallback process(defender::kWdProcessNotificationCallback);
  const OwnedCallback nri(defender::kWdNriNotificationCallback);
  std::vector<std::uint16_t> ids;
  host::enable_provider(provider(), {.consumer = [&ids](const auto& event, auto) { ids.push_back(event.id); }});
  const auto driver = load("wdscope.sys", {"wdscope", {}});
  ASSERT_TRUE(driver.has_value()) << driver.error().message;
  EXPECT_THAT(ids, ElementsAre(static_cast<std::uint16_t>(tracing::EventId::SnapshotBegin),
                               static_cast<std::uint16_t>(tracing::EventId::SnapshotEnd)));
  ASSERT_TRUE(machine_->unload(*driver));
}

}  // namespace
}  // namespace wdscope::tests
