#include "crypto/random.h"

#include <openssl/rand.h>
#include <string.h>
#include <sys/mman.h>

#include <climits>

#include "base/check.h"
#include "base/reveal.h"

namespace kw::crypto {

namespace {

constexpr std::size_t kBlockBytes = 1024;
constexpr std::size_t kSmallRequest = 64;

void generate(std::span<std::uint8_t> out) {
  KW_CHECK(out.size() <= INT_MAX);
  KW_CHECK(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1);
}

// Public random bytes in advance: one call of the generator (600 ns) serves many nonces. The page
// is emptied by the kernel in a forked child, where `left` then reads 0: parent and child never
// serve the same bytes.
class ThreadBlock {
 public:
  ThreadBlock() {
    void* mapped =
        mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return;
    if (madvise(mapped, sizeof(Page), MADV_WIPEONFORK) == 0) {
      page_ = static_cast<Page*>(mapped);
      madvise(mapped, sizeof(Page), MADV_DONTDUMP);
    } else {
      munmap(mapped, sizeof(Page));
    }
  }
  ~ThreadBlock() {
    if (page_ != nullptr) munmap(page_, sizeof(Page));
  }
  ThreadBlock(const ThreadBlock&) = delete;
  ThreadBlock& operator=(const ThreadBlock&) = delete;

  void take(std::span<std::uint8_t> out) {
    if (page_ == nullptr || out.size() > kSmallRequest) return generate(out);
    if (page_->left < out.size()) {
      generate(page_->bytes);
      page_->left = kBlockBytes;
    }
    page_->left -= out.size();
    std::uint8_t* served = page_->bytes + page_->left;
    memcpy(out.data(), served, out.size());
    wipe(served, out.size());
  }

 private:
  struct Page {
    std::size_t left;
    std::uint8_t bytes[kBlockBytes];
  };
  Page* page_ = nullptr;
};

}  // namespace

void random_public(std::span<std::uint8_t> out) {
  if (out.empty()) return;
  thread_local ThreadBlock block;
  block.take(out);
}

SecretBytes random_secret(std::size_t size) {
  KW_CHECK(size <= INT_MAX);
  SecretBytes secret(size);
  const auto bytes = secret.reveal_mutable(Reveal{});
  if (size != 0) KW_CHECK(RAND_priv_bytes(bytes.data(), static_cast<int>(size)) == 1);
  return secret;
}

}  // namespace kw::crypto
