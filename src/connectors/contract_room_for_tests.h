// What the tests of the contract share: an account, a connector that is born again, the way of a
// rotation and what must hold on it.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <vector>

#include "connectors/foreign_system_for_tests.h"
#include "connectors/tcp_proxy_for_tests.h"

namespace kw::connectors {

struct ContractEntry {
  const char* name;
  ForeignSystem* (*start)();
};
const std::vector<ContractEntry>& contract_entries();
void PrintTo(const ContractEntry& entry, std::ostream* out);

/// Beyond a deadline: of a busy machine under sanitizers.
inline constexpr std::chrono::milliseconds kSlack{3000};

class ContractRoom : public testing::TestWithParam<ContractEntry> {
 protected:
  using Accepted = secrets::Observed::Accepted;
  struct Step {
    const char* name;
    std::function<secrets::Answer()> verb;
    Accepted old_works, fresh_works;  ///< after it
  };

  void SetUp() override;
  /// A new account of the system.
  void begin();
  /// The connector as after a restart of ours.
  void reborn();
  secrets::Place place() const;
  static secrets::Context context(std::chrono::milliseconds left = std::chrono::seconds(30));
  bool lead_over_proxy();

  static std::string text_of(const secrets::Credential& one);
  static secrets::Credential copy_of(const secrets::Credential& one);
  secrets::Credential mint(std::uint32_t version, const secrets::Credential& old);
  Accepted accepted(const secrets::Credential& one);
  /// Both in one look.
  void expect_accepted(const Step& step, const secrets::Credential& old,
                       const secrets::Credential& fresh);
  std::int64_t in_use(const secrets::Credential& one);
  static void is_ok(const secrets::Answer& answer, const char* what);

  Accepted after_install() const;  ///< whether the old one still works then
  std::vector<Step> way(const secrets::Credential& old, const secrets::Credential& fresh);
  /// Whether the verb has anything to do at the system at all.
  bool touches(const Step& step) const;
  /// Makes the state that the step begins with.
  void back_to(const Step& step, const secrets::Credential& old, const secrets::Credential& fresh);
  /// The whole way with a look at both credentials after each verb.
  void rotate(const secrets::Credential& old, const secrets::Credential& fresh);
  void revoke_with_sessions(const secrets::Credential& old, const secrets::Credential& fresh);
  /// Principals that differ between two catalogues.
  static std::vector<std::string> changed(const std::map<std::string, std::string>& before,
                                          const std::map<std::string, std::string>& after);

  ForeignSystem* system = nullptr;
  secrets::Connectors connectors;
  std::unique_ptr<secrets::Connector> with_consumer;
  secrets::Connector* connector = nullptr;
  TestAccount account;
  std::unique_ptr<TcpProxy> proxy;
};

}  // namespace kw::connectors
