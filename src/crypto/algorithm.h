// The catalogue of key algorithms: names, purposes and what each can do. One line per algorithm in
// algorithms/catalog.def, one file per family in algorithms/. Immutable and thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"

namespace kw::crypto {

/// What a key is for. A key has one purpose for its whole life.
/// @source SP 800-57 Part 1 Rev. 5, 5.2.
enum class Purpose : std::uint8_t { kEncrypt, kWrap, kSign, kMac, kDerive, kDeterministic };

/// "encrypt", "wrap", "sign", "mac", "derive" or "deterministic".
std::string_view purpose_name(Purpose purpose);
/// @errors kInvalidArgument(unknown_purpose)
Result<Purpose> parse_purpose(std::string_view name);

/// Every algorithm that a key version can have: the lines of algorithms/catalog.def. Values are
/// stored, never reused.
enum class Algorithm : std::uint16_t {
#define KW_ALGORITHM(constant, number, family) constant = number,
#include "crypto/algorithms/catalog.def"
#undef KW_ALGORITHM
};

/// One row of the catalogue.
struct AlgorithmInfo {
  Algorithm algorithm;
  std::string_view name;  ///< stable, lower case: "aes-256-gcm", "rsa-3072-oaep-sha256",
                          ///< "ecdsa-p256", "ml-dsa-65"
  std::span<const Purpose> purposes;  ///< the first is its natural one
  bool asymmetric;
  std::uint16_t suite;  ///< the envelope suite of its ciphertexts; 0 when it makes none
  std::uint64_t
      messages_max;  ///< hard limit of protect operations per version; 0: none that matters
  bool fips;         ///< approved in the FIPS profile
};

/// Messages that suites with random 96-bit nonces may protect under one key: 2^32 less one reserved
/// block of 2^20.
/// @source SP 800-38D, 8.3.
inline constexpr std::uint64_t kRandomNonceMessagesMax =
    (std::uint64_t{1} << 32) - (std::uint64_t{1} << 20);

/// All rows, in stable order.
std::span<const AlgorithmInfo> algorithms();
/// The row of `algorithm`, which must be one of the catalogue (checked).
const AlgorithmInfo& info(Algorithm algorithm);
/// @errors kInvalidArgument(unknown_algorithm)
Result<Algorithm> parse_algorithm(std::string_view name);
/// @errors kInvalidArgument(unknown_algorithm): a stored number that this build does not know.
Result<Algorithm> algorithm_from_number(std::int64_t number);
/// False when the library at hand lacks it; nothing is ever substituted.
bool available(Algorithm algorithm);
/// True when a key of this algorithm may be created for `purpose`.
bool allows(Algorithm algorithm, Purpose purpose);
/// The algorithm used when a key is created without one.
Algorithm default_algorithm(Purpose purpose);

}  // namespace kw::crypto
