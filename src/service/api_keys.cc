#include "service/api_keys.h"

namespace kw::service {

namespace {

using secrets::ApiKey;
using secrets::IssuedApiKey;

template <typename T>
Result<T> changed(House& house, Call& call, const Wording<T>& wording,
                  const std::function<Result<T>(rotation::Change)>& body) {
  return recorded<T>(house, call, [&]() -> Result<T> {
    KW_OK(require_open(house));
    KW_OK(authorise(house, call, {}));
    std::optional<T> outcome;
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_TRY(T made, body({change.tx, change.by}));
      keep(call, wording, made);
      outcome.emplace(std::move(made));
      return ok();
    }));
    return *std::move(outcome);
  });
}

}  // namespace

Result<IssuedApiKey> issue_api_key(House& house, Call& call, const ObjectName& client,
                                   const ApiKeyTerms& terms) {
  return changed<IssuedApiKey>(house, call, {}, [&](rotation::Change change) {
    return house.api_keys.issue(change, call.tenant, client.text(), terms.lifetime);
  });
}

Result<IssuedApiKey> rotate_api_key(House& house, Call& call, const ObjectName& client,
                                    const ApiKeyTerms& terms) {
  return changed<IssuedApiKey>(house, call, {}, [&](rotation::Change change) {
    return house.api_keys.rotate(change, call.tenant, client.text(), terms.lifetime, terms.grace);
  });
}

Result<ApiKey> move_api_key(House& house, Call& call, const secrets::ApiKeyId& id,
                            secrets::ApiKeyState to, const Wording<ApiKey>& wording) {
  return changed<ApiKey>(house, call, wording, [&](rotation::Change change) {
    return house.api_keys.move(change, call.tenant, id, to);
  });
}

Result<std::optional<ApiKey>> verify_api_key(House& house, Call& call, ByteView text) {
  using Found = std::optional<ApiKey>;
  return consulted<Found>(house, call, [&]() -> Result<Found> {
    auto found = house.api_keys.verify(call.tenant, text);
    if (!found && found.error().reason != "api_key_refused") return found.error();
    call.note = found ? "accepted" : "refused";
    if (!found) return Found();
    call.object = found->client;
    return Found(*std::move(found));
  });
}

Result<std::vector<ApiKey>> list_api_keys(House& house, Call& call, std::string_view client) {
  using All = std::vector<ApiKey>;
  return consulted<All>(house, call,
                        [&]() -> Result<All> { return house.api_keys.list(call.tenant, client); });
}

}  // namespace kw::service
