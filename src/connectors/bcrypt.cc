#include "connectors/bcrypt.h"

#include <crypt.h>

#include <array>

#include "connectors/credential_text.h"
#include "connectors/outcome.h"
#include "crypto/random.h"

namespace kw::connectors {

namespace {

constexpr std::size_t kPasswordBytesMax = 72, kSaltBytes = 16;

// "": it cannot be done. The library's work space holds the password: it is wiped.
std::string crypted(const WipedText& password, const std::string& setting) {
  const auto space = std::make_unique<crypt_data>();
  const char* const made = crypt_rn(password.c_str(), setting.c_str(), space.get(),
                                    static_cast<int>(sizeof(crypt_data)));
  std::string hash = made == nullptr ? "" : made;
  wipe(space.get(), sizeof(crypt_data));
  return hash;
}

}  // namespace

Result<std::string> bcrypt_hash(const SecretBytes& password, int cost) {
  if (password.size() > kPasswordBytesMax)
    return rejected_by_policy("bcrypt takes values of at most 72 bytes");
  KW_TRY(const WipedText text, credential_text(password));
  std::array<std::uint8_t, kSaltBytes> random{};
  crypto::random_public(random);
  std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
  const bool started = crypt_gensalt_rn("$2b$", static_cast<unsigned long>(cost),
                                        reinterpret_cast<const char*>(random.data()),
                                        static_cast<int>(random.size()), setting.data(),
                                        static_cast<int>(setting.size())) != nullptr;
  std::string hash = started ? crypted(text, setting.data()) : "";
  if (hash.empty()) return rejected_by_policy("bcrypt cannot hash the value");
  return hash;
}

bool bcrypt_fits(const SecretBytes& password, std::string_view hash) {
  const auto text = credential_text(password);
  if (!text || password.size() > kPasswordBytesMax) return false;
  const std::string again = crypted(*text, std::string(hash));
  return !again.empty() && equal_constant_time(as_bytes(again), as_bytes(hash));
}

}  // namespace kw::connectors
