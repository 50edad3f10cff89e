// SPDX-License-Identifier: MIT
#include "sink/recording_folder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>

#include "capture/recording_source.h"
#include "event/record_builder.h"

namespace wdscope {
namespace {

namespace fs = std::filesystem;

class Folder : public testing::Test {
 protected:
  Folder() : path_(fs::path(testing::TempDir()) / ("folder" + std::to_string(std::random_device{}()))) {}
  ~Folder() override { fs::remove_all(path_); }

  std::vector<fs::path> files() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(path_)) found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
  }
  static std::vector<std::byte> record(std::uint64_t sequence) {
    std::vector<std::byte> bytes;
    RecordBuilder::typical_create(sequence).append_to(bytes);
    return bytes;
  }
  // The sequences that the folder's files hold, in the order of their names.
  std::vector<std::uint64_t> sequences() const {
    std::vector<std::uint64_t> found;
    for (const fs::path& file : files()) {
      auto source = RecordingSource::open(file);
      EXPECT_TRUE(source) << source.error().what;
      for (;;) {
        const auto batch = (*source)->next(std::chrono::milliseconds(0));
        EXPECT_TRUE(batch) << batch.error().what;
        if (!batch || batch->state != Batch::State::Records) break;
        for (std::size_t at = 0; at < batch->records.size();) {
          const auto* header = reinterpret_cast<const wire::RecordHeader*>(batch->records.data() + at);
          found.push_back(header->sequence);
          at += header->size;
        }
      }
    }
    return found;
  }

  fs::path path_;
};

TEST_F(Folder, ANewFileBeginsWhenTheLastHasItsSize) {
  const std::size_t size = record(0).size();
  auto folder = RecordingFolder::create(path_, {}, {.file_size = 2 * size, .file_count = 10});
  ASSERT_TRUE(folder) << folder.error().what;
  for (std::uint64_t i = 0; i < 5; ++i) ASSERT_TRUE((*folder)->write(record(i)));
  ASSERT_TRUE((*folder)->close());
  EXPECT_EQ(files().size(), 3u);
  EXPECT_EQ(sequences(), (std::vector<std::uint64_t>{0, 1, 2, 3, 4}));
}

TEST_F(Folder, TheOldestGoesWhenThereAreTooMany) {
  auto folder = RecordingFolder::create(path_, {}, {.file_size = 1, .file_count = 2});
  ASSERT_TRUE(folder) << folder.error().what;
  for (std::uint64_t i = 0; i < 4; ++i) ASSERT_TRUE((*folder)->write(record(i)));
  ASSERT_TRUE((*folder)->close());
  EXPECT_EQ(sequences(), (std::vector<std::uint64_t>{2, 3}));
  EXPECT_EQ((*folder)->left_over(), 0u);
}

TEST_F(Folder, AnotherProgramsFilesStay) {
  fs::create_directories(path_);
  std::ofstream(path_ / "a.wdrec") << "mine";
  std::ofstream(path_ / "wdscope-notes.txt") << "mine";
  auto folder = RecordingFolder::create(path_, {}, {.file_size = 1, .file_count = 1});
  ASSERT_TRUE(folder) << folder.error().what;
  for (std::uint64_t i = 0; i < 3; ++i) ASSERT_TRUE((*folder)->write(record(i)));
  ASSERT_TRUE((*folder)->close());
  EXPECT_TRUE(fs::exists(path_ / "a.wdrec"));
  EXPECT_TRUE(fs::exists(path_ / "wdscope-notes.txt"));
  EXPECT_EQ(files().size(), 3u);
}

TEST_F(Folder, AnotherRunGoesOnWithWhatIsThere) {
  for (std::uint64_t run = 0; run < 3; ++run) {
    auto folder = RecordingFolder::create(path_, {}, {.file_size = 1 << 20, .file_count = 2});
    ASSERT_TRUE(folder) << folder.error().what;
    ASSERT_TRUE((*folder)->write(record(run)));
    ASSERT_TRUE((*folder)->close());
  }
  EXPECT_EQ(sequences().size(), 2u);
}

TEST_F(Folder, WhereNoneCanBeMadeItIsRefused) {
  std::ofstream(path_) << "a file";
  const auto folder = RecordingFolder::create(path_ / "below", {}, {});
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, ErrorCode::OutputFailed);
  EXPECT_NE(folder.error().what.find("cannot make the folder"), std::string::npos);
}

}  // namespace
}  // namespace wdscope
