// What has to happen before the first OpenSSL call, and what is checked once.
#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/opensslv.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include <array>
#include <mutex>

#include "crypto/aead.h"
#include "crypto/digest.h"
#include "crypto/library_version.h"
#include "crypto/openssl.h"
#include "crypto/secure_heap.h"
#include "crypto/x509.h"

namespace kw::crypto {

namespace {

constexpr std::size_t kSecureHeapBytes = std::size_t{1} << 20;
constexpr std::size_t kSecureHeapSmallest = 16;
constexpr std::size_t kLargestKeyBytes = 8 * 1024;
constexpr int kSecureHeapUnlocked =
    2;  // CRYPTO_secure_malloc_init: the heap works but is not locked or guarded

void* plain_malloc(std::size_t size, const char*, int) {
  return size == 0 ? nullptr : malloc(size);
}

// Keyed contexts live in OpenSSL's ordinary heap; all that it frees is wiped, up to what the
// allocator gave.
void wiping_free(void* block, const char*, int) {
  if (block == nullptr) return;
  wipe(block, malloc_usable_size(block));
  free(block);
}

// Never realloc(): it may leave the old copy behind.
void* wiping_realloc(void* block, std::size_t size, const char* file, int line) {
  if (block == nullptr) return plain_malloc(size, file, line);
  if (size == 0) {
    wiping_free(block, file, line);
    return nullptr;
  }
  const std::size_t old_size = malloc_usable_size(block);
  if (size <= old_size && size >= old_size / 2) return block;
  void* fresh = malloc(size);
  if (fresh == nullptr) return nullptr;
  memcpy(fresh, block, old_size < size ? old_size : size);
  wiping_free(block, file, line);
  return fresh;
}

bool wiping_allocator_installed() {
  CRYPTO_free_fn current = nullptr;
  CRYPTO_get_mem_functions(nullptr, nullptr, &current);
  return current == wiping_free;
}

Status install_wiping_allocator() {
  if (wiping_allocator_installed()) return ok();
  if (CRYPTO_set_mem_functions(plain_malloc, wiping_realloc, wiping_free) == 1) return ok();
  return error(
      Code::kFailedPrecondition, "openssl_in_use",
      "OpenSSL was used before initialise_library, so its memory cannot be wiped when freed");
}

Status open_secure_heap(SecretArena::Unlocked unlocked) {
  if (CRYPTO_secure_malloc_initialized() == 1) return ok();
  const int opened = CRYPTO_secure_malloc_init(kSecureHeapBytes, kSecureHeapSmallest);
  if (opened == 1 || (opened == kSecureHeapUnlocked && unlocked == SecretArena::Unlocked::kAllow))
    return ok();
  if (opened == kSecureHeapUnlocked) CRYPTO_secure_malloc_done();
  return error(
      Code::kFailedPrecondition, "memory_not_lockable",
      "memory for private keys cannot be locked: raise the limit (LimitMEMLOCK, ulimit -l)");
}

bool digest_answers() {
  static constexpr Digest256 kAbc = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
                                     0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
                                     0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
                                     0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};  // FIPS 180-4
  return sha256(as_bytes("abc")) == kAbc;
}

bool cipher_answers() {
  // The GCM specification's test case 13: all zero, nothing to encrypt.
  static constexpr std::array<std::uint8_t, 16> kTag = {0x53, 0x0f, 0x8a, 0xfb, 0xc7, 0x45,
                                                        0x36, 0xb9, 0xa9, 0x63, 0xb4, 0xf1,
                                                        0xc4, 0xcb, 0x73, 0x8b};
  const std::array<std::uint8_t, 32> key{};
  std::array<std::uint8_t, 16> tag{};
  Aes256Gcm(ByteView(key)).seal(GcmNonce{}, {}, {}, tag);
  return tag == kTag;
}

bool generator_answers() {
  std::array<std::uint8_t, 32> first{};
  std::array<std::uint8_t, 32> second{};
  return RAND_status() == 1 && RAND_bytes(first.data(), first.size()) == 1 &&
         RAND_bytes(second.data(), second.size()) == 1 && first != second;
}

Status self_test() {
  if (digest_answers() && cipher_answers() && generator_answers()) return ok();
  return error(Code::kFailedPrecondition, "self_test_failed",
               "the cryptographic library gives wrong answers");
}

}  // namespace

bool fixed_release(unsigned major, unsigned minor, unsigned patch) {
  if (major != 3) return major > 3;
  if (minor == 0) return patch >= 10;
  if (minor == 1) return patch >= 2;
  return true;
}

Status initialise_library(SecretArena::Unlocked unlocked) {
  static std::mutex once;
  const std::lock_guard lock(once);
  if (!fixed_release(OPENSSL_version_major(), OPENSSL_version_minor(), OPENSSL_version_patch()))
    return error(Code::kFailedPrecondition, "openssl_too_old",
                 "OpenSSL 3.0.10, 3.1.2 or later is needed");
  KW_OK(install_wiping_allocator());
  KW_OK(open_secure_heap(unlocked));
  return self_test();
}

bool secure_heap_full() {
  if (CRYPTO_secure_malloc_initialized() != 1) return false;
  // A block that holds all parts of any key: when there is one, no load fails for want of room.
  void* probe = OPENSSL_secure_malloc(kLargestKeyBytes);
  OPENSSL_secure_free(probe);
  forget_errors();
  return probe == nullptr;
}

std::string library_version() {
  return OpenSSL_version(OPENSSL_VERSION);
}

}  // namespace kw::crypto
