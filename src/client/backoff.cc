#include "client/backoff.h"

#include <array>
#include <cstring>

#include "crypto/random.h"

namespace kw::client {

namespace {
constexpr int kDoublingsMax = 20;
}  // namespace

std::chrono::milliseconds Backoff::next() {
  const std::int64_t grown = first_.count() << std::min(tries_, kDoublingsMax);
  const std::int64_t ceiling = std::min<std::int64_t>(most_.count(), grown);
  ++tries_;
  std::array<std::uint8_t, 8> bytes{};
  crypto::random_public(bytes);
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  return std::chrono::milliseconds(number % static_cast<std::uint64_t>(ceiling + 1));
}

}  // namespace kw::client
