// Secret ids: what a machine exchanges for short tokens. Kept as tokens are, but with a prefix of
// their own under the HMAC: no secret id is ever accepted as a bearer token, nor the other way
// round.
#include <algorithm>

#include "auth/access_state.h"
#include "auth/token_rows.h"

namespace kw::auth {

namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::seconds;

constexpr std::size_t kTextSize = 4 + 43;
constexpr seconds kTokenLife{3600};
constexpr seconds kTokenLifeLeast{60};

// One refusal for all reasons: it tells neither which roles nor which secrets there are.
Error refused() {
  return error(Code::kUnauthenticated, "secret_id_invalid",
               "the role and its secret do not belong together, or not any more");
}

bool is_good(const TokenRow& row, const ObjectName& role, std::string_view certificate,
             std::int64_t now) {
  const std::int64_t idle_max = duration_cast<microseconds>(seconds(row.idle_seconds)).count();
  const bool idle = idle_max > 0 && now - row.last_used_at >= idle_max;
  const bool bound = !row.certificate_sha256.empty() && row.certificate_sha256 != certificate;
  return row.principal == role.text() && row.revoked_at == 0 && now < row.expires_at && !idle &&
         !bound;
}

}  // namespace

Result<IssuedToken> Access::exchange_secret_id(store::Tx& tx, const ObjectName& role,
                                               std::string_view secret_id,
                                               std::string_view certificate_sha256_hex) {
  seal::Barrier& barrier = state_->barrier;
  KW_OK(state_->refuse_if_sealed());
  KW_TRY(const auto mac, barrier.token_hmac(as_bytes(secret_id.substr(0, kTextSize))));
  const bool formed = secret_id.size() == kTextSize && secret_id.starts_with(kSecretIdPrefix);
  KW_TRY(auto row, find_token(tx, barrier, mac));
  if (!row) check_no_row(barrier);
  const std::int64_t now = to_micros(state_->clock.wall());
  if (!formed || !row || !is_good(*row, role, certificate_sha256_hex, now)) return refused();
  row->last_used_at = now;
  KW_OK(update_token(tx, barrier, *row, row->epoch));
  const auto left = duration_cast<seconds>(microseconds(row->expires_at - now));
  const seconds life = std::max(kTokenLifeLeast, std::min(kTokenLife, left));
  NewToken wanted{role, life, seconds(0), row->certificate_sha256, false};
  auto issued = issue_token(tx, wanted);
  // A role that was disabled looks like one that there is not.
  if (!issued && issued.error().reason == "principal_disabled") return refused();
  return issued;
}

}  // namespace kw::auth
