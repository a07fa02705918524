#include "agent/holdings.h"

namespace kw::agent {

using client::SecretPointer;

Holdings::Holdings(const std::set<std::string>& paths, std::set<std::string> previous,
                   const Clock& clock)
    : previous_(std::move(previous)), clock_(clock) {
  for (const std::string& path : paths) standings_[path];
}

std::vector<std::string> Holdings::paths() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> all;
  for (const auto& each : standings_) all.push_back(each.first);
  return all;
}

void Holdings::resume(SecretPointer value, std::chrono::microseconds age) {
  std::lock_guard lock(mutex_);
  Standing& standing = standings_.at(value->path);
  standing.loaded = value->version;
  standing.confirmed_at = clock_.steady() - age;
  standing.offered = standing.in_force = std::move(value);
}

bool Holdings::offer(SecretPointer value) {
  std::lock_guard lock(mutex_);
  Standing& standing = standings_.at(value->path);
  standing.confirmed_at = clock_.steady();
  standing.confirmed_now = true;
  const bool fresh = !standing.offered || standing.offered->version != value->version;
  // Another version than the rejected one: whatever was wrong, this is a new try.
  if (fresh && value->version != standing.rejected) standing.rejected = 0;
  // What is held is said again after each change of the secret: a rotation that goes back waits to
  // hear it.
  if (standing.offered && standing.offered->epoch != value->epoch)
    standing.said_loaded = standing.said_used = 0;
  standing.offered = std::move(value);
  return fresh;
}

void Holdings::prepared(const std::string& path, std::uint32_t version) {
  std::lock_guard lock(mutex_);
  standings_.at(path).prepared = version;
}

void Holdings::offer_previous(const std::string& path, SecretPointer value) {
  std::lock_guard lock(mutex_);
  standings_.at(path).previous = std::move(value);
}

bool Holdings::drop(const std::string& path) {
  std::lock_guard lock(mutex_);
  Standing& standing = standings_.at(path);
  const bool held = standing.offered || standing.in_force || standing.previous;
  standing = Standing{};
  return held;
}

std::vector<std::string> Holdings::expire(std::chrono::seconds max_age) {
  std::lock_guard lock(mutex_);
  std::vector<std::string> gone;
  const SteadyTime now = clock_.steady();
  for (auto& [path, standing] : standings_) {
    const bool expired = standing.offered && standing.offered->expires_at &&
                         clock_.wall() >= *standing.offered->expires_at;
    const bool old = standing.confirmed_at && now - *standing.confirmed_at >= max_age;
    if (!standing.offered || (!expired && !old)) continue;
    standing = Standing{};
    gone.push_back(path);
  }
  return gone;
}

bool Holdings::confirmed(const std::string& path) const {
  std::lock_guard lock(mutex_);
  return standings_.at(path).confirmed_now;
}

SecretPointer Holdings::wanted(const codec::TextReference& reference) const {
  std::lock_guard lock(mutex_);
  const auto found = standings_.find(reference.path);
  if (found == standings_.end()) return nullptr;
  const Standing& standing = found->second;
  if (reference.previous) return standing.previous;
  const bool rejected = standing.offered && standing.offered->version == standing.rejected;
  return rejected && standing.in_force ? standing.in_force : standing.offered;
}

SecretPointer Holdings::in_force(const std::string& path) const {
  std::lock_guard lock(mutex_);
  const auto found = standings_.find(path);
  return found == standings_.end() ? nullptr : found->second.in_force;
}

SecretPointer Holdings::previous(const std::string& path) const {
  std::lock_guard lock(mutex_);
  const auto found = standings_.find(path);
  return found == standings_.end() ? nullptr : found->second.previous;
}

void Holdings::took(const std::string& path, std::uint32_t version) {
  {
    std::lock_guard lock(mutex_);
    Standing& standing = standings_.at(path);
    if (!standing.offered || standing.offered->version != version) return;
    const bool fresh = standing.in_force != standing.offered;
    standing.in_force = standing.offered;
    standing.loaded = version;
    if (!fresh) return;
  }
  if (on_force) on_force(path);
}

void Holdings::reached(const std::string& path, std::uint32_t version, Grade grade) {
  std::lock_guard lock(mutex_);
  const auto found = standings_.find(path);
  if (found == standings_.end()) return;
  Standing& standing = found->second;
  if (grade == Grade::kLoaded) standing.loaded = version;
  if (grade == Grade::kUsed) {
    standing.used = standing.loaded = version;
    if (standing.rejected == version) standing.rejected = 0;
  }
  if (grade != Grade::kFailed) return;
  standing.rejected = version;
  // What is held instead has to be said again behind the failure, so that it counts as held.
  standing.said_loaded = standing.said_used = 0;
}

std::optional<Saying> Holdings::next_saying(const std::string& path, const Standing& standing,
                                            std::chrono::seconds repeat) const {
  if (standing.rejected != 0 && standing.said_failed != standing.rejected)
    return Saying{path, standing.rejected, Grade::kFailed};
  if (standing.prepared != standing.said_prepared)
    return Saying{path, standing.prepared, Grade::kLoaded};
  if (!standing.in_force) return std::nullopt;
  const std::uint32_t version = standing.in_force->version;
  // In force for want of a better one: there is nothing good to say about it.
  if (version == standing.rejected) return std::nullopt;
  const bool due = !standing.said_at || clock_.steady() - *standing.said_at >= repeat;
  if (standing.used == version && (standing.said_used != version || due))
    return Saying{path, version, Grade::kUsed};
  if (standing.used != version && standing.loaded == version &&
      (standing.said_loaded != version || due))
    return Saying{path, version, Grade::kLoaded};
  return std::nullopt;
}

std::vector<Saying> Holdings::unsaid(std::chrono::seconds repeat) const {
  std::lock_guard lock(mutex_);
  std::vector<Saying> all;
  for (const auto& [path, standing] : standings_)
    if (auto saying = next_saying(path, standing, repeat)) all.push_back(*std::move(saying));
  return all;
}

void Holdings::said(const Saying& saying) {
  std::lock_guard lock(mutex_);
  Standing& standing = standings_.at(saying.path);
  standing.said_at = clock_.steady();
  if (saying.grade == Grade::kFailed) standing.said_failed = saying.version;
  if (saying.version == standing.prepared && standing.said_prepared != standing.prepared) {
    // What is in use has to be the last that is said.
    standing.said_prepared = standing.prepared;
    standing.said_loaded = standing.said_used = 0;
    return;
  }
  if (saying.grade == Grade::kLoaded) standing.said_loaded = saying.version;
  if (saying.grade == Grade::kUsed) standing.said_used = standing.said_loaded = saying.version;
}

}  // namespace kw::agent
