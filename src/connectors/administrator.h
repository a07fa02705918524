// Who changes credentials at a target: its administrator, else the account itself.
#pragma once

#include <initializer_list>

#include "connectors/outcome.h"

namespace kw::connectors {

/// @param open  (const Credential&) -> Result<session>: logs in
/// @param selves  tried in their order when there is no administrator; may hold nullptr
/// @errors those of open, but kUnauthenticated(admin_refused)
template <typename Open>
auto as_administrator(const secrets::Place& place,
                      std::initializer_list<const secrets::Credential*> selves,
                      std::string_view what, const Open& open)
    -> decltype(open(std::declval<const secrets::Credential&>())) {
  if (place.admin != nullptr) {
    auto session = open(*place.admin);
    if (session) return session;
    return of_admin(session.error());
  }
  Error last = credential_refused(what, "nobody to log in as");
  for (const secrets::Credential* self : selves) {
    if (self == nullptr) continue;
    auto session = open(*self);
    if (session || session.error().code != Code::kUnauthenticated) return session;
    last = session.error();
  }
  return of_admin(last);
}

}  // namespace kw::connectors
