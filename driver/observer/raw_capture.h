// SPDX-License-Identifier: MIT
// A raw capture (abi/wire/raw_capture.h) and what it needs: a ring of its own, buffers to build records in, and NT's
// word of process starts. All of it is made when the first capture begins, so that an observer which never captures
// holds nothing.
//
// Two sides meet here. Requests (begin, end, read, close) take turns and may wait. The callback and the process-notify
// routine only look at `active_`, take a free buffer or go without, and publish; they never wait for a request. Memory
// that they may touch is freed by stop() alone, when no notification can run any more.
#pragma once

#include <atomic>
#include <cstdint>

#include "abi/wire/raw_capture.h"
#include "kit/event_ring.h"
#include "kit/pool.h"
#include "observer/reader.h"

namespace wdscope::observer {

class RawCapture {
 public:
  RawCapture();
  ~RawCapture() { stop(); }
  RawCapture(const RawCapture&) = delete;
  RawCapture& operator=(const RawCapture&) = delete;

  // The requests of the contract; `client` is the reader of the handle `owner`. PASSIVE_LEVEL.
  [[nodiscard]] NTSTATUS begin(PFILE_OBJECT owner, const Reader& client, const wire::RawStartRequest& request);
  [[nodiscard]] NTSTATUS end(PFILE_OBJECT owner, wire::RawTotals& totals);
  Reader::Filled read(PFILE_OBJECT owner, void* output, std::size_t output_size);
  // The handle is closing: its capture, if it has one, is over. After Reader::close(). PASSIVE_LEVEL.
  void close(PFILE_OBJECT owner);
  // Unregisters and frees. No notification may be running any more. PASSIVE_LEVEL.
  void stop();

  // A notification with the record that was published for it. IRQL <= DISPATCH_LEVEL; costs one look while no capture
  // is going on.
  void add(const void* argument, const std::uint64_t* event) {
    if (active_.load(std::memory_order_relaxed)) capture(argument, event);
  }

 private:
  class Turn;
  class Buffer;
  static VOID NTAPI process_started(PEPROCESS process, HANDLE process_id, PPS_CREATE_NOTIFY_INFO create_info);

  [[nodiscard]] NTSTATUS allocate();
  void finish();
  void listen_to_nt();
  void capture(const void* argument, const std::uint64_t* event);
  void capture_start(PEPROCESS process, HANDLE process_id, const PS_CREATE_NOTIFY_INFO& create_info);
  // Whether the capture goes on; ends it when its time is over.
  bool in_time();
  void stop_because(wire::RawEnd reason);

  static constexpr std::size_t kRingSize = 4 * 1024 * 1024;
  static constexpr std::uint32_t kBufferCount = 4;

  KEVENT turn_{};
  // Under the turn.
  PFILE_OBJECT owner_ = nullptr;
  kit::PoolObject<Reader, kit::tag::Reader> reader_;
  bool ring_ready_ = false;
  bool listening_ = false;
  NTSTATUS listening_status_ = STATUS_SUCCESS;

  // Made once, before active_ is first set.
  kit::EventRing ring_;
  kit::PoolBytes buffers_;

  std::atomic<bool> active_{false};
  std::atomic<wire::RawEnd> ended_{wire::RawEnd::Asked};
  std::atomic<std::uint64_t> deadline_100ns_{0};  // interrupt time
  std::atomic<std::int64_t> remaining_{0};
  std::atomic<std::uint32_t> free_buffers_{(1u << kBufferCount) - 1};
  std::atomic<std::uint64_t> notifications_{0};
  std::atomic<std::uint64_t> starts_{0};
  std::atomic<std::uint64_t> dropped_busy_{0};
  std::atomic<std::uint64_t> dropped_too_long_{0};
};

}  // namespace wdscope::observer
