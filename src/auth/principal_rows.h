// The table `principal`: one authenticated row per principal. Inside the room only.
#pragma once

#include <optional>

#include "auth/access.h"
#include "seal/barrier.h"
#include "store/store.h"

namespace kw::auth {

struct PrincipalRow {
  PrincipalRecord record;
  WallTime created_at;
};

/// The columns that read_principal expects, in order.
#define KW_PRINCIPAL_COLUMNS "name, grants, certificate_name, disabled, epoch, created_at, mac"

/// @errors kDataLoss(row_tampered)
Result<PrincipalRow> read_principal(seal::Barrier& barrier, const store::Row& row);
Result<std::optional<PrincipalRow>> find_principal(store::Reader& reader, seal::Barrier& barrier,
                                                   std::string_view name);
/// @errors kAlreadyExists(already_exists): the name in any spelling of case, or the certificate
/// name, is taken.
Status insert_principal(store::Tx& tx, seal::Barrier& barrier, const PrincipalRow& row);
/// Writes `row` over the row that still has epoch `expected`. @errors kAborted(stale_epoch)
Status replace_principal(store::Tx& tx, seal::Barrier& barrier, const PrincipalRow& row,
                         std::int64_t expected);

/// ASCII lower case: two names that fold alike cannot both exist, because people read them alike.
std::string folded(std::string_view name);
/// @errors kInvalidArgument(bad_grant)
Status check_grants(std::span<const Grant> grants);
/// "" or a lower-case DNS name or a URI. @errors kInvalidArgument(bad_certificate_name)
Status check_certificate_name(std::string_view name);

/// The number of the access change that runs in this transaction: 1, 2, 3 … in the order of
/// commits. The row lock on the counter makes changes of access wait for each other, so that no
/// reader ever sees number n without n - 1.
Result<std::int64_t> next_change(store::Tx& tx);

}  // namespace kw::auth
