#include "service/leases.h"

namespace kw::service {

namespace {

using secrets::Lease;
using secrets::LeaseRole;

// Calls a target, so it has no transaction of its own; what it changes leaves its leaves.
template <typename T, typename Body>
Result<T> called(House& house, Call& call, const Body& body) {
  const std::string policy = house.access.policy_hash();
  return consulted<T>(house, call, [&]() -> Result<T> {
    audit::Event event = event_of(call);
    event.policy = policy;
    return body(event);
  });
}

// Somebody else's lease looks like none.
Status check_own(House& house, const Call& call, const secrets::LeaseId& id, bool officers) {
  std::optional<Lease> lease;
  const Status read = house.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(lease, house.secrets.leases.show(reader, id));
    return ok();
  });
  if (!read) return read.error().code == Code::kNotFound ? Status(not_found()) : read;
  const bool theirs = lease->caller == call.caller->name;
  const bool here = lease->tenant_name == call.tenant;
  if (here && (theirs || (officers && may(house, call, OperationId::lease_list)))) return ok();
  return not_found();
}

}  // namespace

Result<LeaseRole> put_lease_role(House& house, Call& call, const ObjectName& name,
                                 const LeaseRole& wanted, const Wording<LeaseRole>& wording) {
  return recorded<LeaseRole>(house, call, [&]() -> Result<LeaseRole> {
    KW_OK(authorise(house, call, {}));
    std::optional<LeaseRole> made;
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_TRY(made,
             house.secrets.leases.put_role({change.tx, change.by}, call.tenant, name, wanted));
      keep(call, wording, *made);
      return ok();
    }));
    return *std::move(made);
  });
}

Status remove_lease_role(House& house, Call& call, const Wording<Done>& wording) {
  const auto outcome = recorded<Done>(house, call, [&]() -> Result<Done> {
    KW_OK(authorise(house, call, {}));
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      keep(call, wording, Done{});
      return house.secrets.leases.remove_role({change.tx, change.by}, call.tenant, call.object);
    }));
    return Done{};
  });
  return status_of(outcome);
}

Result<LeaseRole> show_lease_role(House& house, Call& call) {
  return consulted<LeaseRole>(house, call, [&]() -> Result<LeaseRole> {
    std::optional<LeaseRole> found;
    KW_OK(house.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(found, house.secrets.leases.role(reader, call.tenant, call.object));
      return ok();
    }));
    return *std::move(found);
  });
}

Result<std::vector<LeaseRole>> list_lease_roles(House& house, Call& call) {
  using All = std::vector<LeaseRole>;
  return consulted<All>(house, call, [&]() -> Result<All> {
    All all;
    KW_OK(house.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(all, house.secrets.leases.roles(reader, call.tenant));
      return ok();
    }));
    return all;
  });
}

Result<secrets::Leases::Issued> issue_lease(House& house, Call& call,
                                            std::optional<secrets::Seconds> ttl) {
  return called<secrets::Leases::Issued>(house, call, [&](const audit::Event& by) {
    return house.secrets.leases.issue(by, call.tenant, call.object, call.caller->name, ttl);
  });
}

Result<std::vector<Lease>> list_leases(House& house, Call& call,
                                       const secrets::Leases::Filter& filter) {
  using All = std::vector<Lease>;
  return consulted<All>(house, call, [&]() -> Result<All> {
    All all;
    KW_OK(house.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(all, house.secrets.leases.list(reader, call.tenant, filter));
      return ok();
    }));
    return all;
  });
}

Result<Lease> renew_lease(House& house, Call& call, const secrets::LeaseId& id,
                          std::optional<secrets::Seconds> ttl) {
  return called<Lease>(house, call, [&](const audit::Event& by) -> Result<Lease> {
    KW_OK(check_own(house, call, id, false));
    return house.secrets.leases.renew(by, id, ttl);
  });
}

Result<Lease> revoke_lease(House& house, Call& call, const secrets::LeaseId& id) {
  return called<Lease>(house, call, [&](const audit::Event& by) -> Result<Lease> {
    KW_OK(check_own(house, call, id, true));
    return house.secrets.leases.revoke(by, id);
  });
}

}  // namespace kw::service
