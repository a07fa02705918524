#include "agent/cache.h"

#include <algorithm>

#include "agent/cache_key.h"
#include "codec/base64.h"
#include "crypto/aead.h"
#include "crypto/digest.h"
#include "crypto/random.h"

namespace kw::agent {

namespace {

constexpr std::string_view kMagic = "KWAC1";
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kNameBytes = 16;
constexpr std::string_view kKeyLabel = "keywright agent cache";

Error unreadable(const std::string& path) {
  return error(Code::kDataLoss, "cache_unreadable",
               "the cached value of " + path + " is damaged or was made elsewhere");
}
Error not_cached(const std::string& path) {
  return error(Code::kNotFound, "not_cached", "no value of " + path + " is cached");
}

// Fixed head, then each part; in wiped memory as it holds the values.
WipedBytes encoded(const client::SecretValue& value, WallTime now) {
  WipedBytes out;
  const auto number = [&](std::uint64_t n, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
      out.push_back(static_cast<std::uint8_t>(n >> shift));
  };
  const auto field = [&](ByteView bytes) {
    number(bytes.size(), 4);
    out.insert(out.end(), bytes.begin(), bytes.end());
  };
  out.reserve(4096);
  number(value.version, 4);
  number(static_cast<std::uint64_t>(to_micros(now)), 8);
  number(static_cast<std::uint64_t>(value.expires_at ? to_micros(*value.expires_at) : 0), 8);
  field(as_bytes(value.state));
  number(value.parts.size(), 4);
  for (const auto& [name, secret] : value.parts) {
    field(as_bytes(name));
    field(secret.reveal(Reveal{}));
  }
  return out;
}

struct Decoded {
  std::shared_ptr<client::SecretValue> value = std::make_shared<client::SecretValue>();
  WallTime stored_at;
};

Result<Decoded> decoded(ByteView plain) {
  ByteReader reader(plain);
  Decoded made;
  KW_TRY(made.value->version, reader.u32());
  KW_TRY(const std::uint64_t stored, reader.u64());
  made.stored_at = from_micros(static_cast<std::int64_t>(stored));
  KW_TRY(const std::uint64_t expires, reader.u64());
  if (expires != 0) made.value->expires_at = from_micros(static_cast<std::int64_t>(expires));
  KW_TRY(const ByteView state, reader.field());
  made.value->state = as_text(state);
  KW_TRY(const std::uint32_t parts, reader.u32());
  for (std::uint32_t i = 0; i < parts; ++i) {
    KW_TRY(const ByteView name, reader.field());
    KW_TRY(const ByteView secret, reader.field());
    made.value->parts.emplace_back(as_text(name), SecretBytes::copy_of(secret));
  }
  if (!reader.done()) return error(Code::kDataLoss, "cache_unreadable", "");
  return made;
}

}  // namespace

Result<Cache> Cache::open(CacheOptions options, CacheBinding binding, const Clock& clock) {
  if (options.folder.empty()) return Cache({}, std::move(binding), SecretBytes(), clock);
  KW_OK(prepare_cache_folder(options.folder));
  KW_TRY(SecretBytes key, load_or_make_cache_key(options.key_file));
  return Cache(std::move(options), std::move(binding), std::move(key), clock);
}

Bytes Cache::context(const std::string& path, CacheSlot slot) const {
  ByteWriter writer;
  writer.field(kKeyLabel).field(binding_.server).field(binding_.tenant).field(binding_.consumer);
  return writer.field(path).u8(static_cast<std::uint8_t>(slot)).bytes();
}

RootedPath Cache::place(const std::string& path, CacheSlot slot) const {
  const crypto::Digest256 digest = crypto::sha256(context(path, slot));
  return {options_.folder, "", codec::hex(ByteView(digest).first(kNameBytes))};
}

Result<Cached> Cache::load(const std::string& path, CacheSlot slot) const {
  if (!enabled()) return not_cached(path);
  KW_TRY(const std::optional<WipedBytes> file, Roots::read(place(path, slot)));
  if (!file) return not_cached(path);
  const ByteView bytes(*file);
  const std::size_t head = kMagic.size() + kNonceBytes;
  if (bytes.size() < head + crypto::kGcmTagBytes || !as_text(bytes).starts_with(kMagic))
    return unreadable(path);
  crypto::GcmNonce nonce{};
  std::copy_n(bytes.begin() + kMagic.size(), kNonceBytes, nonce.begin());
  const Bytes bound = context(path, slot);
  crypto::Aes256Gcm cipher(crypto::hkdf_expand(crypto::Hash::kSha256, key_, bound, 32));
  WipedBytes plain(bytes.size() - head - crypto::kGcmTagBytes);
  if (!cipher.open(nonce, bound, bytes.subspan(head), plain)) return unreadable(path);
  auto made = decoded(plain);
  if (!made) return unreadable(path);
  made->value->path = path;
  const WallTime now = clock_->wall();
  // A clock that went back makes a value look new: that is refused as well.
  const bool old = now - made->stored_at >= options_.max_age || made->stored_at > now;
  const bool over = made->value->expires_at && now >= *made->value->expires_at;
  if (old || over) return not_cached(path);
  return Cached{std::move(made->value), now - made->stored_at};
}

Status Cache::store(const client::SecretValue& value, CacheSlot slot) const {
  if (!enabled()) return ok();
  const WipedBytes plain = encoded(value, clock_->wall());
  const Bytes bound = context(value.path, slot);
  crypto::GcmNonce nonce{};
  crypto::random_public(nonce);
  constexpr std::size_t head = kMagic.size() + kNonceBytes;
  Bytes file(head + plain.size() + crypto::kGcmTagBytes);
  std::copy(nonce.begin(), nonce.end(), std::copy(kMagic.begin(), kMagic.end(), file.begin()));
  crypto::Aes256Gcm cipher(crypto::hkdf_expand(crypto::Hash::kSha256, key_, bound, 32));
  cipher.seal(nonce, bound, plain, std::span(file).subspan(head));
  return Roots::replace(place(value.path, slot), file, {});
}

Status Cache::drop(const std::string& path, CacheSlot slot) const {
  if (!enabled()) return ok();
  return Roots::remove(place(path, slot));
}

}  // namespace kw::agent
