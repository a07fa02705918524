// Keys for applications: the server keeps them, callers name them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "client/channel.h"

namespace kw::client {

struct Signature {
  Bytes bytes;
  std::string kid;  ///< of the version that signed
  std::uint32_t version = 0;
};
struct Verdict {
  bool valid = false;
  std::string verdict;  ///< "valid", "invalid", "untrusted" …
  std::string reason;   ///< of "untrusted"
};

/// The use of keys of one tenant. Thread-safe. All attempts of one call are the same request.
class Keys {
 public:
  Keys(std::shared_ptr<Channel> channel, std::string tenant)
      : channel_(std::move(channel)), tenant_(std::move(tenant)) {}

  /// The ciphertext as text ("kw1:…"). @param associated_data  must be the same to decrypt; not
  /// secret. @errors the server's own
  Result<std::string> encrypt(std::string_view key, const SecretBytes& plaintext,
                              ByteView associated_data = {}) const;
  /// @errors kInvalidArgument(decrypt_failed), for whatever reason
  Result<SecretBytes> decrypt(std::string_view key, std::string_view ciphertext,
                              ByteView associated_data = {}) const;
  Result<Signature> sign(std::string_view key, ByteView message) const;
  /// @param version  that signed
  Result<Verdict> verify(std::string_view key, ByteView message, ByteView signature,
                         std::uint32_t version) const;

 private:
  Result<Answer> use(std::string_view key, std::string_view verb, codec::JsonWriter& body) const;
  const std::shared_ptr<Channel> channel_;
  const std::string tenant_;
};

}  // namespace kw::client
