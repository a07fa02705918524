// The bare crypto loop: what a core can do with no server around it. Prints operations per second.
#include <chrono>
#include <cstdio>
#include <memory>

#include "base/secret_arena.h"
#include "codec/json.h"
#include "crypto/key.h"
#include "crypto/random.h"
#include "crypto/x509.h"

int main() {
  using namespace kw;
  if (!crypto::initialise_library(SecretArena::Unlocked::kAllow)) return 1;
  const auto material = crypto::generate(crypto::Algorithm::kAes256Gcm);
  const auto key = crypto::load(crypto::Algorithm::kAes256Gcm, material->secret);
  const Bytes plaintext(64, 7);
  crypto::EnvelopeHeader header;
  header.version = 1;
  header.key = crypto::random_id<KeyId>();
  const auto start = std::chrono::steady_clock::now();
  std::int64_t count = 0;
  std::chrono::duration<double> took{};
  do {
    for (int i = 0; i < 256; ++i, ++count)
      if (!(*key)->encrypt(header, {}, plaintext)) return 1;
    took = std::chrono::steady_clock::now() - start;
  } while (took.count() < 3);
  codec::JsonWriter json;
  json.begin_object()
      .member("encrypt_64_per_second", static_cast<double>(count) / took.count())
      .end_object();
  std::printf("%s\n", std::string(json.text()).c_str());
  return 0;
}
