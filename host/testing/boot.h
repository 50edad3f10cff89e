// SPDX-License-Identifier: MIT
// What the host's own end-to-end tests share: a machine, and the test drivers loaded into it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "host/machine.h"
#include "host/testing/driver_image.h"

namespace wdscope::host::testing {

inline std::vector<std::byte> driver_file(const std::string& name) {
  return driver_image(name + ".sys");
}

// A machine for the length of a test.
class MachineTest : public ::testing::Test {
 protected:
  void boot(MachineOptions options = {}) {
    auto booted = Machine::boot(std::move(options));
    ASSERT_TRUE(booted) << booted.error().message;
    machine_ = std::move(*booted);
  }

  LoadedDriver* load(const std::string& name, std::map<std::string, RegistryValue> parameters = {}) {
    auto loaded = machine_->load(driver_file(name), {name, std::move(parameters)});
    EXPECT_TRUE(loaded) << loaded.error().message;
    return loaded ? *loaded : nullptr;
  }

  std::unique_ptr<DeviceFile> open(std::string_view name, Access access = Access::ReadWrite,
                                   Account account = Account::Administrator) {
    auto opened = machine_->open(name, access, account);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? std::move(*opened) : nullptr;
  }

  std::unique_ptr<Machine> machine_;
};

template <class T>
std::span<std::byte> bytes_of(T& value) {
  return std::as_writable_bytes(std::span(&value, 1));
}

}  // namespace wdscope::host::testing
