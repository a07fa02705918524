#include "service/access.h"

#include "cluster/cluster.h"
#include "service/rotation_runs.h"

namespace kw::service {

namespace {

// A change of access: authorised, one transaction with its leaf and its announcement, then in force
// here.
Status change_access(House& house, Call& call, std::string_view note,
                     const std::function<Status(store::Tx&)>& body) {
  const auto attempt = [&]() -> Status {
    KW_OK(authorise(house, call, {}));
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_OK(body(change.tx));
      audit::Event event = change.by;
      event.note = note;
      KW_OK(house.changes.append(change.tx, event));
      return cluster::announce(change.tx, "access");
    }));
    return house.access.reload();
  };
  Status outcome = attempt();
  if (!outcome) KW_OK(record_and_wait(house, call, outcome));
  return outcome;
}

Result<auth::PrincipalRecord> find_principal(House& house, store::Reader& reader,
                                             std::string_view name) {
  KW_TRY(const auto records, house.access.principals(reader, "", 100'000));
  for (const auth::PrincipalRecord& record : records)
    if (record.name == name) return record;
  return not_found();
}

// Only the platform's own officers hand out roles for all tenants, and nobody raises themselves.
Status may_grant(const Call& call, std::string_view principal) {
  if (call.caller->name == principal)
    return error(Code::kPermissionDenied, "own_grants", "nobody changes their own roles");
  return ok();
}

}  // namespace

Result<auth::PrincipalRecord> create_principal(House& house, Call& call,
                                               const auth::NewPrincipal& principal,
                                               const Wording<auth::PrincipalRecord>& wording) {
  std::optional<auth::PrincipalRecord> made;
  KW_OK(change_access(house, call, "create", [&](store::Tx& tx) -> Status {
    KW_OK(house.access.create_principal(tx, principal));
    KW_TRY(made, find_principal(house, tx, principal.name.text()));
    keep(call, wording, *made);
    return ok();
  }));
  return *std::move(made);
}

Result<auth::PrincipalRecord> update_principal(House& house, Call& call,
                                               const PrincipalUpdate& update,
                                               const Wording<auth::PrincipalRecord>& wording) {
  std::optional<auth::PrincipalRecord> changed;
  KW_OK(change_access(house, call, "update", [&](store::Tx& tx) -> Status {
    KW_OK(may_grant(call, call.object));
    KW_TRY(auth::PrincipalRecord record, find_principal(house, tx, call.object));
    if (update.expected_epoch) record.epoch = *update.expected_epoch;
    if (update.grants) record.grants = *update.grants;
    if (update.disabled) record.disabled = *update.disabled;
    if (update.certificate_name) record.certificate_name = *update.certificate_name;
    KW_OK(house.access.update_principal(tx, record));
    KW_TRY(changed, find_principal(house, tx, call.object));
    keep(call, wording, *changed);
    return ok();
  }));
  return *std::move(changed);
}

Result<std::vector<auth::PrincipalRecord>> list_principals(House& house, Call& call,
                                                           std::string_view after, int limit) {
  using Records = std::vector<auth::PrincipalRecord>;
  return consulted<Records>(house, call, [&]() -> Result<Records> {
    Records records;
    KW_OK(house.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(records, house.access.principals(reader, after, limit));
      return ok();
    }));
    return records;
  });
}

Result<auth::IssuedToken> issue_token(House& house, Call& call, const auth::NewToken& token) {
  std::optional<auth::IssuedToken> issued;
  KW_OK(change_access(house, call, "issue", [&](store::Tx& tx) -> Status {
    // A setup token makes people, never another setup token and never one for itself.
    if (call.caller->name == token.principal.text())
      return error(Code::kPermissionDenied, "own_grants", "nobody issues tokens for themselves");
    KW_TRY(issued, house.access.issue_token(tx, token));
    return ok();
  }));
  return *std::move(issued);
}

Result<auth::IssuedToken> exchange_secret_id(House& house, Call& call, const ObjectName& role,
                                             std::string_view secret_id,
                                             std::string_view certificate_sha256_hex) {
  call.object = role.text();
  // Its answer is a secret, which is never kept for a repeat.
  call.idempotency_key.clear();
  return recorded<auth::IssuedToken>(house, call, [&]() -> Result<auth::IssuedToken> {
    std::optional<auth::IssuedToken> issued;
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_TRY(issued,
             house.access.exchange_secret_id(change.tx, role, secret_id, certificate_sha256_hex));
      audit::Event event = change.by;
      event.actor = role.text();
      event.method = "secret-id";
      KW_OK(house.changes.append(change.tx, event));
      return ok();
    }));
    return *std::move(issued);
  });
}

Status revoke_token(House& house, Call& call, std::string_view accessor,
                    const Wording<Done>& wording) {
  return change_access(house, call, "revoke", [&](store::Tx& tx) {
    keep(call, wording, Done{});
    return house.access.revoke_token(tx, accessor);
  });
}

Result<std::vector<auth::TokenRecord>> list_tokens(House& house, Call& call,
                                                   std::string_view principal,
                                                   std::string_view after, int limit) {
  using Records = std::vector<auth::TokenRecord>;
  return consulted<Records>(house, call, [&]() -> Result<Records> {
    Records records;
    KW_OK(house.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(records, house.access.tokens(reader, principal, after, limit));
      return ok();
    }));
    return records;
  });
}

Result<std::shared_ptr<const auth::Principal>> who_am_i(House& house, Call& call) {
  using Who = std::shared_ptr<const auth::Principal>;
  Result<Who> outcome = [&]() -> Result<Who> {
    if (!call.caller)
      return error(Code::kUnauthenticated, "token_missing", "send a token or a client certificate");
    return call.caller;
  }();
  KW_OK(record_and_wait(house, call, status_of(outcome)));
  return outcome;
}

Status put_policy(House& house, Call& call, const ObjectName& name, std::string_view yaml,
                  const Wording<Done>& wording) {
  return change_access(house, call, "put", [&](store::Tx& tx) {
    keep(call, wording, Done{});
    return house.access.put_policy(tx, call.tenant, name, yaml);
  });
}

Status remove_policy(House& house, Call& call, const ObjectName& name,
                     const Wording<Done>& wording) {
  return change_access(house, call, "remove", [&](store::Tx& tx) {
    keep(call, wording, Done{});
    return house.access.remove_policy(tx, call.tenant, name);
  });
}

Result<std::vector<auth::Access::PolicyRecord>> list_policies(House& house, Call& call) {
  using Records = std::vector<auth::Access::PolicyRecord>;
  return consulted<Records>(house, call, [&]() -> Result<Records> {
    Records records;
    KW_OK(house.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(records, house.access.policies(reader, call.tenant));
      return ok();
    }));
    return records;
  });
}

Result<std::vector<auth::Approval>> list_approvals(House& house, Call& call,
                                                   std::optional<auth::ApprovalState> state,
                                                   int limit) {
  using Approvals = std::vector<auth::Approval>;
  return consulted<Approvals>(house, call, [&]() -> Result<Approvals> {
    Approvals found;
    KW_OK(house.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(found, house.approvals.list(reader, call.tenant, state, limit));
      return ok();
    }));
    return found;
  });
}

Result<auth::Approval> visible_approval(House& house, Call& call, const ApprovalId& id) {
  KW_OK(require_open(house));
  std::optional<auth::Approval> found;
  const Status read = house.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(found, house.approvals.show(reader, id));
    return ok();
  });
  if (found) call.tenant = found->tenant;
  KW_OK(authorise(house, call, {}));
  if (!read && read.error().code != Code::kNotFound) return read.error();
  if (!found) return not_found();
  return *std::move(found);
}

Result<auth::Approval> show_approval(House& house, Call& call, const ApprovalId& id) {
  auto found = visible_approval(house, call, id);
  KW_OK(record_and_wait(house, call, status_of(found)));
  return found;
}

Result<auth::Approval> vote(House& house, Call& call, const ApprovalId& id, Vote choice,
                            const Wording<auth::Approval>& wording) {
  return recorded<auth::Approval>(house, call, [&]() -> Result<auth::Approval> {
    KW_OK(visible_approval(house, call, id));
    std::optional<auth::Approval> after;
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_TRY(after, choice == Vote::kApprove
                        ? house.approvals.approve(change.tx, id, call.caller->name)
                        : house.approvals.reject(change.tx, id, call.caller->name));
      keep(call, wording, *after);
      audit::Event event = change.by;
      event.note = choice == Vote::kApprove ? "approve" : "reject";
      KW_OK(house.changes.append(change.tx, event));
      return pass_on_to_run(house, change, *after);
    }));
    house.rotation.engine.wake();
    return *std::move(after);
  });
}

}  // namespace kw::service
