#include "seal/shamir.h"

#include "base/reveal.h"
#include "crypto/random.h"
#include "seal/gf256.h"

namespace kw::seal {

namespace {

Error bad_share() {
  return error(Code::kInvalidArgument, "bad_share",
               "shares must have distinct indexes from 1 and equal sizes");
}

Status check_set(const std::vector<Share>& shares) {
  if (shares.empty() || shares.size() > 255) return bad_share();
  bool seen[256] = {true};  // x = 0 is the secret itself
  for (const Share& share : shares) {
    const bool sized = !share.value.empty() && share.value.size() == shares.front().value.size();
    if (!sized || seen[share.index]) return bad_share();
    seen[share.index] = true;
  }
  return ok();
}

// Lagrange's basis polynomial of shares[which] at x = 0.
std::uint8_t basis_at_zero(const std::vector<Share>& shares, std::size_t which) {
  const std::uint8_t own = shares[which].index;
  std::uint8_t basis = 1;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (i == which) continue;
    const std::uint8_t x = shares[i].index;
    basis = gf256::multiply(basis, gf256::multiply(x, gf256::invert(x ^ own)));
  }
  return basis;
}

}  // namespace

Result<std::vector<Share>> split(const SecretBytes& secret, int shares, int threshold) {
  if (secret.empty() || shares < 1 || shares > 255 || threshold < 1 || threshold > shares)
    return error(Code::kInvalidArgument, "bad_threshold",
                 "the threshold must be between 1 and the number of shares");
  const std::size_t size = secret.size();
  const std::size_t degree = static_cast<std::size_t>(threshold) - 1;
  // Row d holds the coefficients of x^(d+1), one per byte of the secret.
  const SecretBytes drawn = degree == 0 ? SecretBytes() : crypto::random_secret(degree * size);
  const ByteView coefficients = drawn.reveal(Reveal{});
  const ByteView constant = secret.reveal(Reveal{});

  std::vector<Share> made;
  made.reserve(static_cast<std::size_t>(shares));
  for (int index = 1; index <= shares; ++index) {
    Share share{static_cast<std::uint8_t>(index), SecretBytes(size)};
    const auto value = share.value.reveal_mutable(Reveal{});
    for (std::size_t row = degree; row-- > 0;)
      for (std::size_t i = 0; i < size; ++i)
        value[i] = gf256::multiply(value[i] ^ coefficients[row * size + i], share.index);
    for (std::size_t i = 0; i < size; ++i) value[i] ^= constant[i];
    made.push_back(std::move(share));
  }
  return made;
}

Result<SecretBytes> combine(const std::vector<Share>& shares) {
  KW_OK(check_set(shares));
  SecretBytes secret(shares.front().value.size());
  const auto sum = secret.reveal_mutable(Reveal{});
  for (std::size_t which = 0; which < shares.size(); ++which) {
    const std::uint8_t basis = basis_at_zero(shares, which);
    const ByteView value = shares[which].value.reveal(Reveal{});
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] ^= gf256::multiply(value[i], basis);
  }
  return secret;
}

}  // namespace kw::seal
