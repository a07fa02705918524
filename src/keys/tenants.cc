// Tenants: made once, never renamed.
#include <algorithm>

#include "audit/change_log.h"
#include "base/failpoint.h"
#include "keys/keyring_state.h"

namespace kw::keys {

namespace {

constexpr std::string_view kSystem = "system";

// Number 0 belongs to the platform's own tenant; the others count from 1 and are never reused,
// because tenants are not deleted.
Result<std::int64_t> number_for(store::Tx& tx, std::string_view name) {
  if (name == kSystem) return std::int64_t{0};
  KW_TRY(const auto row, tx.query_one("SELECT COALESCE(MAX(number), 0) FROM tenant", {}));
  return row->integer(0) + 1;
}

Status give_kek(store::Tx& tx, seal::Barrier& barrier, std::int64_t tenant) {
  KW_TRY(const auto keks, barrier.keks(tx, tenant));
  if (keks.empty()) KW_OK(barrier.create_kek(tx, tenant));
  return ok();
}

}  // namespace

Result<Tenant> Keyring::create_tenant(Change change, const TenantName& name) {
  const Foundations& on = state_->on;
  Tenant tenant;
  tenant.name = name.text();
  tenant.created_at = on.clock.wall();
  tenant.epoch = 1;
  KW_TRY(tenant.number, number_for(change.tx, tenant.name));
  KW_TRY(const bool written, rows::insert_tenant({change.tx, on.barrier}, tenant));
  if (!written) {
    return error(Code::kAlreadyExists, "already_exists", "a tenant with this name exists");
  }
  KW_FAILPOINT("keys.tenant.written");
  KW_OK(give_kek(change.tx, on.barrier, tenant.number));
  KW_FAILPOINT("keys.tenant.kek");
  audit::Event event = change.by;
  event.kind = "tenant";
  event.object = tenant.name;
  event.tenant = tenant.name;
  KW_OK(on.log.append(change.tx, event));
  return tenant;
}

Result<Tenant> Keyring::tenant(std::string_view name) {
  if (auto kept = state_->kept_tenant(name)) return *std::move(kept);
  const ForgetClock::Ticket ticket = state_->forgets.ticket();
  Tenant tenant;
  KW_OK(state_->on.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(tenant, state_->tenant(reader, name));
    return ok();
  }));
  if (!state_->forgets.all_forgotten_since(ticket)) state_->keep_tenant(tenant);
  return tenant;
}

Result<std::vector<Tenant>> Keyring::tenants(std::string_view after, int limit) {
  if (limit < 1 || limit > 1000) {
    return error(Code::kInvalidArgument, "bad_limit", "a limit is 1 to 1,000");
  }
  std::vector<Tenant> found;
  KW_OK(state_->on.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(found, rows::list_tenants({reader, state_->on.barrier}, after, limit));
    return ok();
  }));
  return found;
}

}  // namespace kw::keys
