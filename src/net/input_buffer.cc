#include "net/input_buffer.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace kw::net {

namespace {
constexpr std::size_t kIdleBytes = 4096;
}

std::span<char> InputBuffer::room() {
  if (empty() && memory_.size() > kIdleBytes) memory_ = {};
  if (memory_.empty()) memory_.resize(std::min(kIdleBytes, most_));
  if (begin_ != 0) move_to_front();
  if (end_ == memory_.size()) memory_.resize(std::min(most_, memory_.size() * 2));
  return std::span(memory_).subspan(end_);
}

void InputBuffer::consume(std::size_t count) {
  KW_CHECK(count <= end_ - begin_);
  wipe(memory_.data() + begin_, count);
  begin_ += count;
  if (begin_ == end_) begin_ = end_ = 0;
}

void InputBuffer::move_to_front() {
  const std::size_t size = end_ - begin_;
  memmove(memory_.data(), memory_.data() + begin_, size);
  wipe(memory_.data() + size, end_ - size);
  begin_ = 0;
  end_ = size;
}

}  // namespace kw::net
