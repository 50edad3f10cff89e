// SPDX-License-Identifier: MIT
// Callback objects: a driver announces something, others registered to hear of it.
//
// The host's own C++ may take part by calling these routines: a captureless `ms_abi` lambda serves as a function.
#pragma once

#include <string>
#include <vector>

#include "host/ex/callback_object.h"
#include "host/machine.h"
#include "host/nt/base.h"
#include "host/nt/ke.h"

namespace wdscope::host {

class LoadedImage;

// Opens the callback object of that name, or makes it if `create` is not 0. *object gets a reference which the caller
// owes ObDereferenceObject; it is untouched on failure. Without OBJ_PERMANENT a new object is nameless by the time this
// returns. PASSIVE_LEVEL. UNSUCCESSFUL: no name. The namespace's statuses: host/ob/namespace.h.
NtStatus NTAPI ExCreateCallback(CallbackObject** object, const ObjectAttributes* attributes, Boolean create,
                                Boolean allow_multiple_callbacks);

// <= APC_LEVEL. Null: no memory, or the object takes one registration and has it. Adds a reference to the object.
CallbackRegistration* NTAPI ExRegisterCallback(CallbackObject* object, CallbackFunction function, void* context);

// <= DISPATCH_LEVEL. Calls every registration in order, on this thread, with no lock held. A null object: nothing.
void NTAPI ExNotifyCallback(CallbackObject* object, void* argument1, void* argument2);

// <= APC_LEVEL. Returns when no call of this registration runs or will; frees it. From inside the registration's own
// function, where Windows would wait for ever, and for what is no registration: bug check.
void NTAPI ExUnregisterCallback(CallbackRegistration* registration);

// The callback functions that the calling thread is inside of, innermost first.
std::vector<CallbackCall> callbacks_in_progress();

// Registrations whose function lies in `image`, as text for a report.
std::vector<std::string> callbacks_left_by(const LoadedImage& image);

// Makes the callback objects that Windows itself has: SetSystemTime, SetSystemState, PowerState, ProcessorAdd.
void start_callbacks();
void shut_down_callbacks();

}  // namespace wdscope::host
