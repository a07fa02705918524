// The bytes that a connection received and did not use yet. They may hold tokens: what is used up
// is wiped.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "base/secret_bytes.h"

namespace kw::net {

/// A queue of bytes in one piece of memory. Small while idle, never larger than `most` bytes. Not
/// thread-safe.
class InputBuffer {
 public:
  explicit InputBuffer(std::size_t most) : most_(most) {}

  std::string_view data() const { return {memory_.data() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  bool full() const { return end_ - begin_ == most_; }
  /// Free memory behind the data, at least one byte unless full(). Views of data() end here.
  std::span<char> room();
  /// The first `count` bytes of room() now hold data.
  void filled(std::size_t count) { end_ += count; }
  /// Wipes and forgets the first `count` bytes of data(). Views of the rest stay.
  void consume(std::size_t count);

 private:
  void move_to_front();

  std::size_t most_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::vector<char, WipingAllocator<char>> memory_;
};

}  // namespace kw::net
