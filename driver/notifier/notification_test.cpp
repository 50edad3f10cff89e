// SPDX-License-Identifier: MIT
// The five notification sites: every byte of the argument, and of what lies around it, in every profile. Offsets and
// values are written out as the research has them.
#include "notifier/notification.h"

#include "kit/kernel_string.h"
#include "notifier/conformance.h"
#include "notifier/golden_image.h"
#include "notifier/test_support.h"
#include "notifier/trust.h"

using namespace wdscope;
using namespace wdscope::notifier;
using test::as_id;
using test::ByProfile;
using test::golden_image;
using test::Image;
using test::is_2019;
using wire::NotifierProfile;

namespace {

constexpr std::uint32_t kProcess = 400;
constexpr std::uint32_t kParent = 396;
constexpr std::uint32_t kCreator = 392;
constexpr std::int64_t kCreatorCreated = 77;

// The raw flag, or zero and one.
constexpr ByProfile<std::uint8_t> kTrusted = {0x40, 0x40, 1, 1};
// Of rules2 0x402, which has both bits that show. 2019 writes nothing there: what the stack had before, assumed.
struct RuleBytes {
  std::uint8_t byte_1d;
  std::uint8_t byte_1e;
  std::uint8_t byte_1f;
};
constexpr ByProfile<RuleBytes> kRules2Shown = {{0xCC, 0xCC, 0xCC}, {0xCC, 0xCC, 0xCC}, {1, 0, 0}, {1, 1, 0}};
constexpr ByProfile<RuleBytes> kNoRules2 = {{0xCC, 0xCC, 0xCC}, {0xCC, 0xCC, 0xCC}, {0, 0, 0}, {0, 0, 0}};

// A process with a context, and who is told of it.
struct Site {
  explicit Site(NotifierProfile profile) : state(profile) {}

  bool ready() {
    if (!NT_SUCCESS(state.status())) return false;
    recorder = new (recorder_memory) test::Recorder;
    context = test::insert_context(kProcess, 1);
    if (!NT_SUCCESS(recorder->status()) || !context) return false;
    context->ProcessRules2 = 0x402;
    context->ImageName = as_address(&own_name);
    return true;
  }
  ~Site() {
    if (context) {
      context->ImageName = 0;
      MpReleaseProcessContext(context);
    }
    if (recorder) recorder->~Recorder();
  }

  // What the handler has in its hands at a create; an exit knows the process alone.
  SiteFrame created() {
    return {.process = PsInitialSystemProcess,
            .process_id = as_id(kProcess),
            .parent_process_id = as_id(kParent),
            .image_name = &given_name,
            .command_line = &command_line,
            .access_denied = &access_denied,
            .creator = {kCreator, kCreatorCreated},
            .context = context};
  }
  SiteFrame terminated() const {
    return {.process = PsInitialSystemProcess,
            .process_id = as_id(kProcess),
            .parent_process_id = nullptr,
            .image_name = nullptr,
            .command_line = nullptr,
            .access_denied = nullptr,
            .creator = {},
            .context = context};
  }

  const test::State state;
  alignas(test::Recorder) std::uint8_t recorder_memory[sizeof(test::Recorder)];
  test::Recorder* recorder = nullptr;
  MP_PROCESS_CONTEXT* context = nullptr;
  UNICODE_STRING own_name = kit::counted(u"\\Device\\HarddiskVolume1\\own.exe");
  UNICODE_STRING given_name = kit::counted(u"\\Device\\HarddiskVolume1\\a.exe");
  UNICODE_STRING command_line = kit::counted(u"a.exe");
  BOOLEAN access_denied = FALSE;
};

struct Argument {
  std::uint64_t parent = 0;
  std::uint64_t image_name = 0;
  std::uint32_t type = 3;
  std::uint8_t trusted = 0;
  RuleBytes rules = {};
};

void check_argument(const test::Notification& seen, const Argument& expected) {
  Image& image = golden_image(0x20);
  image.put(0x00, std::uint64_t{kProcess}).put(0x08, expected.parent).put(0x10, expected.image_name);
  image.put(0x18, expected.type).put(0x1C, expected.trusted);
  image.put(0x1D, expected.rules.byte_1d).put(0x1E, expected.rules.byte_1e).put(0x1F, expected.rules.byte_1f);
  CHECK_IMAGE(image, &seen.info);
  KERNEL_CHECK(seen.argument2 == nullptr);
}

// How much behind the argument the frame of a profile reaches, as the recorder copies it.
constexpr ByProfile<std::size_t> kBehind = {0x10, 0x10, 0x24, 0x24};

void check_nothing_around(const test::Notification& seen, NotifierProfile profile) {
  CHECK_IMAGE(golden_image(0x20), seen.before);
  CHECK_IMAGE(golden_image(kBehind[profile]), seen.after);
}

}  // namespace

CONFORMANCE("C.9 site 1", "WD_PS_NOTIFY_INFO", kEveryProfile,
            "a create: the id, the parent, the handler's image name, the flag, the bytes of rules2") {
  Site site(profile);
  KERNEL_REQUIRE(site.ready());
  MpSetTrustedProcess(site.context);
  const SiteFrame frame = site.created();
  notify_created(frame);
  KERNEL_REQUIRE(site.recorder->count() == 2);
  const test::Notification& seen = (*site.recorder)[1];
  // 2019: the address of a local that holds the parent's id, right before the argument.
  check_argument(seen, {.parent = is_2019(profile) ? seen.info.ParentProcessId : kParent,
                        .image_name = as_address(&site.given_name),
                        .type = 1,
                        .trusted = kTrusted[profile],
                        .rules = kRules2Shown[profile]});
  if (is_2019(profile)) KERNEL_CHECK_EQUAL(seen.parent_behind_pointer, kParent);
}

CONFORMANCE("C.9 site 1", "WD_PS_NOTIFY_INFO", kEveryProfile, "a create of a process that is not trusted says 0") {
  Site site(profile);
  KERNEL_REQUIRE(site.ready());
  const SiteFrame frame = site.created();
  notify_created(frame);
  KERNEL_REQUIRE(site.recorder->count() == 1);
  KERNEL_CHECK_EQUAL((*site.recorder)[0].info.Trusted, 0u);
}

CONFORMANCE("C.9 site 2", "WD_PS_NOTIFY_INFO", kEveryProfile, "an exit: the id alone") {
  Site site(profile);
  KERNEL_REQUIRE(site.ready());
  const SiteFrame frame = site.terminated();
  notify_terminated(frame);
  KERNEL_REQUIRE(site.recorder->count() == 1);
  check_argument((*site.recorder)[0], {.type = 2, .rules = kNoRules2[profile]});
}

CONFORMANCE("C.9 site 3", "WD_PS_NOTIFY_INFO", kEveryProfile,
            "a refresh: the context's image name and flag, in a frame of zeros") {
  Site site(profile);
  KERNEL_REQUIRE(site.ready());
  MpSetTrustedProcess(site.context);
  notify_refreshed(site.context);
  KERNEL_REQUIRE(site.recorder->count() == 2);
  const test::Notification& seen = (*site.recorder)[1];
  check_argument(
      seen, {.image_name = as_address(&site.own_name), .trusted = kTrusted[profile], .rules = kRules2Shown[profile]});
  check_nothing_around(seen, profile);
}

CONFORMANCE("C.9 site 4", "WD_PS_NOTIFY_INFO", kEveryProfile, "set trusted: no name, and 1 in every build") {
  Site site(profile);
  KERNEL_REQUIRE(site.ready());
  MpSetTrustedProcess(site.context);
  KERNEL_REQUIRE(site.recorder->count() == 1);
  const test::Notification& seen = (*site.recorder)[0];
  check_argument(seen, {.trusted = 1, .rules = kRules2Shown[profile]});
  check_nothing_around(seen, profile);
}

CONFORMANCE("C.9 site 5", "WD_PS_NOTIFY_INFO", kEveryProfile, "set untrusted: no name, and 0") {
  Site site(profile);
  KERNEL_REQUIRE(site.ready());
  MpSetTrustedProcess(site.context);
  MpSetUntrustedProcess(site.context);
  KERNEL_REQUIRE(site.recorder->count() == 2);
  const test::Notification& seen = (*site.recorder)[1];
  check_argument(seen, {.rules = kRules2Shown[profile]});
  check_nothing_around(seen, profile);
}

CONFORMANCE("A.8.2", "WD_PS_NOTIFY_INFO_EX", k2019,
            "context and parent's id lie before a create and an exit, the create parameters behind a create") {
  Site site(profile);
  KERNEL_REQUIRE(site.ready());
  const SiteFrame create = site.created();
  notify_created(create);
  const SiteFrame exit = site.terminated();
  notify_terminated(exit);
  KERNEL_REQUIRE(site.recorder->count() == 2);
  Image& before = golden_image(0x20);
  before.put(0x10, as_address(site.context)).put(0x18, std::uint64_t{kParent});
  CHECK_IMAGE(before, (*site.recorder)[0].before);
  Image& after = golden_image(0x10);
  after.put(0x00, as_address(&site.given_name)).put(0x08, as_address(&site.command_line));
  CHECK_IMAGE(after, (*site.recorder)[0].after);
  Image& before_exit = golden_image(0x20);
  before_exit.put(0x10, as_address(site.context));
  CHECK_IMAGE(before_exit, (*site.recorder)[1].before);
  CHECK_IMAGE(golden_image(0x10), (*site.recorder)[1].after);
}

CONFORMANCE("A.8.2", "WD_PS_NOTIFY_INFO", k25080Alone, "what lies around the argument is not known: zeros") {
  Site site(profile);
  KERNEL_REQUIRE(site.ready());
  const SiteFrame create = site.created();
  notify_created(create);
  const SiteFrame exit = site.terminated();
  notify_terminated(exit);
  KERNEL_REQUIRE(site.recorder->count() == 2);
  check_nothing_around((*site.recorder)[0], profile);
  check_nothing_around((*site.recorder)[1], profile);
}

CONFORMANCE(
    "A.8.2", "WD_PS_NOTIFY_INFO", kA5Alone,
    "the context lies right before a create and an exit, an EPROCESS before that; parameters and creator behind") {
  Site site(profile);
  KERNEL_REQUIRE(site.ready());
  const SiteFrame create = site.created();
  notify_created(create);
  const SiteFrame exit = site.terminated();
  notify_terminated(exit);
  KERNEL_REQUIRE(site.recorder->count() == 2);
  Image& before = golden_image(0x20);
  before.put(0x00, as_address(&site.access_denied)).put(0x08, as_address(&site.command_line));
  before.put(0x10, as_address(PsInitialSystemProcess)).put(0x18, as_address(site.context));
  CHECK_IMAGE(before, (*site.recorder)[0].before);
  Image& after = golden_image(0x24);
  after.put(0x00, as_address(&site.given_name)).put(0x08, as_address(&site.command_line));
  after.put(0x10, std::uint64_t{kParent}).put(0x18, kCreator).put(0x1C, kCreatorCreated);
  CHECK_IMAGE(after, (*site.recorder)[0].after);
  Image& before_exit = golden_image(0x20);
  before_exit.put(0x10, as_address(PsInitialSystemProcess)).put(0x18, as_address(site.context));
  CHECK_IMAGE(before_exit, (*site.recorder)[1].before);
  CHECK_IMAGE(golden_image(0x24), (*site.recorder)[1].after);
}
