// Tells whether a key was forgotten while it was being loaded, so that a cache never keeps what was
// read before a change. Lock-free, thread-safe. Ids share 4,096 marks: a shared mark only costs a
// reload.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/id.h"

namespace kw::keys {

class ForgetClock {
 public:
  using Ticket = std::uint64_t;

  /// Take it before reading the store.
  Ticket ticket() const { return now_.load(); }
  /// To be called before the caches erase: then a loader either sees the mark or is erased after
  /// it.
  void mark(const KeyId& id) { raise(marks_[slot(id)], ++now_); }
  void mark_all() { raise(all_, ++now_); }
  /// A key changed that nobody has to forget: what was made of several keys is out of date.
  void tick() { ++now_; }
  bool forgotten_since(const KeyId& id, Ticket ticket) const {
    return marks_[slot(id)].load() > ticket || all_.load() > ticket;
  }
  bool all_forgotten_since(Ticket ticket) const { return all_.load() > ticket; }

 private:
  static constexpr std::size_t kMarks = 4096;
  static std::size_t slot(const KeyId& id) { return std::hash<KeyId>{}(id) % kMarks; }
  static void raise(std::atomic<std::uint64_t>& mark, std::uint64_t to) {
    std::uint64_t seen = mark.load();
    while (seen < to && !mark.compare_exchange_weak(seen, to)) {
    }
  }

  std::atomic<std::uint64_t> now_{0};
  std::atomic<std::uint64_t> all_{0};
  std::array<std::atomic<std::uint64_t>, kMarks> marks_{};
};

}  // namespace kw::keys
