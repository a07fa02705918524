// A foreign system with real state and injected faults: accounts with passwords that can be logged
// in with. One of three kinds. What the tests of this room rotate; real systems have their own
// suite in room connectors.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "secrets/connector.h"

namespace kw::secrets {

class FakeSystem final : public Connector, public Issuer {
 public:
  enum class Kind { kAlternating, kDual, kSingle };
  enum class Fault {
    kNone,
    kDown,       ///< nothing happens, no answer
    kLostReply,  ///< it happens, the answer is lost
  };
  explicit FakeSystem(Kind kind) : kind_(kind) {}

  /// The system as its users see it. Thread-safe, as all of it.
  bool logs_in(const std::string& user, const std::string& password);
  void set_password(const std::string& user, const std::string& password);
  std::set<std::string> users();
  /// The next `calls` calls fail so, from the call with this number on (1 is the next one).
  void fail_at(int call, Fault fault, int calls = 1);
  void heal() { fail_at(0, Fault::kNone, 0); }
  int calls() const { return calls_; }
  int failed_logins() const { return failed_logins_; }
  int logins() const { return logins_; }  ///< good and failed ones

  int lockout_threshold = 0;
  int reject_by_policy = 0;  ///< so many new passwords are refused by policy
  bool accepts_anything = false;
  bool consumer_takes = false;  ///< nothing is installed: set_password() is the consumer
  bool makes_secrets = false;   ///< it makes the passwords, for users that take turns
  int lost_creations = 0;       ///< so many of them nobody hears
  int sessions_of_old = 0;      ///< what the meter says
  int faults_per_hundred = 0;   ///< so many calls get no answer; half of them were heard
  bool ends_sessions = true, sessions_survive = false;

  // Connector.
  std::string_view name() const override;
  std::span<const SettingRule> system_rules() const override;
  std::span<const SettingRule> account_rules() const override;
  Status check(const Place& place) const override;
  Capabilities describe(const Place& place) const override;
  Result<Credential> create_pending(const Context& context, const Place& place,
                                    const Minting& minting) override;
  Result<Observed> inspect(const Context& context, const Place& place,
                           std::span<const Credential* const> known) override;
  Answer install(const Context& context, const Place& place, const Credential& fresh,
                 const Credential* old) override;
  Answer test(const Context& context, const Place& place, const Credential& credential,
              Probe probe) override;
  Answer promote(const Context& context, const Place& place, const Credential& fresh,
                 const Credential* old) override;
  Result<Drain> measure_drain(const Context& context, const Place& place,
                              const Credential& old) override;
  Answer disable_old(const Context& context, const Place& place, const Credential& old,
                     const Credential& fresh) override;
  Answer restore_old(const Context& context, const Place& place, const Credential& old,
                     const Credential& fresh) override;
  Answer revoke_old(const Context& context, const Place& place, const Credential& old,
                    const Credential& fresh, bool end_sessions) override;
  Answer remove_pending(const Context& context, const Place& place, const Credential& fresh,
                        const Credential* old) override;
  Issuer* issuer() override { return this; }

  // Issuer.
  std::span<const SettingRule> role_rules() const override;
  Answer issue(const Context& context, const Place& place, const Settings& role,
               const Credential& credential, WallTime expires) override;
  Answer renew(const Context& context, const Place& place, std::string_view principal,
               WallTime expires) override;
  Answer revoke(const Context& context, const Place& place, const Settings& role,
                std::string_view principal) override;
  Result<std::vector<std::string>> issued(const Context& context, const Place& place,
                                          std::string_view prefix) override;

 private:
  struct Account {
    std::set<std::string> passwords;
    bool enabled = true;
  };
  bool accepts(const std::string& user, const std::string& password);
  Fault next_fault();
  /// Runs `change` unless a fault prevents it; as the admin, or as one of the credentials.
  Answer guarded(const Place& place, std::initializer_list<const Credential*> selves,
                 const std::function<Answer()>& change);
  void put_back(const Credential& credential);
  Result<Credential> made_here(const Context& context, Credential made);

  Kind kind_;
  std::mutex mutex_;
  std::map<std::string, Account> accounts_;
  std::map<std::string, std::string> made_for_;  ///< users by run and version
  int made_ = 0;
  int calls_ = 0, logins_ = 0, failed_logins_ = 0;
  int fault_from_ = 0, fault_to_ = 0;
  Fault fault_ = Fault::kNone;
};

}  // namespace kw::secrets
