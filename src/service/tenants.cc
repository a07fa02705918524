#include "service/tenants.h"

#include "service/rotation_runs.h"

namespace kw::service {

Result<keys::Tenant> create_tenant(House& house, Call& call, const TenantName& name,
                                   const Wording<keys::Tenant>& wording) {
  return recorded<keys::Tenant>(house, call, [&]() -> Result<keys::Tenant> {
    KW_OK(authorise(house, call, {}));
    std::optional<keys::Tenant> made;
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_TRY(made, house.keyring.create_tenant(change, name));
      keep(call, wording, *made);
      return ok();
    }));
    house.barrier.refresh_keks(made->number);
    return *std::move(made);
  });
}

Result<std::vector<keys::Tenant>> list_tenants(House& house, Call& call, std::string_view after,
                                               int limit) {
  return consulted<std::vector<keys::Tenant>>(house, call,
                                              [&] { return house.keyring.tenants(after, limit); });
}

Result<keys::Tenant> show_tenant(House& house, Call& call) {
  return consulted<keys::Tenant>(house, call, [&] { return house.keyring.tenant(call.tenant); });
}

Result<std::vector<seal::KekVersion>> list_keks(House& house, Call& call) {
  using Versions = std::vector<seal::KekVersion>;
  return consulted<Versions>(house, call, [&]() -> Result<Versions> {
    KW_TRY(const keys::Tenant tenant, house.keyring.tenant(call.tenant));
    Versions versions;
    KW_OK(house.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(versions, house.barrier.keks(reader, tenant.number));
      return ok();
    }));
    return versions;
  });
}

Result<keys::Job> rotate_kek(House& house, Call& call, const Wording<keys::Job>& wording) {
  return recorded<keys::Job>(house, call, [&]() -> Result<keys::Job> {
    KW_OK(require_open(house));
    KW_OK(authorise(house, call, {}));
    KW_TRY(const keys::Tenant tenant, house.keyring.tenant(call.tenant));
    std::optional<keys::Job> started;
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_OK(require_thawed(house, call, change.tx, {"kek", call.tenant, "kek"}));
      KW_OK(require_no_run(house, call, change.tx, {"kek", call.tenant, "kek"}));
      KW_TRY(started, house.kek_rotations.start(change, tenant));
      keep(call, wording, *started);
      return ok();
    }));
    house.barrier.refresh_keks(tenant.number);
    house.kek_rotations.kick(started->id);
    return *std::move(started);
  });
}

}  // namespace kw::service
