#include "agent/stagger.h"

#include "base/bytes.h"
#include "crypto/digest.h"

namespace kw::agent {

std::chrono::milliseconds stagger(std::string_view consumer, std::string_view instance,
                                  std::string_view application, std::chrono::milliseconds most) {
  if (most.count() <= 0) return std::chrono::milliseconds(0);
  const Bytes named = ByteWriter().field(consumer).field(instance).field(application).bytes();
  const crypto::Digest256 hash = crypto::sha256(named);
  std::uint64_t head = 0;
  for (std::size_t i = 0; i < 8; ++i) head = head << 8 | hash[i];
  return std::chrono::milliseconds(head % static_cast<std::uint64_t>(most.count() + 1));
}

}  // namespace kw::agent
