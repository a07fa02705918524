// The seal's ceremonies as operations: initialise, unseal, seal, change of shares. They work while
// sealed; each attempt leaves a leaf in the change log, refused ones too.
#pragma once

#include <optional>
#include <vector>

#include "service/gate.h"

namespace kw::service {

seal::SealStatus seal_status(const House& house);
/// @audit seal.init
Result<std::vector<seal::ShareText>> begin_init(House& house, Call& call, int shares,
                                                int threshold);
struct Verified {
  seal::ShareOutcome outcome;
  std::optional<auth::IssuedToken>
      first_token;  ///< for the principal `setup`, 1 h, when initialisation completed
};
/// @audit seal.verify
Result<Verified> verify_share(House& house, Call& call, std::string_view share);
/// @audit seal.unseal
Result<seal::SealStatus> unseal(House& house, Call& call, std::string_view share);
/// @audit seal.seal
Status seal_now(House& house, Call& call);
/// @audit seal.reseal; one approval
Result<seal::SealStatus> begin_reseal(House& house, Call& call, int shares, int threshold);
/// @audit seal.reseal-share
Result<seal::ShareOutcome> reseal_share(House& house, Call& call, std::string_view share);
/// @audit seal.reseal-verify
Result<seal::ShareOutcome> reseal_verify(House& house, Call& call, std::string_view share);

/// The principal of a development server and its token: all roles, 24 h.
Result<auth::IssuedToken> development_token(House& house);
/// A first tenant on a development server. @audit tenant.create
Status development_tenant(House& house, const std::string& name);

}  // namespace kw::service
