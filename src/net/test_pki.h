// Certificates for tests, made when they run.
#pragma once

#include <string>
#include <vector>

#include "base/secret_bytes.h"

namespace kw::net::test {

struct Identity {
  std::string certificate_pem;
  std::string key_pem;
  std::string sha256_hex;  ///< of the certificate's DER
};

enum class Life { kCurrent, kOver };

struct Subject {
  std::string name;
  std::vector<std::string>
      alternative_names;  ///< "DNS:localhost", "IP:127.0.0.1", "URI:spiffe://a/b"
  Life life = Life::kCurrent;
};

/// A self-signed CA with a P-256 key.
Identity make_ca(const std::string& name);
/// A leaf for servers and clients, signed by `ca`.
Identity make_leaf(const Identity& ca, const Subject& subject);

}  // namespace kw::net::test
