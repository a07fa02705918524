// Reads and re-wraps ranges of cells in threads of its own, a little ahead of whoever writes them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "seal/barrier.h"
#include "store/store.h"

namespace kw::keys {

inline constexpr std::string_view kSealedCells = "sealed_cell";

/// The cells of a range of ids, re-wrapped and ready to be written. Its memory serves the next one.
struct Slice {
  std::int64_t end = 0;                    ///< the last id of the range
  std::vector<store::Cell> cells;          ///< as read
  Bytes fresh;                             ///< the re-wrapped cells, one after the other
  std::vector<store::CellUpdate> updates;  ///< borrow from `fresh`
  Status outcome = ok();
  std::int64_t bad_cell = 0;  ///< when it is not good
};

/// One thread for each cipher; ranges come back in the order of their ids. Its calls are for one
/// thread. The threads have the niceness of the one that makes them.
class RewrapAhead {
 public:
  /// Of the ids above `begin`, up to `last`.
  RewrapAhead(store::Store& store, std::vector<seal::KekCipher> ciphers, std::int64_t begin,
              std::int64_t last);
  ~RewrapAhead();  ///< waits for the ranges that are being read
  RewrapAhead(const RewrapAhead&) = delete;
  RewrapAhead& operator=(const RewrapAhead&) = delete;

  /// Nothing is under way, and nothing is left to begin.
  bool done() const { return under_way_.empty() && begin_ >= last_; }
  /// Begins ranges of so many ids, until so many are under way.
  void fill(std::size_t ids, std::size_t ranges);
  /// The oldest range, when it is ready. Not when nothing is under way.
  Slice next();
  void give_back(Slice slice) { spare_.push_back(std::move(slice)); }

 private:
  struct Range {
    std::int64_t begin = 0;
    Slice slice;
    bool ready = false;
  };

  Slice spare();
  void work(seal::KekCipher& cipher);
  void read(seal::KekCipher& cipher, Range& range);

  store::Store& store_;
  std::vector<seal::KekCipher> ciphers_;
  std::int64_t begin_;
  const std::int64_t last_;
  std::deque<std::unique_ptr<Range>> under_way_;  // in order
  std::vector<Slice> spare_;
  std::mutex mutex_;
  std::condition_variable wanted_, ready_;
  std::deque<Range*> unread_;  // of those under way
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace kw::keys
