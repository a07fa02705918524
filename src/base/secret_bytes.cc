#include "base/secret_bytes.h"

#include <string.h>

#include <cstring>
#include <utility>

#include "base/secret_arena.h"

namespace kw {

SecretBytes::SecretBytes(std::size_t size) : size_(size), capacity_(size) {
  if (size != 0) data_ = static_cast<std::uint8_t*>(SecretArena::take(size));
}

SecretBytes SecretBytes::copy_of(ByteView bytes) {
  SecretBytes copy(bytes.size());
  if (copy.data_ != nullptr) memcpy(copy.data_, bytes.data(), bytes.size());
  return copy;
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    release();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
  }
  return *this;
}

SecretBytes::~SecretBytes() {
  release();
}

void SecretBytes::release() noexcept {
  if (data_ != nullptr) SecretArena::give_back(data_, capacity_);
  data_ = nullptr;
  size_ = capacity_ = 0;
}

SecretBytes SecretBytes::clone() const {
  return copy_of({data_, size_});
}

void SecretBytes::shrink(std::size_t size) {
  KW_CHECK(size <= size_);
  if (data_ != nullptr) wipe(data_ + size, size_ - size);
  size_ = size;
}

bool equal_constant_time(ByteView a, ByteView b) {
  if (a.size() != b.size()) return false;
  // A volatile sum cannot be left early; words make it short.
  volatile std::uint64_t difference = 0;
  std::size_t i = 0;
  for (std::uint64_t x = 0, y = 0; i + sizeof x <= a.size(); i += sizeof x) {
    std::memcpy(&x, a.data() + i, sizeof x);
    std::memcpy(&y, b.data() + i, sizeof y);
    difference = difference | (x ^ y);
  }
  for (; i < a.size(); ++i) difference = difference | static_cast<std::uint64_t>(a[i] ^ b[i]);
  return difference == 0;
}

bool equal_constant_time(const SecretBytes& a, const SecretBytes& b) {
  return equal_constant_time(a.reveal(Reveal{}), b.reveal(Reveal{}));
}

void wipe(void* data, std::size_t size) noexcept {
  if (size != 0) explicit_bzero(data, size);
}

}  // namespace kw
