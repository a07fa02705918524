// SecretBytes: key material, shares, tokens, passwords. Move-only; lives in the SecretArena; wiped
// when it dies.
//
// It has no ==, no stream, no format and no JSON form; a test proves that such code does not
// compile. Thread-safety: as a std::vector.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/reveal.h"

namespace kw {

class SecretBytes {
 public:
  /// No bytes.
  SecretBytes() = default;
  /// `size` zero bytes, to be filled through reveal_mutable.
  explicit SecretBytes(std::size_t size);
  /// A copy of `bytes`; the caller still has to wipe its own copy.
  static SecretBytes copy_of(ByteView bytes);

  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes();

  bool operator==(const SecretBytes&) const = delete;

  /// A second copy, spelled out.
  SecretBytes clone() const;
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// Wipes the tail; `size` must not exceed size().
  void shrink(std::size_t size);

  /// The bytes, borrowed while this object lives.
  ByteView reveal(const Reveal&) const { return {data_, size_}; }
  std::span<std::uint8_t> reveal_mutable(const Reveal&) { return {data_, size_}; }

 private:
  void release() noexcept;

  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// Compares without telling by time where the first difference is. Lengths are not secret.
bool equal_constant_time(ByteView a, ByteView b);
bool equal_constant_time(const SecretBytes& a, const SecretBytes& b);

/// Overwrites memory in a way that the compiler keeps.
void wipe(void* data, std::size_t size) noexcept;

/// An allocator that wipes what it frees; for request bodies and other buffers that may hold
/// secrets.
template <typename T>
struct WipingAllocator {
  using value_type = T;
  WipingAllocator() = default;
  template <typename U>
  WipingAllocator(const WipingAllocator<U>&) noexcept {}  // NOLINT(*-explicit-*)
  T* allocate(std::size_t n) { return std::allocator<T>{}.allocate(n); }
  void deallocate(T* p, std::size_t n) noexcept {
    wipe(p, n * sizeof(T));
    std::allocator<T>{}.deallocate(p, n);
  }
  bool operator==(const WipingAllocator&) const = default;
};

/// Plaintext in transit: ordinary memory, wiped when freed.
using WipedBytes = std::vector<std::uint8_t, WipingAllocator<std::uint8_t>>;
/// As WipedBytes, for text such as response bodies. Short texts do not stay in the object itself
/// unwiped: call wipe_text before it dies when it holds secrets.
using WipedText = std::basic_string<char, std::char_traits<char>, WipingAllocator<char>>;

}  // namespace kw
