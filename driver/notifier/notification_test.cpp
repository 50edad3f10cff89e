// SPDX-License-Identifier: MIT
#include "notifier/notification.h"

#include "abi/defender/flags.h"
#include "kit/kernel_string.h"
#include "notifier/test_support.h"
#include "notifier/trust.h"

using namespace wdscope;
using namespace wdscope::notifier;
using test::as_id;
using test::insert_context;
using wire::NotifierProfile;

namespace {

// One create and one exit of process 400, child of 396, seen by a recorder.
struct Sites {
  UNICODE_STRING image = kit::counted(u"\\Device\\HarddiskVolume1\\a.exe");
  UNICODE_STRING command_line = kit::counted(u"a.exe");
  BOOLEAN access_denied = FALSE;
  MP_PROCESS_CONTEXT* context = nullptr;

  void run() {
    notify_created({.process = PsInitialSystemProcess,
                    .process_id = as_id(400),
                    .parent_process_id = as_id(396),
                    .image_name = &image,
                    .command_line = &command_line,
                    .access_denied = &access_denied,
                    .creator = {392, 77},
                    .context = context});
    notify_terminated({.process = PsInitialSystemProcess,
                       .process_id = as_id(400),
                       .parent_process_id = nullptr,
                       .image_name = nullptr,
                       .command_line = nullptr,
                       .access_denied = nullptr,
                       .creator = {},
                       .context = context});
  }
};

template <class T>
T at(const std::uint8_t* bytes, std::size_t offset) {
  T value;
  RtlCopyMemory(&value, bytes + offset, sizeof(value));
  return value;
}

// The eight bytes that stand `distance` in front of the argument.
std::uint64_t in_front(const test::Notification& notification, std::size_t distance) {
  return at<std::uint64_t>(notification.before, sizeof(notification.before) - distance);
}

}  // namespace

KERNEL_TEST(
    "Notification: 1910 lays context and parent id before the argument and passes the parent by address (A.8, C.9)") {
  const test::State state(NotifierProfile::Wd1910);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  test::Recorder recorder;
  KERNEL_REQUIRE(NT_SUCCESS(recorder.status()));
  Sites sites;
  sites.context = insert_context(400, 1);
  KERNEL_REQUIRE(sites.context);
  sites.context->ProcessFlags |= defender::flag::Trusted;
  sites.context->ProcessRules2 = 0xFFFFFFFF;
  sites.run();
  sites.context->ProcessFlags = 0;

  KERNEL_REQUIRE(recorder.count() == 2);
  const test::Notification& create = recorder[0];
  KERNEL_CHECK_EQUAL(create.info.ProcessId, 400u);
  KERNEL_CHECK_EQUAL(create.parent_behind_pointer, 396u);
  KERNEL_CHECK_EQUAL(create.info.OperationType, 1u);
  KERNEL_CHECK_EQUAL(create.info.Trusted, 0x40u);
  KERNEL_CHECK_EQUAL(create.info.ImageName, as_address(&sites.image));
  KERNEL_CHECK_EQUAL(in_front(create, 0x10), as_address(sites.context));
  KERNEL_CHECK_EQUAL(in_front(create, 0x08), 396u);
  KERNEL_CHECK_EQUAL(at<std::uint64_t>(create.after, 0), as_address(&sites.image));
  KERNEL_CHECK_EQUAL(at<std::uint64_t>(create.after, 8), as_address(&sites.command_line));
  KERNEL_CHECK(create.argument2 == nullptr);

  const test::Notification& exit = recorder[1];
  KERNEL_CHECK_EQUAL(exit.info.OperationType, 2u);
  KERNEL_CHECK_EQUAL(exit.info.ParentProcessId, 0u);
  KERNEL_CHECK_EQUAL(exit.info.ImageName, 0u);
  KERNEL_CHECK_EQUAL(exit.info.Trusted, 0u);
  KERNEL_CHECK_EQUAL(in_front(exit, 0x10), as_address(sites.context));
  MpReleaseProcessContext(sites.context);
}

KERNEL_TEST("Notification: 25080 passes the parent by value and has only zeros around the argument (A.8, C.9)") {
  const test::State state(NotifierProfile::Wd25080);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  test::Recorder recorder;
  KERNEL_REQUIRE(NT_SUCCESS(recorder.status()));
  Sites sites;
  sites.context = insert_context(400, 1);
  KERNEL_REQUIRE(sites.context);
  sites.context->ProcessRules2 = defender::rule2::NotifyByte1D | defender::rule2::NotifyByte1E;
  sites.run();

  KERNEL_REQUIRE(recorder.count() == 2);
  const test::Notification& create = recorder[0];
  KERNEL_CHECK_EQUAL(create.info.ParentProcessId, 396u);
  KERNEL_CHECK_EQUAL(create.info.Trusted, 0u);
  KERNEL_CHECK_EQUAL(create.info.Rules2Bit1, 1u);
  KERNEL_CHECK_EQUAL(create.info.Rules2Bit10, 0u);
  KERNEL_CHECK_EQUAL(create.info.Byte1F, 0u);
  for (std::uint32_t index = 0; index < 2; ++index) {
    for (const std::uint8_t byte : recorder[index].before) KERNEL_CHECK_EQUAL(byte, 0u);
    for (const std::uint8_t byte : recorder[index].after) KERNEL_CHECK_EQUAL(byte, 0u);
  }
  KERNEL_CHECK_EQUAL(recorder[1].info.Rules2Bit1, 0u);
  MpReleaseProcessContext(sites.context);
}

KERNEL_TEST(
    "Notification: a5 lays the context right before the argument, an EPROCESS before that, and writes 0x1E (A.8, "
    "C.9)") {
  const test::State state(NotifierProfile::WdA5);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  test::Recorder recorder;
  KERNEL_REQUIRE(NT_SUCCESS(recorder.status()));
  Sites sites;
  sites.context = insert_context(400, 1);
  KERNEL_REQUIRE(sites.context);
  sites.context->ProcessRules2 = defender::rule2::NotifyByte1E;
  sites.run();

  KERNEL_REQUIRE(recorder.count() == 2);
  const test::Notification& create = recorder[0];
  KERNEL_CHECK_EQUAL(in_front(create, 0x20), as_address(&sites.access_denied));
  KERNEL_CHECK_EQUAL(in_front(create, 0x18), as_address(&sites.command_line));
  KERNEL_CHECK_EQUAL(in_front(create, 0x10), as_address(PsInitialSystemProcess));
  KERNEL_CHECK_EQUAL(in_front(create, 0x08), as_address(sites.context));
  KERNEL_CHECK_EQUAL(create.info.ParentProcessId, 396u);
  KERNEL_CHECK_EQUAL(create.info.Rules2Bit1, 0u);
  KERNEL_CHECK_EQUAL(create.info.Rules2Bit10, 1u);
  KERNEL_CHECK_EQUAL(at<std::uint64_t>(create.after, 0x00), as_address(&sites.image));
  KERNEL_CHECK_EQUAL(at<std::uint64_t>(create.after, 0x08), as_address(&sites.command_line));
  KERNEL_CHECK_EQUAL(at<std::uint64_t>(create.after, 0x10), 396u);
  KERNEL_CHECK_EQUAL(at<std::uint32_t>(create.after, 0x18), 392u);
  KERNEL_CHECK_EQUAL(at<std::int64_t>(create.after, 0x1C), 77);

  const test::Notification& exit = recorder[1];
  KERNEL_CHECK_EQUAL(in_front(exit, 0x08), as_address(sites.context));
  KERNEL_CHECK_EQUAL(exit.info.Rules2Bit10, 0u);
  MpReleaseProcessContext(sites.context);
}

KERNEL_TEST("Notification: a refresh carries the context's image name and flag, from a frame of zeros (C.9)") {
  for (const NotifierProfile profile : test::kAllProfiles) {
    const test::State state(profile);
    KERNEL_REQUIRE(NT_SUCCESS(state.status()));
    test::Recorder recorder;
    KERNEL_REQUIRE(NT_SUCCESS(recorder.status()));
    MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
    KERNEL_REQUIRE(context);
    MpSetTrustedProcess(context);
    notify_refreshed(context);
    KERNEL_REQUIRE(recorder.count() == 2);
    const test::Notification& refresh = recorder[1];
    KERNEL_CHECK_EQUAL(refresh.info.OperationType, 3u);
    KERNEL_CHECK_EQUAL(refresh.info.ImageName, context->ImageName);
    KERNEL_CHECK_EQUAL(refresh.info.Trusted, MpProfile->has_context_tail() ? 1u : 0x40u);
    KERNEL_CHECK_EQUAL(refresh.info.ParentProcessId, 0u);
    for (const std::uint8_t byte : refresh.before) KERNEL_CHECK_EQUAL(byte, 0u);
    KERNEL_CHECK_EQUAL(recorder[0].info.Trusted, 1u);
    KERNEL_CHECK_EQUAL(recorder[0].info.ImageName, 0u);
    MpReleaseProcessContext(context);
  }
}

KERNEL_TEST("Notification: 1910 leaves the three last bytes unwritten (A.8)") {
  const test::State state(NotifierProfile::Wd1910);
  KERNEL_REQUIRE(NT_SUCCESS(state.status()));
  test::Recorder recorder;
  KERNEL_REQUIRE(NT_SUCCESS(recorder.status()));
  MP_PROCESS_CONTEXT* const context = insert_context(400, 1);
  KERNEL_REQUIRE(context);
  notify_refreshed(context);
  KERNEL_REQUIRE(recorder.count() == 1);
  KERNEL_CHECK_EQUAL(recorder[0].info.Rules2Bit1, 0xCCu);
  KERNEL_CHECK_EQUAL(recorder[0].info.Rules2Bit10, 0xCCu);
  KERNEL_CHECK_EQUAL(recorder[0].info.Byte1F, 0xCCu);
  MpReleaseProcessContext(context);
}
