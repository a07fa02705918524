#include "service/ceremonies.h"

#include "keys/ceremony_operations.h"

namespace kw::service {

namespace {

using rotation::Ceremony;
using rotation::CeremonyId;

std::string tenant_of(const Ceremony& ceremony) {
  return keys::CeremonyOperations::tenant_of(ceremony.operation, ceremony.object);
}

using Step = std::function<Result<Ceremony>(rotation::Change)>;

Result<Ceremony> change_ceremony(House& house, Call& call, const CeremonyId& id, const Step& step,
                                 const CeremonyWording& wording) {
  return recorded<Ceremony>(house, call, [&]() -> Result<Ceremony> {
    KW_OK(visible_ceremony(house, call, id));
    std::optional<Ceremony> after;
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_TRY(after, step({change.tx, change.by}));
      keep(call, wording, *after);
      return ok();
    }));
    return *std::move(after);
  });
}

}  // namespace

Result<Ceremony> open_ceremony(House& house, Call& call, const rotation::CeremonyRequest& request,
                               const CeremonyWording& wording) {
  return recorded<Ceremony>(house, call, [&]() -> Result<Ceremony> {
    const std::string tenant =
        keys::CeremonyOperations::tenant_of(request.operation, request.object);
    if (!call.tenant.empty() && call.tenant != tenant)
      return error(Code::kPermissionDenied, "outside_tenant",
                   "the operation is not about this tenant");
    KW_OK(authorise(house, call, {}));
    std::optional<Ceremony> opened;
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_TRY(opened, house.emergency.ceremonies.open({change.tx, change.by}, request));
      keep(call, wording, *opened);
      return ok();
    }));
    return *std::move(opened);
  });
}

Result<Ceremony> visible_ceremony(House& house, Call& call, const CeremonyId& id) {
  KW_OK(require_open(house));
  std::optional<Ceremony> found;
  const Status read = house.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(found, house.emergency.ceremonies.show(reader, id));
    return ok();
  });
  if (found) call.tenant = tenant_of(*found);
  KW_OK(authorise(house, call, {}));
  if (!read && read.error().code != Code::kNotFound) return read.error();
  if (!found) return not_found();
  return *std::move(found);
}

Result<Ceremony> show_ceremony(House& house, Call& call, const CeremonyId& id) {
  auto found = visible_ceremony(house, call, id);
  KW_OK(record_and_wait(house, call, status_of(found)));
  return found;
}

Result<std::vector<Ceremony>> list_ceremonies(House& house, Call& call, int limit) {
  using All = std::vector<Ceremony>;
  return consulted<All>(house, call, [&]() -> Result<All> {
    All found;
    KW_OK(house.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(found, house.emergency.ceremonies.list(reader, limit));
      return ok();
    }));
    std::erase_if(found, [&](const Ceremony& one) {
      return !call.tenant.empty() && tenant_of(one) != call.tenant;
    });
    return found;
  });
}

Result<Ceremony> acknowledge_ceremony(House& house, Call& call, const CeremonyId& id,
                                      std::string_view request_hash,
                                      const CeremonyWording& wording) {
  return change_ceremony(
      house, call, id,
      [&](rotation::Change change) {
        return house.emergency.ceremonies.acknowledge(change, id, request_hash);
      },
      wording);
}

Result<Ceremony> perform_ceremony(House& house, Call& call, const CeremonyId& id,
                                  const CeremonyWording& wording) {
  KW_TRY(Ceremony done, change_ceremony(
                            house, call, id,
                            [&](rotation::Change change) {
                              return house.emergency.ceremonies.perform(change, id);
                            },
                            wording));
  KW_OK(house.emergency.ceremony_performed(done));
  return done;
}

Result<Ceremony> cancel_ceremony(House& house, Call& call, const CeremonyId& id,
                                 const CeremonyWording& wording) {
  return change_ceremony(
      house, call, id,
      [&](rotation::Change change) { return house.emergency.ceremonies.cancel(change, id); },
      wording);
}

Result<std::string> ceremony_transcript(House& house, Call& call, const CeremonyId& id) {
  Result<std::string> outcome = [&]() -> Result<std::string> {
    KW_OK(visible_ceremony(house, call, id));
    return house.emergency.ceremonies.transcript(house.store, id);
  }();
  KW_OK(record_and_wait(house, call, status_of(outcome)));
  return outcome;
}

}  // namespace kw::service
