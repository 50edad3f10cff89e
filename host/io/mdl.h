// SPDX-License-Identifier: MIT
// Memory descriptor lists as the I/O manager makes them. The host's drivers see the caller's memory itself: locking a
// buffer means no more than describing it.
#pragma once

#include <span>

#include "host/nt/io.h"
#include "host/nt/mm.h"

namespace wdscope::host {

enum class BufferUse : std::uint8_t { Read, Write };

// An MDL over a caller's buffer, its pages locked. Null: no memory. Free with IoFreeMdl.
Mdl* lock_user_buffer(std::span<std::byte> buffer, BufferUse use);

// Null: no memory, or `length` is too long for an MDL. With an IRP, the MDL becomes or joins its list.
Mdl* NTAPI IoAllocateMdl(void* address, Ulong length, Boolean secondary, Boolean charge_quota, Irp* irp);
void NTAPI IoFreeMdl(Mdl* mdl);

}  // namespace wdscope::host
