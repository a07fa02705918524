// What an AccessLog holds; shared by its source files only.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "audit/access_log.h"
#include "audit/access_writer.h"
#include "audit/reserve.h"

namespace kw::audit {

struct AccessLog::State {
  State(Options log_options, const Clock& log_clock, std::string log_folder)
      : options(std::move(log_options)),
        clock(log_clock),
        folder(std::move(log_folder)),
        reserve(folder + "/reserve", options.reserve_bytes) {}

  // Callers' side.
  Status enqueue(std::string_view leaf, Outcome outcome, Durable& durable);
  Group& open_group();

  // The log's thread.
  void run();
  std::unique_ptr<Group> next_group();
  void flush(Group& group);
  Status write_or_use_reserve(const Group& group, std::size_t& done);
  void watch();
  void fail(const Error& cause);
  void publish();

  const Options options;
  const Clock& clock;
  const std::string folder;
  Descriptor lock;
  Reserve reserve;
  std::unique_ptr<AccessWriter> writer;  // the log's thread, once that runs

  mutable std::mutex queue_mutex;
  std::condition_variable wake;
  std::deque<std::unique_ptr<Group>> queue;
  std::vector<std::unique_ptr<Group>> spare;  // their buffers are used again
  std::size_t queued = 0;
  std::size_t queued_bytes = 0;
  std::size_t wake_at = 0;  // the log's thread sleeps until so many are queued; 0: it is awake
  bool stopping = false;
  std::size_t last_group = 0;  // the log's thread
  SteadyTime last_watch{};     // the log's thread

  std::atomic<bool> failed{false};
  std::atomic<bool> full{false};
  std::atomic<std::uint64_t> durable_size{0};

  mutable std::mutex head_mutex;
  Frontier durable_frontier;                         // guarded by head_mutex
  std::string failure;                               // guarded by head_mutex
  std::shared_ptr<const crypto::SigningKey> signer;  // guarded by head_mutex

  std::mutex checkpoint_mutex;
  std::string newest_note;    // guarded by checkpoint_mutex
  bool notes_torn = false;    // guarded by checkpoint_mutex: part of a note may follow the last one
  bool vkey_written = false;  // guarded by checkpoint_mutex
  std::atomic<std::uint64_t> anchored_size{0};  // written under checkpoint_mutex

  mutable std::mutex read_mutex;
  mutable std::uint64_t read_index = 0;   // guarded by read_mutex: where the last read ended
  mutable std::uint64_t read_offset = 0;  // guarded by read_mutex

  std::thread thread;
};

/// kUnavailable(audit_unavailable)
Error audit_unavailable(std::string_view why);

}  // namespace kw::audit
