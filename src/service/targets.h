// Operations on targets: foreign systems that accept secrets.
#pragma once

#include "secrets/target.h"
#include "service/gate.h"

namespace kw::service {

/// @audit target.write, kind "target"
Result<secrets::Target> put_target(House& house, Call& call, const ObjectName& name,
                                   const secrets::Target& wanted,
                                   const Wording<secrets::Target>& wording);
Status remove_target(House& house, Call& call, const Wording<Done>& wording);
Result<secrets::Target> show_target(House& house, Call& call);
Result<std::vector<secrets::Target>> list_targets(House& house, Call& call, std::string_view after,
                                                  int limit);
/// Logs in and probes; takes seconds. @audit target.test
Result<secrets::TargetReport> test_target(House& house, Call& call);
/// Authorised and recorded; the connectors are fixed.
Result<const secrets::Connectors*> list_connectors(House& house, Call& call);

/// @errors those of secrets::Targets::bind and unbind. @audit secret.bind
Result<secrets::Secret> bind_secret(House& house, Call& call, std::string_view target,
                                    const secrets::Settings& account,
                                    const Wording<secrets::Secret>& wording);
Result<secrets::Secret> unbind_secret(House& house, Call& call,
                                      const Wording<secrets::Secret>& wording);

}  // namespace kw::service
