#include "seal/unsealed_keys.h"

#include <mutex>

namespace kw::seal {

namespace {

constexpr std::size_t kKeksKept = 4'096;
constexpr std::size_t kPrimariesKept = 65'536;

// Tenants are below 2^23, versions below 2^32.
std::uint64_t cache_key(const KekName& name) {
  return static_cast<std::uint64_t>(name.tenant) << 32 | name.version;
}

}  // namespace

Error sealed_error() {
  return error(Code::kUnavailable, "sealed", "the server is sealed; give the shares to unseal it");
}

void UnsealedKeys::install(RootKeysPtr root) {
  std::unordered_map<std::uint64_t, KekPtr> forgotten;
  {
    std::unique_lock lock(mutex_);
    if (flag_) flag_->store(false);
    flag_ = root ? std::make_shared<std::atomic<bool>>(true) : nullptr;
    root_.swap(root);
    keks_.swap(forgotten);
    primaries_.clear();
    ++generation_;
  }
  // The old root and KEKs are wiped here, outside the lock.
}

Result<RootKeysPtr> UnsealedKeys::root() const {
  std::shared_lock lock(mutex_);
  if (!root_) return sealed_error();
  return root_;
}

bool UnsealedKeys::sealed() const {
  std::shared_lock lock(mutex_);
  return root_ == nullptr;
}

UnsealedFlag UnsealedKeys::flag() const {
  std::shared_lock lock(mutex_);
  return flag_;
}

KekPtr UnsealedKeys::find(const KekName& name) const {
  std::shared_lock lock(mutex_);
  const auto found = keks_.find(cache_key(name));
  return found == keks_.end() ? nullptr : found->second;
}

void UnsealedKeys::keep(const RootKeysPtr& root, const KekName& name, KekPtr kek) {
  std::unique_lock lock(mutex_);
  if (root != root_) return;
  if (keks_.size() >= kKeksKept) keks_.erase(keks_.begin());
  keks_.insert_or_assign(cache_key(name), std::move(kek));
}

std::optional<std::uint32_t> UnsealedKeys::primary(std::int64_t tenant) const {
  std::shared_lock lock(mutex_);
  const auto found = primaries_.find(tenant);
  if (found == primaries_.end()) return std::nullopt;
  return found->second;
}

std::uint64_t UnsealedKeys::generation() const {
  std::shared_lock lock(mutex_);
  return generation_;
}

void UnsealedKeys::keep_primary(const RootKeysPtr& root, const KekName& name,
                                std::uint64_t generation) {
  std::unique_lock lock(mutex_);
  if (root != root_ || generation != generation_) return;
  if (primaries_.size() >= kPrimariesKept) primaries_.erase(primaries_.begin());
  primaries_.insert_or_assign(name.tenant, name.version);
}

void UnsealedKeys::forget(std::int64_t tenant) {
  std::unique_lock lock(mutex_);
  ++generation_;
  primaries_.erase(tenant);
  std::erase_if(keks_, [tenant](const auto& entry) {
    return entry.first >> 32 == static_cast<std::uint64_t>(tenant);
  });
}

}  // namespace kw::seal
