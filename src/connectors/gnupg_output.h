// What gpg says to programs: listings of keys in colons, and status lines. Its exit code is not
// asked: `gpg --verify` ends with 0 for signatures of expired and of revoked keys.
// Source: GnuPG doc/DETAILS.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kw::connectors {

struct GnupgSubkey {
  std::string fingerprint;  ///< 40 hexadecimal digits, upper case
  bool usable = false;      ///< not expired, revoked, disabled or invalid
  bool signs = false;
  std::int64_t created = 0;  ///< seconds since 1970; 0: not said

  std::string_view key_id() const {
    return std::string_view(fingerprint).substr(fingerprint.size() - 16);
  }
};
/// The subkeys of a listing (`--with-colons`), in its order; lines that are not understood are
/// passed over.
std::vector<GnupgSubkey> gnupg_subkeys(std::string_view listing);

enum class GnupgVerdict { kGood, kBad, kExpired, kRevoked, kNone };
/// Of one signature, by the key with that fingerprint; any doubt is not kGood.
GnupgVerdict gnupg_verdict(std::string_view status, std::string_view fingerprint);
/// True when the line "[GNUPG:] <word> …" is there.
bool gnupg_status_has(std::string_view status, std::string_view word);

}  // namespace kw::connectors
