// What the contract suite asks of the system behind a connector: real, started by the tests, in a
// temporary folder and on a free port. One file <name>_fixture.cc and one line in
// foreign_systems.def per system (or per strategy of one).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/make_connectors.h"
#include "secrets/connector.h"

namespace kw::connectors {

/// A client that has logged in.
class LiveSession {
 public:
  virtual ~LiveSession() = default;
  virtual bool alive() = 0;  ///< asks the system
};

/// An account whose first credential is accepted.
struct TestAccount {
  secrets::Settings system, account;
  std::optional<secrets::Credential> admin;
  secrets::Credential first;  ///< version 1
};

class ForeignSystem {
 public:
  virtual ~ForeignSystem() = default;
  virtual std::string_view connector() const = 0;  ///< as in catalog.def
  /// What the server's configuration would say.
  virtual ConnectorOptions options() { return {}; }
  /// An account of its own at each call.
  virtual TestAccount fresh_account() = 0;
  /// Everything that the system holds of each principal: name -> text that changes when it does.
  virtual std::map<std::string, std::string> catalogue() = 0;
  /// The principals that belong to an account and may change with it.
  virtual bool belongs(const std::string& principal, const TestAccount& account) = 0;
  /// A new client; nullptr: refused.
  virtual std::unique_ptr<LiveSession> log_in(const TestAccount& account,
                                              const secrets::Credential& credential) = 0;

  // What not every system has. Tests that need it are skipped where it is missing.

  /// The ports of the server, for a proxy in between; none: no network.
  virtual std::vector<std::uint16_t> ports(const TestAccount&) { return {}; }
  /// The same account reached by other ports of this machine, in the same order.
  virtual void lead_over(TestAccount&, const std::vector<std::uint16_t>&) {}
  /// A port where the server speaks TLS with the certificate of TestAuthority; 0: none.
  virtual std::uint16_t tls_port(const TestAccount&) { return 0; }
  /// Makes the account accept every password (`trust`, `nopass`).
  virtual bool accept_anything(const TestAccount&, bool) { return false; }
  /// A value that the system refuses by a rule of its own.
  virtual std::optional<SecretBytes> refused_value(const secrets::Credential&) {
    return std::nullopt;
  }
  /// An account whose first principal has this name, whatever is in it.
  virtual std::optional<TestAccount> account_named(std::string_view) { return std::nullopt; }
  /// How many requests of a verb are cut one after the other. Fewer where a verb takes a second.
  virtual int cut_points() { return 200; }
  /// Whether the system can end sessions of a credential at all.
  virtual bool can_end_sessions() { return true; }
  /// What the server has logged, as loudly as it can; "": it says nothing of commands.
  virtual std::string log() { return {}; }
  /// Kills the server as a power cut would, and starts it again on the same data.
  virtual bool crash_and_restart() { return false; }
  /// Where the consumer takes values itself (Capabilities::consumer_takes): the connector with a
  /// consumer beside it who takes what was installed and forgets what was removed or revoked.
  virtual std::unique_ptr<secrets::Connector> with_consumer(secrets::Connector&) { return nullptr; }
  /// The settings of a role for short-lived users.
  virtual secrets::Settings role() { return {}; }
};

/// Starts it at its first call; it ends with the program. nullptr: its packages are not installed.
#define KW_FOREIGN_SYSTEM(name) ForeignSystem* name##_system();
#include "connectors/foreign_systems.def"
#undef KW_FOREIGN_SYSTEM

}  // namespace kw::connectors
