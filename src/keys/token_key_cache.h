// The token keys of tenants, kept for a moment: key sets are asked for by everybody. Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "keys/forget_clock.h"
#include "keys/model.h"

namespace kw::keys {

class TokenKeyCache {
 public:
  using Keys = std::shared_ptr<const std::vector<std::shared_ptr<const Key>>>;
  struct Kept {
    ForgetClock::Ticket ticket = 0;
    SteadyTime until{};
    Keys keys;
  };
  static constexpr std::chrono::seconds kLife{5};

  /// nullptr when it must be read: some key was forgotten since, or it is too old.
  Keys find(std::string_view tenant, ForgetClock::Ticket ticket, SteadyTime now);
  void put(std::string_view tenant, Kept kept);

  std::mutex loading;  ///< held by the one who reads

 private:
  static constexpr std::size_t kTenantsMax = 10'000;
  std::shared_mutex mutex_;
  std::unordered_map<std::string, Kept> kept_;
};

}  // namespace kw::keys
