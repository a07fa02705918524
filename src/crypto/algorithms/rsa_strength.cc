#include "crypto/algorithms/rsa_strength.h"

#include <array>
#include <vector>

#include "crypto/openssl.h"

namespace kw::crypto {

namespace {

constexpr unsigned kSmallFactorMax = 10'000;
constexpr unsigned kRocaPrimeMax = 167;
constexpr unsigned kRocaGenerator = 65'537;
constexpr int kFermatRounds = 100;

std::vector<unsigned> odd_primes_up_to(unsigned limit) {
  std::vector<bool> composite(limit + 1, false);
  std::vector<unsigned> primes;
  for (unsigned p = 3; p <= limit; p += 2) {
    if (composite[p]) continue;
    primes.push_back(p);
    for (unsigned multiple = p * p; multiple <= limit; multiple += 2 * p)
      composite[multiple] = true;
  }
  return primes;
}

// True when `residue` is a power of 65537 modulo the prime `p`.
bool is_power_of_generator(unsigned residue, unsigned p) {
  unsigned power = 1;
  do {
    if (power == residue) return true;
    power = power * (kRocaGenerator % p) % p;
  } while (power != 1);
  return false;
}

// The integer square root of n, rounded down, by Newton's method.
BignumPtr square_root(const BIGNUM* n, BN_CTX* context) {
  BignumPtr root(BN_new());
  BignumPtr next(BN_new());
  KW_CHECK(root != nullptr && next != nullptr);
  if (BN_is_zero(n)) return root;  // a fresh BIGNUM is zero; Newton's method would divide by it
  require(BN_one(next.get()));
  require(BN_lshift(next.get(), next.get(), (BN_num_bits(n) + 1) / 2));
  do {
    KW_CHECK(BN_copy(root.get(), next.get()) != nullptr);
    require(BN_div(next.get(), nullptr, n, root.get(), context));
    require(BN_add(next.get(), next.get(), root.get()));
    require(BN_rshift1(next.get(), next.get()));
  } while (BN_cmp(next.get(), root.get()) < 0);
  return root;
}

}  // namespace

bool has_small_factor(const BIGNUM* n) {
  if (!BN_is_odd(n)) return true;
  for (const unsigned p : odd_primes_up_to(kSmallFactorMax))
    if (BN_mod_word(n, p) == 0) return true;
  return false;
}

bool falls_to_fermat(const BIGNUM* n) {
  const BignumContext context(BN_CTX_secure_new());
  KW_CHECK(context != nullptr);
  BignumPtr a = square_root(n, context.get());
  const BignumPtr rest(BN_new());
  const BignumPtr square(BN_new());
  KW_CHECK(rest != nullptr && square != nullptr);
  for (int round = 0; round <= kFermatRounds; ++round) {
    // n = a^2 - b^2 for a small b when the factors are close: look whether a^2 - n is a square.
    require(BN_sqr(rest.get(), a.get(), context.get()));
    require(BN_sub(rest.get(), rest.get(), n));
    if (!BN_is_negative(rest.get())) {
      const BignumPtr b = square_root(rest.get(), context.get());
      require(BN_sqr(square.get(), b.get(), context.get()));
      if (BN_cmp(square.get(), rest.get()) == 0) return true;
    }
    require(BN_add_word(a.get(), 1));
  }
  return false;
}

bool has_roca_fingerprint(const BIGNUM* n) {
  for (const unsigned p : odd_primes_up_to(kRocaPrimeMax))
    if (!is_power_of_generator(static_cast<unsigned>(BN_mod_word(n, p)), p)) return false;
  return true;
}

}  // namespace kw::crypto
