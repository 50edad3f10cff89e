// SPDX-License-Identifier: MIT
#include "mp_data.h"

#include <stdexcept>

#include "abi/defender/callback_names.h"
#include "host/ex/callback.h"
#include "host/ob/object.h"
#include "notifications.h"

namespace wdscope::test {

MpDataView::MpDataView(wire::NotifierProfile profile) : older_(is_2019(profile)), bytes_(nullptr) {
  host::CallbackObject* const nri = open_callback(defender::kWdNriNotificationCallback);
  if (!nri) throw std::runtime_error("no Nri callback object");
  if (nri->registered_callbacks.flink != &nri->registered_callbacks) {
    // The link is the registration's first member.
    const auto* const registration =
        reinterpret_cast<const host::CallbackRegistration*>(nri->registered_callbacks.flink);
    bytes_ = static_cast<std::uint8_t*>(registration->context);
  }
  host::ObfDereferenceObject(nri);
  if (!bytes_ || read(0, 0) != (older_ ? 0x0CC0DA00u : 0x1180DA00u)) throw std::runtime_error("no MP_DATA behind Nri");
}

}  // namespace wdscope::test
