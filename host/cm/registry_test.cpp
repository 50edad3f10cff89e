// SPDX-License-Identifier: MIT
#include "host/cm/registry.h"

#include <array>
#include <cstring>

#include "host/ob/handle.h"
#include "host/testing/boot.h"

namespace wdscope::host {
namespace {

class RegistryTest : public testing::MachineTest {
 protected:
  void SetUp() override {
    boot();
    create_service_key("svc", {{"Number", std::uint32_t{7}}, {"Text", std::u16string(u"hi")}});
  }
  void TearDown() override { delete_service_key("svc"); }

  static NtStatus open(std::u16string path, Handle root, Handle* key) {
    UnicodeString name{static_cast<std::uint16_t>(path.size() * 2), static_cast<std::uint16_t>(path.size() * 2),
                       path.data()};
    const ObjectAttributes attributes{sizeof(ObjectAttributes), root, &name, kObjKernelHandle, nullptr, nullptr};
    return ZwOpenKey(key, 0, &attributes);
  }
  static NtStatus query(Handle key, std::u16string value, KeyValueInformationClass info_class, std::span<std::byte> out,
                        Ulong* needed) {
    const UnicodeString name{static_cast<std::uint16_t>(value.size() * 2), static_cast<std::uint16_t>(value.size() * 2),
                             value.data()};
    return ZwQueryValueKey(key, &name, info_class, out.data(), static_cast<Ulong>(out.size()), needed);
  }
};

TEST_F(RegistryTest, KeysAndValuesIgnoreCaseAndOpenRelatively) {
  Handle service = 0, parameters = 0;
  ASSERT_EQ(open(u"\\REGISTRY\\Machine\\system\\CurrentControlSet\\Services\\SVC", 0, &service), kStatusSuccess);
  ASSERT_EQ(open(u"parameters", service, &parameters), kStatusSuccess);
  std::array<std::byte, 16> out{};
  Ulong needed = 0;
  ASSERT_EQ(query(parameters, u"NUMBER", KeyValueInformationClass::Partial, out, &needed), kStatusSuccess);
  Ulong words[4];
  std::memcpy(words, out.data(), sizeof words);
  EXPECT_EQ(words[1], 4U) << "REG_DWORD";
  EXPECT_EQ(words[2], 4U);
  EXPECT_EQ(words[3], 7U);
  EXPECT_EQ(query(parameters, u"None", KeyValueInformationClass::Partial, out, &needed), kStatusObjectNameNotFound);
  EXPECT_EQ(open(u"nothing", service, &service), kStatusObjectNameNotFound);
  ZwClose(parameters);
  ZwClose(service);
}

TEST_F(RegistryTest, ShortBuffersAreTooSmallOrOverflow) {
  Handle key = 0;
  ASSERT_EQ(open(service_key_path("svc") + u"\\Parameters", 0, &key), kStatusSuccess);
  std::array<std::byte, 18> out{};
  Ulong needed = 0;
  EXPECT_EQ(query(key, u"Text", KeyValueInformationClass::Partial, std::span(out).first(11), &needed),
            kStatusBufferTooSmall);
  EXPECT_EQ(needed, 18U);
  EXPECT_EQ(query(key, u"Text", KeyValueInformationClass::Partial, std::span(out).first(14), &needed),
            kStatusBufferOverflow);
  EXPECT_EQ(query(key, u"Text", KeyValueInformationClass::Partial, out, &needed), kStatusSuccess);
  EXPECT_EQ(query(key, u"Text", static_cast<KeyValueInformationClass>(9), out, &needed), kStatusInvalidParameter);
  ZwClose(key);
}

}  // namespace
}  // namespace wdscope::host
