// SPDX-License-Identifier: MIT
#include "host/flt/file_name.h"

#include <string>

#include "host/io/file.h"
#include "host/io/image_file.h"
#include "host/ob/handle.h"
#include "host/testing/boot.h"

namespace wdscope::host {
namespace {

constexpr NtStatus kStatusFileClosed = nt_status(0xC0000128);
const std::u16string kTrueName = u"\\Device\\HarddiskVolume1\\Program Files\\a.exe";
const std::u16string kShortName = u"\\??\\C:\\PROGRA~1\\a.exe";

class FileName : public testing::MachineTest {
 protected:
  void SetUp() override { boot(); }
  void TearDown() override {
    if (file_) dereference_object(file_);
    machine_.reset();
  }
  void open(const ImageOpening& opening) { file_ = create_image_file(opening); }
  // The name as text, or the status in words.
  std::u16string name(Ulong options) {
    FltFileNameInformation* information = nullptr;
    status_ = FltGetFileNameInformationUnsafe(file_, nullptr, options, &information);
    if (!nt_success(status_)) return {};
    std::u16string text(information->name.view());
    volume_ = std::u16string(information->volume.view());
    FltReleaseFileNameInformation(information);
    return text;
  }

  FileObject* file_ = nullptr;
  NtStatus status_ = 0;
  std::u16string volume_;
};

TEST_F(FileName, NormalizedIsTheTrueNameAndOpenedTheOtherOne) {
  open({.path = kTrueName, .opened_as = kShortName});
  EXPECT_EQ(name(kFileNameNormalized | kFileNameQueryDefault), kTrueName);
  EXPECT_EQ(volume_, u"\\Device\\HarddiskVolume1");
  EXPECT_EQ(name(kFileNameOpened | kFileNameQueryDefault), kShortName);
  EXPECT_EQ(file_->file_name.view(), u"\\PROGRA~1\\a.exe");
}

TEST_F(FileName, AnUnnamedDataStreamIsNoPartOfIt) {
  open({.path = kTrueName + u"::$DATA"});
  EXPECT_EQ(name(0x101), kTrueName);
  dereference_object(file_);
  open({.path = kTrueName + u":s:$DATA"});
  EXPECT_EQ(name(0x101), kTrueName + u":s");
}

TEST_F(FileName, IsRefusedForOtherRequests) {
  open({.path = kTrueName});
  for (const Ulong options : {0u, 0x001u, 0x100u, 0x104u, 0x501u}) {
    name(options);
    EXPECT_EQ(status_, kStatusInvalidParameter) << options;
  }
  FltFileNameInformation* information = nullptr;
  EXPECT_EQ(FltGetFileNameInformationUnsafe(nullptr, nullptr, 0x101, &information), kStatusInvalidParameter);
  dereference_object(file_);
  open({.path = kTrueName, .cleaned_up = true});
  name(0x101);
  EXPECT_EQ(status_, kStatusFileClosed);
}

TEST_F(FileName, LivesUntilItsLastRelease) {
  open({.path = kTrueName});
  FltFileNameInformation* information = nullptr;
  ASSERT_EQ(FltGetFileNameInformationUnsafe(file_, nullptr, 0x101, &information), kStatusSuccess);
  FltReferenceFileNameInformation(information);
  FltReleaseFileNameInformation(information);
  EXPECT_EQ(information->name.view(), kTrueName);
  FltReleaseFileNameInformation(information);
}

TEST_F(FileName, ATransactionShowsInItsParameterBlock) {
  open({.path = kTrueName});
  EXPECT_EQ(IoGetTransactionParameterBlock(file_), nullptr);
  dereference_object(file_);
  open({.path = kTrueName, .transacted = true});
  const TxnParameterBlock* block = IoGetTransactionParameterBlock(file_);
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(block->length, 0x10);
  EXPECT_NE(block->transaction_object, nullptr);
}

// The one set of files is the images of the processes that run.
TEST_F(FileName, AnImageCanBeOpenedByEitherName) {
  ProcessStart start;
  start.process_id = 100;
  start.parent_process_id = 4;
  start.image = kTrueName;
  start.opened_as = kShortName;
  ASSERT_EQ(machine_->adopt_process(start), kStatusSuccess);
  const auto open_by = [](std::u16string text, Ulong attributes) {
    UnicodeString unicode{static_cast<std::uint16_t>(text.size() * 2), static_cast<std::uint16_t>(text.size() * 2),
                          text.data()};
    ObjectAttributes object{};
    object.length = sizeof object;
    object.object_name = &unicode;
    object.attributes = attributes;
    IoStatusBlock io_status{};
    Handle handle = 0;
    const NtStatus status = ZwOpenFile(&handle, kGenericRead, &object, &io_status, 7, 0x20);
    if (nt_success(status)) ZwClose(handle);
    return status;
  };
  constexpr std::u16string_view kUpper = u"\\??\\C:\\PROGRA~1\\A.EXE";
  EXPECT_EQ(open_by(kTrueName, kObjKernelHandle), kStatusSuccess);
  EXPECT_EQ(open_by(std::u16string(kUpper), kObjKernelHandle | kObjCaseInsensitive), kStatusSuccess);
  EXPECT_EQ(open_by(std::u16string(kUpper), kObjKernelHandle), kStatusObjectNameNotFound);
  EXPECT_EQ(open_by(u"\\Device\\HarddiskVolume1\\b.exe", kObjKernelHandle), kStatusObjectNameNotFound);
  EXPECT_EQ(open_by(u"", kObjKernelHandle), kStatusInvalidParameter);
}

}  // namespace
}  // namespace wdscope::host
