#include "client/secrets.h"

namespace kw::client {

namespace {

bool is_away(const Error& failure) {
  return failure.code == Code::kUnavailable || failure.code == Code::kDeadlineExceeded ||
         failure.code == Code::kResourceExhausted || failure.code == Code::kInternal;
}

}  // namespace

Secrets::Secrets(std::shared_ptr<Channel> channel, SecretsOptions options, const Clock& clock)
    : channel_(std::move(channel)), options_(std::move(options)), clock_(clock) {}

Result<SecretPointer> Secrets::fetch(const std::string& path, const std::string& query) const {
  Request request;
  request.path = secret_url(options_.tenant, path) + query;
  KW_TRY(const Answer answer, channel_->send(std::move(request)));
  return read_secret(path, answer.json.root());
}

bool Secrets::is_younger(const Entry& entry, std::chrono::milliseconds most) const {
  if (!entry.value || clock_.steady() - entry.checked >= most) return false;
  return !entry.value->expires_at || clock_.wall() < *entry.value->expires_at;
}

Result<SecretPointer> Secrets::get(const std::string& path) {
  {
    std::lock_guard lock(mutex_);
    const auto found = entries_.find(path);
    if (found != entries_.end() && is_younger(found->second, options_.fresh))
      return found->second.value;
  }
  Result<SecretPointer> fresh = refresh(path);
  if (fresh || !is_away(fresh.error())) return fresh;
  std::lock_guard lock(mutex_);
  const Entry& kept = entries_[path];
  if (is_younger(kept, options_.stale_max)) return kept.value;
  return fresh;
}

// An answer that was on its way before the call may be too old: it is not shared.
Result<SecretPointer> Secrets::refresh(const std::string& path) {
  std::unique_lock lock(mutex_);
  Entry& entry = entries_[path];
  const std::uint64_t wanted = entry.started + 1;
  while (entry.finished < wanted && entry.started > entry.finished) answered_.wait(lock);
  if (entry.finished >= wanted) {
    if (entry.failed) return entry.failure;
    return entry.value;
  }
  ++entry.started;
  lock.unlock();
  Result<SecretPointer> fetched = fetch(path, "");
  lock.lock();
  entry.finished = entry.started;
  entry.failed = !fetched.has_value();
  if (fetched) {
    entry.value = *fetched;
    entry.checked = clock_.steady();
  } else {
    entry.failure = fetched.error();
    if (!is_away(entry.failure)) entry.value = nullptr;
  }
  answered_.notify_all();
  return fetched;
}

Result<SecretPointer> Secrets::previous(const std::string& path) {
  return fetch(path, "?version=previous");
}

void Secrets::forget() {
  std::lock_guard lock(mutex_);
  for (auto& each : entries_) each.second.value = nullptr;
}

}  // namespace kw::client
