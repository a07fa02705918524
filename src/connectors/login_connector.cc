#include "connectors/login_connector.h"

#include "connectors/credential_text.h"
#include "connectors/outcome.h"

namespace kw::connectors {

using secrets::Answer;
using secrets::Context;
using secrets::Credential;
using secrets::Observed;
using secrets::Place;
using secrets::Probe;

Result<Observed> LoginConnector::inspect(const Context& context, const Place& place,
                                         std::span<const Credential* const> known) {
  Observed seen;
  for (const Credential* each : known)
    seen.accepted.push_back(accepted_by(log_in(context, place, *each)));
  return seen;
}

Answer LoginConnector::test(const Context& context, const Place& place,
                            const Credential& credential, Probe probe) {
  if (probe != Probe::kNegative) return answer_of(works(context, place, credential, probe));
  const Credential wrong{credential.version, credential.principal, mutated(credential.secret)};
  return answer_of_negative(log_in(context, place, wrong));
}

Status LoginConnector::works(const Context& context, const Place& place,
                             const Credential& credential, Probe) const {
  return log_in(context, place, credential);
}

}  // namespace kw::connectors
