// SPDX-License-Identifier: MIT
// Pool memory with an owner: what is allocated here is freed when the owner goes, so that an early return is safe.
#pragma once

#include <cstddef>
#include <new>
#include <utility>

#include "kit/nt.h"
#include "kit/pool_tags.h"

namespace wdscope::kit {

enum class Pool { NonPaged, Paged };  // nonpaged memory is never executable

// `size` zeroed bytes, or null when the pool is exhausted or size is 0. Free with ExFreePoolWithTag.
// IRQL: <= APC_LEVEL for Paged, <= DISPATCH_LEVEL for NonPaged.
[[nodiscard]] inline void* allocate_zeroed(Pool pool, std::size_t size, ULONG tag) {
  if (size == 0) return nullptr;
  void* const memory =
      ExAllocatePoolWithTag(pool == Pool::Paged ? PagedPool : static_cast<POOL_TYPE>(NonPagedPoolNx), size, tag);
  if (memory != nullptr) RtlZeroMemory(memory, size);
  return memory;
}

// Owns a block of bytes. Destroy it at the IRQL its pool demands.
class PoolBytes {
 public:
  PoolBytes() = default;
  ~PoolBytes() { reset(); }
  PoolBytes(PoolBytes&& other) noexcept
      : memory_(std::exchange(other.memory_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        tag_(std::exchange(other.tag_, 0)) {}
  PoolBytes& operator=(PoolBytes&& other) noexcept {
    if (this != &other) {
      reset();
      memory_ = std::exchange(other.memory_, nullptr);
      size_ = std::exchange(other.size_, 0);
      tag_ = std::exchange(other.tag_, 0);
    }
    return *this;
  }
  PoolBytes(const PoolBytes&) = delete;
  PoolBytes& operator=(const PoolBytes&) = delete;

  // Replaces what was owned by `size` zeroed bytes. STATUS_INSUFFICIENT_RESOURCES leaves it as it was.
  [[nodiscard]] NTSTATUS allocate(Pool pool, std::size_t size, ULONG tag) {
    void* const memory = allocate_zeroed(pool, size, tag);
    if (memory == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
    reset();
    memory_ = memory;
    size_ = size;
    tag_ = tag;
    return STATUS_SUCCESS;
  }

  void reset() {
    if (memory_ != nullptr) ExFreePoolWithTag(std::exchange(memory_, nullptr), tag_);
    size_ = 0;
  }

  void* data() const { return memory_; }
  template <class T>
  T* as() const {
    return static_cast<T*>(memory_);
  }
  std::size_t size() const { return size_; }
  explicit operator bool() const { return memory_ != nullptr; }

 private:
  void* memory_ = nullptr;
  std::size_t size_ = 0;
  ULONG tag_ = 0;
};

// Owns one T in nonpaged pool.
template <class T, ULONG kTag>
class PoolObject {
 public:
  PoolObject() = default;
  ~PoolObject() { reset(); }
  PoolObject(PoolObject&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  PoolObject(const PoolObject&) = delete;
  PoolObject& operator=(const PoolObject&) = delete;
  PoolObject& operator=(PoolObject&&) = delete;

  // Makes the object over zeroed memory; STATUS_INSUFFICIENT_RESOURCES. Only while empty. IRQL <= DISPATCH_LEVEL.
  template <class... Arguments>
  [[nodiscard]] NTSTATUS create(Arguments&&... arguments) {
    static_assert(alignof(T) <= 16, "the pool aligns to 16 bytes");
    void* const memory = allocate_zeroed(Pool::NonPaged, sizeof(T), kTag);
    if (memory == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
    object_ = new (memory) T(std::forward<Arguments>(arguments)...);
    return STATUS_SUCCESS;
  }

  void reset() {
    if (object_ == nullptr) return;
    T* const object = std::exchange(object_, nullptr);
    object->~T();
    ExFreePoolWithTag(object, kTag);
  }

  // Gives the object up; take it back with adopt().
  [[nodiscard]] T* release() { return std::exchange(object_, nullptr); }
  [[nodiscard]] static PoolObject adopt(T* object) {
    PoolObject owner;
    owner.object_ = object;
    return owner;
  }

  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

}  // namespace wdscope::kit
