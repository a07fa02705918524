#include "service/sealing.h"

#include "cluster/cluster.h"

namespace kw::service {

namespace {

constexpr std::chrono::seconds kSetupTokenLife{3600};
constexpr std::chrono::seconds kDevelopmentTokenLife{24 * 3600};

// Ceremonies are recorded in the change log whether they succeed or not; the store works while
// sealed.
template <typename T, typename Body>
Result<T> ceremony(House& house, Call& call, const Body& body) {
  Result<T> outcome = body();
  audit::Event event = event_of(call);
  if (!outcome) {
    event.outcome = audit::Outcome::kFailed;
    event.reason = outcome.error().reason;
  }
  KW_OK(house.changes.append(event));
  return outcome;
}

Result<auth::IssuedToken> make_token(House& house, std::string_view principal,
                                     std::vector<auth::Grant> grants, std::chrono::seconds life) {
  KW_TRY(const ObjectName name, ObjectName::parse(principal));
  std::optional<auth::IssuedToken> issued;
  KW_OK(house.store.write([&](store::Tx& tx) -> Status {
    issued.reset();
    if (Status made = house.access.create_principal(tx, {name, grants, ""});
        !made && made.error().code != Code::kAlreadyExists)
      return made;
    KW_TRY(issued, house.access.issue_token(tx, {name, life, std::chrono::seconds(0), ""}));
    audit::Event event;
    event.action = "token.write";
    event.actor = "keywright";
    event.method = "internal";
    event.kind = "token";
    event.object = issued->accessor;
    event.note = "first";
    KW_OK(house.changes.append(tx, event));
    return cluster::announce(tx, "access");
  }));
  KW_OK(house.access.reload());
  return *std::move(issued);
}

}  // namespace

seal::SealStatus seal_status(const House& house) {
  return house.seal.status();
}

Result<std::vector<seal::ShareText>> begin_init(House& house, Call& call, int shares,
                                                int threshold) {
  return ceremony<std::vector<seal::ShareText>>(
      house, call, [&] { return house.seal.begin_init(shares, threshold); });
}

Result<Verified> verify_share(House& house, Call& call, std::string_view share) {
  return ceremony<Verified>(house, call, [&]() -> Result<Verified> {
    // A running change of shares is finished by its own, authorised operation.
    if (house.seal.status().initialised)
      return error(Code::kFailedPrecondition, "no_ceremony", "no initialisation runs");
    Verified verified;
    KW_TRY(verified.outcome, house.seal.verify_share(share));
    if (verified.outcome.completed) {
      KW_TRY(verified.first_token,
             make_token(house, "setup", {{auth::Role::kSetup, "*"}}, kSetupTokenLife));
    }
    return verified;
  });
}

Result<seal::SealStatus> unseal(House& house, Call& call, std::string_view share) {
  return ceremony<seal::SealStatus>(house, call, [&]() -> Result<seal::SealStatus> {
    KW_TRY(const seal::ShareOutcome outcome, house.seal.unseal(share));
    return outcome.status;
  });
}

Status seal_now(House& house, Call& call) {
  const auto sealed = ceremony<bool>(house, call, [&]() -> Result<bool> {
    KW_OK(authorise(house, call, {}));
    KW_OK(house.seal.seal());
    return true;
  });
  return status_of(sealed);
}

Result<seal::SealStatus> begin_reseal(House& house, Call& call, int shares, int threshold) {
  return recorded<seal::SealStatus>(house, call, [&]() -> Result<seal::SealStatus> {
    KW_OK(authorise(house, call, {}));
    Guarded guarded;
    guarded.approvals = approvals_needed(house, call.operation->id, false);
    guarded.summary =
        "change of shares to " + std::to_string(threshold) + " of " + std::to_string(shares);
    KW_OK(transact(house, call, guarded, [&](keys::Change change) -> Status {
      KW_OK(house.changes.append(change.tx, change.by));
      return ok();
    }));
    KW_OK(house.seal.begin_reseal(shares, threshold));
    return house.seal.status();
  });
}

Result<seal::ShareOutcome> reseal_share(House& house, Call& call, std::string_view share) {
  return ceremony<seal::ShareOutcome>(house, call, [&]() -> Result<seal::ShareOutcome> {
    KW_OK(authorise(house, call, {}));
    return house.seal.reseal_share(share);
  });
}

Result<seal::ShareOutcome> reseal_verify(House& house, Call& call, std::string_view share) {
  return ceremony<seal::ShareOutcome>(house, call, [&]() -> Result<seal::ShareOutcome> {
    KW_OK(authorise(house, call, {}));
    return house.seal.verify_share(share);
  });
}

Result<auth::IssuedToken> development_token(House& house) {
  std::vector<auth::Grant> all;
  for (int i = 0; i < auth::kRoleCount; ++i)
    if (const auto role = static_cast<auth::Role>(i);
        role != auth::Role::kSetup && role != auth::Role::kScheduler)
      all.push_back({role, "*"});
  return make_token(house, "dev", all, kDevelopmentTokenLife);
}

Status development_tenant(House& house, const std::string& name) {
  KW_TRY(const TenantName parsed, TenantName::parse(name));
  audit::Event event;
  event.action = "tenant.create";
  event.actor = "keywright";
  event.method = "internal";
  event.kind = "tenant";
  event.object = name;
  Status made = house.store.write([&](store::Tx& tx) -> Status {
    KW_OK(house.keyring.create_tenant({tx, event}, parsed));
    return ok();
  });
  if (!made && made.error().code != Code::kAlreadyExists) return made;
  return ok();
}

}  // namespace kw::service
