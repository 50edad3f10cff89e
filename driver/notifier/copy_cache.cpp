// SPDX-License-Identifier: MIT
#include "notifier/copy_cache.h"

#include <utility>

#include "notifier/lookaside.h"
#include "notifier/pool_tag.h"

namespace wdscope::notifier {
namespace {

PAGED_LOOKASIDE_LIST caches;
bool started;  // written by start and stop alone

}  // namespace

void start_copy_caches() {
  ExInitializePagedLookasideList(&caches, nullptr, nullptr, 0, kCopyCacheSize, pool_tag::kCopyCache, 0);
  started = true;
}

void stop_copy_caches() {
  if (std::exchange(started, false)) ExDeletePagedLookasideList(&caches);
}

NTSTATUS create_copy_cache(defender::MP_PROCESS_CONTEXT_25080* context) {
  void* const cache = allocate_from(&caches);
  if (!cache) return STATUS_INSUFFICIENT_RESOURCES;
  RtlZeroMemory(cache, kCopyCacheSize);
  context->CopyCache = as_address(cache);
  return STATUS_SUCCESS;
}

void free_copy_cache(defender::MP_PROCESS_CONTEXT_25080* context) {
  if (context->CopyCache) free_to(&caches, as_pointer<void>(context->CopyCache));
  context->CopyCache = 0;
}

}  // namespace wdscope::notifier
