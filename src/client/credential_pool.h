// A pool of connections to a foreign system (a database, a queue) whose password rotates.
//
// Connections are grouped by the version of the credential that opened them: when a new version is
// seen, idle ones of the old version are closed and the others when they come back. Time plays no
// part. A login that is refused asks the server for the credential, in one request for all threads,
// and tries with it; a version is not tried twice in a row.
//
//   CredentialPool<PGconn> pool(secrets, "db/orders", open_postgres, {});
//   KW_TRY(auto link, pool.take());
//   PQexec(link.get(), …);
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "client/secrets.h"

namespace kw::client {

struct CredentialPoolOptions {
  std::size_t idle_max = 16;
};

/// Thread-safe. Borrows `secrets`. `Link` is what a std::unique_ptr with `Deleter` can own.
template <typename Link, typename Deleter = std::default_delete<Link>>
class CredentialPool {
 public:
  using Owned = std::unique_ptr<Link, Deleter>;
  /// Opens one connection. A refused login must be kUnauthenticated; all other errors are handed to
  /// the caller of take().
  using Open = std::function<Result<Owned>(const SecretValue& credential)>;

  /// A connection on loan; goes back when it dies.
  class Lease {
   public:
    Lease(CredentialPool& pool, Owned link, std::uint32_t version)
        : pool_(&pool), link_(std::move(link)), version_(version) {}
    Lease(Lease&& other) noexcept
        : pool_(other.pool_), link_(std::move(other.link_)), version_(other.version_) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (link_) pool_->give_back(std::move(link_), version_);
    }
    Link* get() const { return link_.get(); }
    std::uint32_t version() const { return version_; }
    /// The connection is broken: it is closed and not given back.
    void discard() { link_.reset(); }

   private:
    CredentialPool* pool_;
    Owned link_;
    std::uint32_t version_;
  };

  CredentialPool(Secrets& secrets, std::string path, Open open, CredentialPoolOptions options = {})
      : secrets_(secrets), path_(std::move(path)), open_(std::move(open)), options_(options) {}

  /// @errors those of Secrets::get and of `open`
  Result<Lease> take() {
    KW_TRY(SecretPointer credential, secrets_.get(path_));
    if (Owned idle = take_idle(credential->version))
      return Lease(*this, std::move(idle), credential->version);
    Result<Owned> opened = open_(*credential);
    // A rotation can overtake the answer too. Each turn needs another one, so it ends.
    while (!opened && opened.error().code == Code::kUnauthenticated) {
      const std::uint32_t refused = credential->version;
      KW_TRY(credential, secrets_.refresh(path_));
      if (credential->version == refused) return std::move(opened).error();
      renewed(credential->version);
      opened = open_(*credential);
    }
    if (!opened) return std::move(opened).error();
    return Lease(*this, *std::move(opened), credential->version);
  }

  /// Closes idle connections of other versions: for who hears of a rotation.
  void renewed(std::uint32_t version) {
    std::vector<Idle> old;
    std::lock_guard lock(mutex_);
    current_ = version;
    const auto first_old = std::stable_partition(
        idle_.begin(), idle_.end(), [&](const Idle& each) { return each.version == version; });
    std::move(first_old, idle_.end(), std::back_inserter(old));
    idle_.erase(first_old, idle_.end());
  }
  std::size_t idle() const {
    std::lock_guard lock(mutex_);
    return idle_.size();
  }

 private:
  struct Idle {
    Owned link;
    std::uint32_t version;
  };

  Owned take_idle(std::uint32_t version) {
    {
      std::lock_guard lock(mutex_);
      if (current_ == version) {
        if (idle_.empty()) return nullptr;
        Owned link = std::move(idle_.back().link);
        idle_.pop_back();
        return link;
      }
    }
    renewed(version);
    return nullptr;
  }

  void give_back(Owned link, std::uint32_t version) {
    std::lock_guard lock(mutex_);
    if (version != current_ || idle_.size() >= options_.idle_max) return;  // closes it
    idle_.push_back({std::move(link), version});
  }

  Secrets& secrets_;
  const std::string path_;
  const Open open_;
  const CredentialPoolOptions options_;
  mutable std::mutex mutex_;
  std::vector<Idle> idle_;
  std::uint32_t current_ = 0;
};

}  // namespace kw::client
