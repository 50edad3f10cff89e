// SPDX-License-Identifier: MIT
// Memory descriptor lists as the I/O manager makes them. The host's drivers see the caller's memory itself: locking a
// buffer means no more than describing it.
#pragma once

#include <span>

#include "host/nt/io.h"
#include "host/nt/mm.h"

namespace wdscope::host {

enum class BufferUse : std::uint8_t { Read, Write };

// An MDL over a caller's buffer, its pages locked. Null: no memory. unlock_user_buffer() also frees it.
Mdl* lock_user_buffer(std::span<std::byte> buffer, BufferUse use);
void unlock_user_buffer(Mdl* mdl);

// Null: no memory, or `length` is too long for an MDL. With an IRP, the MDL becomes or joins its list. One that a
// driver does not free is found at its unload as pool with the tag 'Mdl '.
Mdl* NTAPI IoAllocateMdl(void* address, Ulong length, Boolean secondary, Boolean charge_quota, Irp* irp);
void NTAPI IoFreeMdl(Mdl* mdl);  // bug check 0xC4 while its pages are locked

}  // namespace wdscope::host
