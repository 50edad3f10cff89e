// SPDX-License-Identifier: MIT
// A real driver file, damaged in each way that a loader must survive.
#include "host/image/pe_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "host/image/unwind.h"
#include "host/testing/boot.h"

namespace wdscope::host {
namespace {

class PeFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    bytes_ = testing::driver_file("host_device_driver");
    ASSERT_GT(bytes_.size(), 4096U);
  }

  template <class T>
  T get(std::size_t offset) const {
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }
  template <class T>
  void put(std::size_t offset, T value) {
    std::memcpy(bytes_.data() + offset, &value, sizeof(T));
  }

  std::size_t coff() const { return get<std::uint32_t>(0x3C) + 4; }
  std::size_t optional() const { return coff() + 20; }
  std::size_t directory(unsigned index) const { return optional() + 112 + index * 8; }
  std::size_t section(unsigned index) const { return optional() + get<std::uint16_t>(coff() + 16) + index * 40; }

  // Where an RVA is in the file.
  std::size_t offset_of(std::uint32_t rva) const {
    for (unsigned i = 0; i < get<std::uint16_t>(coff() + 2); ++i) {
      const auto start = get<std::uint32_t>(section(i) + 12);
      if (rva >= start && rva - start < get<std::uint32_t>(section(i) + 16)) {
        return get<std::uint32_t>(section(i) + 20) + rva - start;
      }
    }
    ADD_FAILURE() << "RVA " << rva << " is in no section";
    return 0;
  }

  void expect_refusal(const std::string& words) const {
    const auto parsed = parse_pe(bytes_);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().status, kStatusInvalidImageFormat);
    EXPECT_NE(parsed.error().message.find(words), std::string::npos) << parsed.error().message;
  }

  std::vector<std::byte> bytes_;
};

TEST_F(PeFileTest, ADriverIsReadWhole) {
  const auto parsed = parse_pe(bytes_);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_TRUE(std::ranges::any_of(parsed->imports, [](const PeImport& i) { return i.name == "IoCreateDevice"; }));
  EXPECT_TRUE(std::ranges::any_of(parsed->symbols, [](const PeName& s) { return s.name == "DriverEntry"; }));
  EXPECT_FALSE(parsed->functions.empty());
  EXPECT_TRUE(make_frame_information(*parsed, nullptr));
}

TEST_F(PeFileTest, EveryTruncationOfTheHeadersIsRefused) {
  const std::size_t headers = section(get<std::uint16_t>(coff() + 2));
  for (std::size_t size = 0; size < headers; ++size) {
    const auto parsed = parse_pe(std::span(bytes_).first(size));
    ASSERT_FALSE(parsed) << size;
    EXPECT_EQ(parsed.error().status, kStatusInvalidImageFormat);
  }
}

TEST_F(PeFileTest, ATruncatedSectionIsRefused) {
  bytes_.resize(get<std::uint32_t>(section(0) + 20) + 1);
  expect_refusal("runs past the end of the file");
}

TEST_F(PeFileTest, OtherMachinesAndSubsystemsAreRefused) {
  put<std::uint16_t>(coff(), 0x14C);
  expect_refusal("is not x64");
  put<std::uint16_t>(coff(), 0x8664);
  put<std::uint16_t>(optional() + 68, 3);
  expect_refusal("subsystem 3");
}

TEST_F(PeFileTest, AWritableAndExecutableSectionIsRefused) {
  put<std::uint32_t>(section(0) + 36, 0xE000'0020);
  expect_refusal("both writable and executable");
}

TEST_F(PeFileTest, OverlappingAndOutlyingSectionsAreRefused) {
  const auto rva = get<std::uint32_t>(section(1) + 12);
  put<std::uint32_t>(section(1) + 12, get<std::uint32_t>(section(0) + 12));
  expect_refusal("overlaps what stands before it");
  put<std::uint32_t>(section(1) + 12, rva);
  put<std::uint32_t>(section(1) + 8, 0xFFFF'F000);
  expect_refusal("outside the image");
}

TEST_F(PeFileTest, AnEntryPointOutsideCodeIsRefused) {
  put<std::uint32_t>(optional() + 16, 0);
  expect_refusal("entry point");
}

TEST_F(PeFileTest, StrippedRelocationsAreRefused) {
  put<std::uint16_t>(coff() + 18, get<std::uint16_t>(coff() + 18) | 1);
  expect_refusal("relocations are stripped");
}

TEST_F(PeFileTest, WildImportsAreRefused) {
  put<std::uint32_t>(directory(1), 0xFFFF'FFF0);
  expect_refusal("an import descriptor");
}

TEST_F(PeFileTest, AnImportByOrdinalIsRefused) {
  const std::size_t descriptor = offset_of(get<std::uint32_t>(directory(1)));
  put<std::uint64_t>(offset_of(get<std::uint32_t>(descriptor)), 0x8000'0000'0000'0005);
  expect_refusal("is by ordinal 5");
}

TEST_F(PeFileTest, AFunctionEntryThatEndsBeforeItBeginsIsRefused) {
  const std::size_t entry = offset_of(get<std::uint32_t>(directory(3)));
  put<std::uint32_t>(entry + 4, get<std::uint32_t>(entry) - 1);
  expect_refusal("function entry");
}

TEST_F(PeFileTest, NoFlippedByteOfTheHeadersBreaksTheParser) {
  const std::size_t headers = section(get<std::uint16_t>(coff() + 2));
  for (std::size_t at = 0; at < headers; ++at) {
    for (const unsigned flip : {0x01U, 0x80U, 0xFFU}) {
      const std::byte before = bytes_[at];
      bytes_[at] ^= static_cast<std::byte>(flip);
      if (const auto parsed = parse_pe(bytes_)) make_frame_information(*parsed, nullptr);
      bytes_[at] = before;
    }
  }
}

}  // namespace
}  // namespace wdscope::host
