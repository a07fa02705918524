#include "service/targets.h"

#include "service/secrets.h"

namespace kw::service {

namespace {

using secrets::Secret;
using secrets::Target;

}  // namespace

Result<Target> put_target(House& house, Call& call, const ObjectName& name, const Target& wanted,
                          const Wording<Target>& wording) {
  return recorded<Target>(house, call, [&]() -> Result<Target> {
    KW_OK(authorise(house, call, {}));
    std::optional<Target> made;
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_TRY(made, house.secrets.targets.put({change.tx, change.by}, call.tenant, name, wanted));
      keep(call, wording, *made);
      return ok();
    }));
    return *std::move(made);
  });
}

Status remove_target(House& house, Call& call, const Wording<Done>& wording) {
  const auto outcome = recorded<Done>(house, call, [&]() -> Result<Done> {
    KW_OK(authorise(house, call, {}));
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      keep(call, wording, Done{});
      return house.secrets.targets.remove({change.tx, change.by}, call.tenant, call.object);
    }));
    return Done{};
  });
  return status_of(outcome);
}

Result<Target> show_target(House& house, Call& call) {
  return consulted<Target>(house, call, [&]() -> Result<Target> {
    std::optional<Target> found;
    KW_OK(house.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(found, house.secrets.targets.show(reader, call.tenant, call.object));
      return ok();
    }));
    return *std::move(found);
  });
}

Result<std::vector<Target>> list_targets(House& house, Call& call, std::string_view after,
                                         int limit) {
  using All = std::vector<Target>;
  return consulted<All>(house, call, [&]() -> Result<All> {
    All all;
    KW_OK(house.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(all, house.secrets.targets.list(reader, call.tenant, after, limit));
      return ok();
    }));
    return all;
  });
}

Result<secrets::TargetReport> test_target(House& house, Call& call) {
  return consulted<secrets::TargetReport>(
      house, call, [&] { return house.secrets.targets.test(call.tenant, call.object); });
}

Result<const secrets::Connectors*> list_connectors(House& house, Call& call) {
  return consulted<const secrets::Connectors*>(
      house, call,
      [&]() -> Result<const secrets::Connectors*> { return &house.secrets.targets.connectors(); });
}

Result<Secret> bind_secret(House& house, Call& call, std::string_view target,
                           const secrets::Settings& account, const Wording<Secret>& wording) {
  return change_secret(
      house, call, {},
      [&](secrets::Change change, const Secret& current) {
        return house.secrets.targets.bind(change, current, target, account);
      },
      wording);
}

Result<Secret> unbind_secret(House& house, Call& call, const Wording<Secret>& wording) {
  return change_secret(
      house, call, {},
      [&](secrets::Change change, const Secret& current) {
        return house.secrets.targets.unbind(change, current);
      },
      wording);
}

}  // namespace kw::service
