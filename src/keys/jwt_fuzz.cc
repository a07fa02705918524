// Tokens come from anybody: any text is refused or is taken apart into parts that it has.
#include <cstdlib>

#include "keys/jwt.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto token = kw::keys::parse_token(text);
  if (!token) return 0;
  if (text.size() > kw::keys::kTokenBytesMax || token->kid.empty() || token->algorithm.empty())
    std::abort();
  if (token->input.data() != text.data() || text.at(token->input.size()) != '.') std::abort();
  return 0;
}
